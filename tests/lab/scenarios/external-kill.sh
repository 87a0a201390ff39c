# somebody uses systemctl kill -s KILL on web
# expect: external-kill confirmed

service web '/usr/local/bin/misbehave wait'
sleep 2
systemctl kill -s KILL web
wait_for_ends web 1
