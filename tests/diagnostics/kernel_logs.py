"""Kernel logs for tests: recorded ones by name, and a report made to measure."""

from __future__ import annotations

from pathlib import Path

from diagnostics.bundle import Bundle, Section
from diagnostics.facts.log_lines import read_lines
from diagnostics.facts.oom_reader import read_reports
from diagnostics.memory.limit import Limit, limit_of
from diagnostics.model import Examined, Finding
from tests.examined import examined

LOGS = Path(__file__).parent.parent / "logs"
SEED = "membind-16g-6.1-dmesg.txt"


def recorded(name: str) -> str:
    return (LOGS / name).read_text(encoding="utf-8")


ONE_LINE = "kern  :info  : [86400.000000] eth0: link up\n"  # of a log that does not go back to boot


def bundle_of(log: str, **sections: str) -> Bundle:
    """A bundle with this kernel log, and other sections by name (`_` for `-`)."""
    texts = {"kernel-log": log, **{name.replace("_", "-"): text for name, text in sections.items()}}
    return Bundle(host=None, sections={name: Section(name, text) for name, text in texts.items()})


def examine(log: str, **sections: str) -> Examined:
    return examined(bundle_of(log, **sections))


def membind_report(
    *,
    pid: int = 300,
    comm: str = "job",
    asker: tuple[str, int] | None = None,
    prefix: str = "kern  :warn  : [  100.000000] ",
    constraint: str = "CONSTRAINT_MEMORY_POLICY,nodemask=1",
    mems_allowed: str = "0-1",
    node_free_kb: int = 40000,
    total_free_pages: int = 1000000,
    task_memcg: str = "/system.slice/job.service",
    node_lines: tuple[str, ...] = (),
) -> str:
    """A whole report in the text of 5.0 and later, with one bound node that is full unless told
    otherwise.
    """
    invoker, invoker_pid = asker or (comm, pid)
    rows = {pid: comm, invoker_pid: invoker}
    lines = [
        (
            f"{invoker} invoked oom-killer: "
            "gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO), order=0, "
            "oom_score_adj=0"
        ),
        f"CPU: 0 PID: {invoker_pid} Comm: {invoker} Not tainted 6.1.0 #1",
        "Mem-Info:",
        "active_anon:48 inactive_anon:2034238 isolated_anon:0",
        f" free:{total_free_pages} free_pcp:66 free_cma:0",
        (
            f"Node 1 Normal free:{node_free_kb}kB boost:0kB min:45160kB low:56448kB "
            "high:67736kB present:8388608kB managed:8222888kB"
        ),
        "lowmem_reserve[]: 0 0 0 0 0",
        *node_lines,
        f"Node 1 Normal: 91*4kB (UE) 234*8kB (UME) = {node_free_kb}kB",
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
        *(
            f"[{row:7}]     0 {row:5}  1556727  1556359 12513280        0             0 {name}"
            for row, name in rows.items()
        ),
        (
            f"oom-kill:constraint={constraint},cpuset=/,mems_allowed={mems_allowed},global_oom,"
            f"task_memcg={task_memcg},task={comm},pid={pid},uid=0"
        ),
        (
            f"Out of memory: Killed process {pid} ({comm}) total-vm:6226908kB, "
            "anon-rss:6224784kB, file-rss:652kB, shmem-rss:0kB, UID:0"
        ),
    ]
    return "".join(f"{prefix}{line}\n" for line in lines)


KILL = (
    "Out of memory: Killed process 300 (job) total-vm:1kB, anon-rss:1kB, file-rss:0kB, "
    "shmem-rss:0kB, UID:0"
)
NO_CONSTRAINT = (
    "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,"
    "task_memcg=/,task=job,pid=300,uid=0"
)


def zone_report(
    *zones: str,
    order: int = 0,
    gfp: str = "0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO)",
    summary: str | None = NO_CONSTRAINT,
) -> str:
    """A report with these zone, reserve and buddy lines, and no constraint unless told
    otherwise.
    """
    lines = [
        f"job invoked oom-killer: gfp_mask={gfp}, order={order}, oom_score_adj=0",
        "CPU: 0 PID: 300 Comm: job Not tainted 6.1.0 #1",
    ]
    lines += [*zones, *([summary] if summary else []), KILL]
    return "".join(f"kern  :warn  : [  100.000000] {line}\n" for line in lines)


def zone(
    name: str, free_kb: int, node: int = 0, reserve: int = 0, blocks: str = ""
) -> tuple[str, ...]:
    """A zone's lines, to be given to `zone_report`."""
    buddy = (f"Node {node} {name}: {blocks} = {free_kb}kB",) if blocks else ()
    watermarks = "min:1000kB low:1250kB high:1500kB"
    return (
        f"Node {node} {name} free:{free_kb}kB {watermarks} managed:900000kB",
        f"lowmem_reserve[]: 0 {reserve} {reserve}",
        *buddy,
    )


def node_sections(
    *free_kb: int, total_kb: tuple[int, ...] = (8222888, 8222888), page_kb: int = 4
) -> dict[str, str]:
    """The sections that tell of node 0, 1, ...: what is free and how large each is; watermarks are
    0 pages.
    """
    nodes = tuple(enumerate(zip(free_kb, total_kb, strict=True)))
    zones = (
        f"Node {n}, zone   Normal\n        high     0\n        managed  {total // page_kb}\n"
        for n, (_, total) in nodes
    )
    return {
        "node_meminfo": "".join(
            f"Node {n} MemTotal: {total} kB\nNode {n} MemFree: {free} kB\n"
            for n, (free, total) in nodes
        ),
        "zoneinfo": "".join(zones),
    }


def limit(log: str) -> Limit:
    """What limited the only report of a log."""
    (only,) = read_reports(read_lines(log))
    return limit_of(only)


def finding_of(log: str, **sections: str) -> Finding:
    """The only finding."""
    (finding,) = examine(log, **sections).findings
    return finding
