# a process whose name reads like the kernel's own words is bound to node 1 and grows until it is
# full
# expect: membind-oom confirmed

name='x) anon-rss:1kB'
ln -s holdmem "/usr/local/bin/$name"
service ranker "/usr/bin/numactl --membind=1 \"/usr/local/bin/$name\" -r 60 700"
wait_for_kills 1
