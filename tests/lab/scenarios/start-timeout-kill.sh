# web is Type=notify and never says that it is ready, so systemd ends it after TimeoutStartSec=2
# expect: start-timeout-kill confirmed

service web '/usr/local/bin/misbehave wait' 'Type=notify
TimeoutStartSec=2'
wait_for_ends web 2
