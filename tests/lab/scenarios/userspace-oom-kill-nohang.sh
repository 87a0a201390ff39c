# nohang ends ranker when less than half of the memory is free
# expect: userspace-oom-kill likely|confirmed

sed -i -e 's/^soft_threshold_min_mem.*/soft_threshold_min_mem = 50 %/' \
    -e 's/^hard_threshold_min_mem.*/hard_threshold_min_mem = 40 %/' /etc/nohang/nohang.conf
systemctl start nohang
service ranker '/usr/local/bin/ranker -r 40 800'
wait_for 120 "journalctl -b -u nohang | grep -q 'Sending SIG'"
