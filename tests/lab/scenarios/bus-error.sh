# web maps a file that is cut short while it is mapped, and touches what is gone
# expect: bus-error likely

service web '/usr/local/bin/misbehave truncated'
wait_for_ends web 3
