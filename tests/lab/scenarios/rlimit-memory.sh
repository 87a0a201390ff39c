# ranker wants 600 MiB under LimitAS=200M, says that it gets none, and exits, again and again
# expect: rlimit-memory likely
# expect: application-exit likely

service ranker '/usr/local/bin/ranker 600' 'LimitAS=200M'
wait_for_ends ranker 3
