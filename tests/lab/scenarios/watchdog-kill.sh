# web sends no keep-alive, and systemd aborts it after WatchdogSec=2
# expect: watchdog-kill confirmed

service web '/usr/local/bin/misbehave wait' 'WatchdogSec=2'
wait_for_ends web 2
