# a pool of huge pages that nobody uses takes half of node 1, so ranker, bound to it, finds it full
# early
# expect: hugepages-hold-node confirmed
# expect: membind-oom confirmed
# ci

echo 140 >/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages
service ranker '/usr/bin/numactl --membind=1 /usr/local/bin/ranker -r 60 700'
wait_for_kills 1
