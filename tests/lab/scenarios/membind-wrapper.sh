# ranker is bound to node 1 by numactl in the script that its ExecStart names
# expect: membind-oom confirmed
# ci

printf '#!/bin/sh\nexec numactl -m 1 /usr/local/bin/ranker -r 60 700\n' >/usr/local/bin/start-ranker
chmod 755 /usr/local/bin/start-ranker
service ranker /usr/local/bin/start-ranker
wait_for_kills 1
