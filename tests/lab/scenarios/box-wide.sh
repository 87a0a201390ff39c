# ranker is not limited and uses up both nodes; it is not started again
# expect: global-oom likely|confirmed
# ci

echo y >/sys/kernel/mm/lru_gen/enabled
echo 1000 >/sys/kernel/mm/lru_gen/min_ttl_ms
service ranker '/usr/local/bin/ranker -r 60 1300' 'Restart=no'
wait_for_kills 1
