# web ignores SIGTERM; somebody restarts it, and systemd kills it after TimeoutStopSec=2
# expect: stop-timeout-kill confirmed

service web '/usr/local/bin/misbehave deaf' 'TimeoutStopSec=2'
sleep 2
systemctl restart web
