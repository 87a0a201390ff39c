# somebody uses kill -9 on web; who it was is logged nowhere

service web '/usr/local/bin/misbehave wait'
sleep 2
kill -9 "$(systemctl show -P MainPID web)"
wait_for_ends web 1
