# web makes a system call that its SystemCallFilter= forbids
# expect: seccomp-kill confirmed

service web '/usr/local/bin/misbehave deaf' 'SystemCallFilter=~pause'
wait_for_ends web 2
