# web executes an invalid opcode, and the kernel sends SIGILL
# expect: illegal-instruction confirmed

service web '/usr/local/bin/misbehave trap'
wait_for_ends web 3
