# web exits with status 3, again and again
# expect: application-exit likely

service web '/bin/sh -c "exit 3"'
wait_for_ends web 3
