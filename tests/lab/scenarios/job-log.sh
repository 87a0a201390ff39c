# a job runner of somebody's own logs to a file that its job ended on signal 9; the kernel's OOM
# killer did that, for MemoryMax=100M
# expect: memcg-oom confirmed

mkdir -p /etc/sevbot/logs /var/log/runner
ln -s /var/log/runner/jobs.log /etc/sevbot/logs/jobs.log
ln -s holdmem /usr/local/bin/ranker
cat >/usr/local/bin/runner <<'RUNNER'
#!/bin/sh
/usr/local/bin/ranker -r 60 300
echo "$(date -Is) job ranker exited on signal $(($? - 128))" >>/var/log/runner/jobs.log
sleep 600
RUNNER
chmod +x /usr/local/bin/runner
service jobs /usr/local/bin/runner 'MemoryMax=100M
OOMPolicy=continue'
wait_for 60 "grep -q 'signal 9' /var/log/runner/jobs.log"
