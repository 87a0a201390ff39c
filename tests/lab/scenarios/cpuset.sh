# ranker's cpuset allows node 1 only (AllowedMemoryNodes=1), and it grows until the node is full
# expect: cpuset-oom confirmed
# ci

service ranker '/usr/local/bin/ranker -r 60 700' 'AllowedMemoryNodes=1'
wait_for_kills 1
