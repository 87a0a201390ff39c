# files on a tmpfs hold more than half of node 1, so ranker, bound to it, finds it full early
# expect: tmpfs-holds-memory confirmed
# expect: membind-oom confirmed
# ci

mount -o remount,size=400M /dev/shm
numactl --membind=1 dd if=/dev/zero of=/dev/shm/cache bs=1M count=300 status=none
service ranker '/usr/bin/numactl --membind=1 /usr/local/bin/ranker -r 60 700'
wait_for_kills 1
