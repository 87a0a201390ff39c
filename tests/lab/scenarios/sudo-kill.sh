# somebody uses sudo kill -9 on web
# expect: external-kill likely

service web '/usr/local/bin/misbehave wait'
sleep 2
sudo /usr/bin/kill -9 "$(systemctl show -P MainPID web)"
wait_for_ends web 1
