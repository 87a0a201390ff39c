# web writes to a file system that somebody froze, and waits for longer than the kernel has patience
# expect: hung-task confirmed

echo 5 > /proc/sys/kernel/hung_task_timeout_secs
truncate -s 8M /var/tmp/disk
mkfs.ext4 -q /var/tmp/disk
mkdir -p /srv/data
mount -o loop /var/tmp/disk /srv/data
fsfreeze -f /srv/data
service web '/bin/dd if=/dev/zero of=/srv/data/queue bs=64k count=1'
wait_for 60 'dmesg | grep -q "blocked for more than"'
