# ranker is bound to node 1 by numactl in its ExecStart and grows until the node is full; node 0 has
# room
# expect: membind-oom confirmed
# ci

service ranker '/usr/bin/numactl --membind=1 /usr/local/bin/ranker -r 60 700'
wait_for_kills 1
