# loader is small and bound to node 1; store is not bound at all, but larger and there, so the
# kernel kills store for it
# expect: membind-oom confirmed
# ci

service store '/usr/bin/numactl --cpunodebind=1 /usr/local/bin/store 350'
wait_for_size store 350000
service loader '/usr/bin/numactl --membind=1 /usr/local/bin/loader -r 60 250'
wait_for_kills 1
