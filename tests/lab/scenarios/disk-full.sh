# web writes to a file system that is full, and exits
# expect: disk-full likely
# expect: application-exit likely

truncate -s 8M /var/tmp/disk
mkfs.ext4 -q /var/tmp/disk
mkdir -p /srv/data
mount -o loop /var/tmp/disk /srv/data
service web '/bin/dd if=/dev/zero of=/srv/data/queue bs=64k'
wait_for_ends web 3
