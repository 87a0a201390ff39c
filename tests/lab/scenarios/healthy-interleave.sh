# ranker takes more than one node holds from both of them, and lives
# ci

service ranker '/usr/bin/numactl --interleave=all /usr/local/bin/ranker 600'
wait_for_size ranker 600000
