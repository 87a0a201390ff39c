# ranker binds itself to node 1 by set_mempolicy(2); nothing in its unit says so
# expect: membind-oom confirmed
# ci

service ranker '/usr/local/bin/ranker -b 1 -r 60 700'
wait_for_kills 1
