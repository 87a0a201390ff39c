# ranker is bound to node 1 and grows until it is full; then the clock is set three hours ahead
# expect: membind-oom confirmed

service ranker '/usr/bin/numactl --membind=1 /usr/local/bin/ranker -r 60 700'
wait_for_kills 1
date -s '+3 hours' >/dev/null
