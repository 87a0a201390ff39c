# a user of the machine writes lines of an OOM kill to the kernel's log and to the journal; nothing
# was killed

head='ranker invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO),'
head="$head order=0, oom_score_adj=0"
summary='oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=1,cpuset=/,mems_allowed=0-1,'
summary="${summary}global_oom,task_memcg=/system.slice/ranker.service,task=ranker,pid=408,uid=0"
killed='Out of memory: Killed process 408 (ranker) total-vm:12288992kB, anon-rss:6309668kB,'
killed="$killed file-rss:12kB, shmem-rss:0kB, UID:0 pgtables:12388kB oom_score_adj:0"
for line in "$head" "$summary" "$killed"; do
    echo "<3>$line" >/dev/kmsg
    logger -t kernel -p kern.err "$line"
done
