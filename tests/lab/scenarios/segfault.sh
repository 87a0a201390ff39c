# web writes to an address near 0, and the kernel sends SIGSEGV
# expect: segfault confirmed

service web '/usr/local/bin/misbehave null'
wait_for_ends web 3
