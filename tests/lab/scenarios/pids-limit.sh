# web starts processes until TasksMax=5 is reached
# expect: pids-limit confirmed

service web '/usr/local/bin/misbehave fork' 'TasksMax=5'
wait_for 20 'dmesg | grep -q "fork rejected"'
