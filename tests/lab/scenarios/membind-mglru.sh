# ranker is bound to node 1; under MGLRU's min_ttl_ms kswapd1 has the kernel kill, and the kernel
# names no constraint
# expect: membind-oom likely|confirmed
# ci

echo y >/sys/kernel/mm/lru_gen/enabled
echo 1000 >/sys/kernel/mm/lru_gen/min_ttl_ms
service ranker '/usr/bin/numactl --membind=1 /usr/local/bin/ranker -r 60 700'
wait_for_kills 1
