# systemd itself binds ranker to node 1 (NUMAPolicy=bind)
# expect: membind-oom confirmed
# ci

service ranker '/usr/local/bin/ranker -r 60 700' 'NUMAPolicy=bind
NUMAMask=1'
wait_for_kills 1
