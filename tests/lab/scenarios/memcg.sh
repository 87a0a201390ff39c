# ranker reaches its own MemoryMax=100M; the machine has room on both nodes
# expect: memcg-oom confirmed
# ci

service ranker '/usr/local/bin/ranker -r 60 300' 'MemoryMax=100M'
wait_for_kills 1
