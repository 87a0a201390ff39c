# web calls abort(3)
# expect: abort likely

service web '/usr/local/bin/misbehave abort'
wait_for_ends web 3
