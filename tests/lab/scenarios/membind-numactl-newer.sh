# ranker is bound to node 1 by numactl in its ExecStart, on a newer kernel
# expect: membind-oom confirmed
# kernel: 6.12
# ci

service ranker '/usr/bin/numactl --membind=1 /usr/local/bin/ranker -r 60 700'
wait_for_kills 1
