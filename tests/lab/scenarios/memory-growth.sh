# ranker reaches MemoryMax=100M, somebody raises it to 200M, and it reaches that, too
# expect: memory-growth possible
# expect: memcg-oom confirmed

service ranker '/usr/local/bin/ranker -r 60 400' 'MemoryMax=100M'
wait_for_kills 1
systemctl set-property --runtime ranker MemoryMax=200M
wait_for 120 "dmesg | grep -Eq 'anon-rss:(1[5-9]|20)[0-9]{4}kB'"
