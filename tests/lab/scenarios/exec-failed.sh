# the program that web's ExecStart names is not there
# expect: exec-failed confirmed

service web /usr/local/bin/no-such-program
wait_for_ends web 2
