# a queue of messages holds 300 MiB of node 1 as slab, so ranker, bound to it, finds it full early
# expect: slab-growth confirmed
# expect: membind-oom confirmed

sysctl -q kernel.msgmax=65536 kernel.msgmnb=1000000000
numactl --membind=1 misbehave queue 300
service ranker '/usr/bin/numactl --membind=1 /usr/local/bin/ranker -r 60 700'
wait_for_kills 1
