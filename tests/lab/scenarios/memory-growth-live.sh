# ranker is not limited, uses up both nodes, is killed, and grows again
# expect: memory-growth likely
# expect: global-oom likely|confirmed

echo y >/sys/kernel/mm/lru_gen/enabled
echo 1000 >/sys/kernel/mm/lru_gen/min_ttl_ms
service ranker '/usr/local/bin/ranker -r 20 1300'
wait_for_kills 1
wait_for_size ranker 40000
