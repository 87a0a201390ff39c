# web is to be bound to node 7, which this machine does not have
# expect: numa-node-missing confirmed
# expect: application-exit likely

service web '/usr/bin/numactl --membind=7 /usr/local/bin/web 10'
wait_for_ends web 3
