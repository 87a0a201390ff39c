# cache holds 1.8 GiB of node 1, and ranker, bound to the same node, grows until it is full at about
# 6 GiB; node 0 has 7.7 GiB free
# expect: membind-oom confirmed
# node: 8192

service cache '/usr/bin/numactl --membind=1 /usr/local/bin/cache 1800'
wait_for_size cache 1800000
service ranker '/usr/bin/numactl --membind=1 /usr/local/bin/ranker 12000'
wait_for 240 "[ \$(kills) -ge 1 ]"
