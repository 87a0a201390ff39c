# web uses up the second of CPU time that LimitCPU= allows
# expect: cpu-limit-kill likely

service web '/usr/local/bin/misbehave spin' 'LimitCPU=1:3'
wait_for_ends web 2
