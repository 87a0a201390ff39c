# earlyoom ends ranker when less than 60 % of the memory is free
# expect: userspace-oom-kill likely|confirmed

echo 'EARLYOOM_ARGS="-m 60,50 -r 0"' >/etc/default/earlyoom
systemctl start earlyoom
service ranker '/usr/local/bin/ranker -r 60 800'
wait_for 120 "journalctl -b -u earlyoom | grep -q 'sending SIG'"
