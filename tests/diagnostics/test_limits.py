"""What ran out: cpuset, the whole machine, low memory, adjacent pages; and each kill has one limit only."""

from __future__ import annotations

import pytest

from diagnostics.facts.log_lines import read_lines
from diagnostics.facts.oom_reader import read_reports
from diagnostics.limit import Kind, Limit, limit_of
from diagnostics.model import Confidence, Finding
from tests.diagnostics.kernel_logs import LOGS, examine, membind_report, recorded

KILL = "Out of memory: Killed process 300 (job) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB, UID:0"
NO_CONSTRAINT = "oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/,task=job,pid=300,uid=0"


def report(*zones: str, order: int = 0, gfp: str = "0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_ZERO)", summary: str | None = NO_CONSTRAINT) -> str:
    """A report with these zone, reserve and buddy lines."""
    lines = [f"job invoked oom-killer: gfp_mask={gfp}, order={order}, oom_score_adj=0", "CPU: 0 PID: 300 Comm: job Not tainted 6.1.0 #1"]
    lines += [*zones, *([summary] if summary else []), KILL]
    return "".join(f"kern  :warn  : [  100.000000] {line}\n" for line in lines)


def zone(name: str, free_kb: int, node: int = 0, reserve: int = 0, blocks: str = "") -> tuple[str, ...]:
    buddy = (f"Node {node} {name}: {blocks} = {free_kb}kB",) if blocks else ()
    watermarks = "min:1000kB low:1250kB high:1500kB"
    return (f"Node {node} {name} free:{free_kb}kB {watermarks} managed:900000kB", f"lowmem_reserve[]: 0 {reserve} {reserve}", *buddy)


def limit(log: str) -> Limit:
    (only,) = read_reports(read_lines(log))
    return limit_of(only)


def finding_of(log: str, **sections: str) -> Finding:
    (finding,) = examine(log, **sections).findings
    return finding


def test_a_cpuset_is_named_with_its_nodes() -> None:
    """The kernel prints it; the nodes are the cpuset's, the numbers agree."""
    finding = finding_of(membind_report(constraint="CONSTRAINT_CPUSET,nodemask=(null)", mems_allowed="1"), vmstat="oom_kill 1\n")

    assert (finding.code, finding.headline, finding.node) == ("cpuset-oom", "cpuset OOM of node 1, widen cpuset.mems", 1)
    assert finding.confidence is Confidence.CONFIRMED


def test_an_old_kernels_cpuset_is_seen_in_its_numbers() -> None:
    """Before 5.0 no constraint is printed: the header's nodes were full, another had room."""
    log = report(*zone("Normal", 900, node=0), *zone("Normal", 90000, node=1), summary=None)
    log = log.replace("Mem-Info", "").replace(
        "CPU: 0 PID: 300", "job cpuset=small mems_allowed=0\nkern  :warn  : [  100.000000] CPU: 0 PID: 300"
    )

    assert limit(log) == Limit(Kind.CPUSET, frozenset({0}))


def test_the_whole_machine_is_full_when_every_zone_is() -> None:
    """Two nodes, each at its watermark, and no constraint."""
    finding = finding_of(recorded("5.10-K-membind-both.txt"))

    assert (finding.code, finding.headline) == ("global-oom", "OOM of the whole machine")


def test_a_reserve_is_no_room() -> None:
    """Node 0's DMA zone looks free, but its lowmem_reserve keeps it from the request."""
    log = report(*zone("DMA", 4484, reserve=951), *zone("Normal", 900))

    assert limit(log).kind is Kind.GLOBAL


def test_room_on_one_node_is_never_box_wide() -> None:
    """MGLRU prints CONSTRAINT_NONE for a single node."""
    assert limit(report(*zone("Normal", 900, node=0), *zone("Normal", 90000, node=1))).kind is Kind.UNKNOWN
    assert examine(recorded("6.1-mglru-membind.txt")).findings == ()


def test_a_kernel_object_cannot_lie_in_highmem() -> None:
    """32 bits: Normal is full, HighMem is not, the request is GFP_KERNEL."""
    zones = (*zone("Normal", 900), *zone("HighMem", 500000))

    finding = finding_of(report(*zones, gfp="0xcc0(GFP_KERNEL)"))
    assert (finding.code, finding.headline) == ("lowmem-oom", "OOM of low memory")
    assert limit(report(*zones)).kind is Kind.UNKNOWN  # a user's page could have lain there


def test_adjacent_pages_ran_out_while_enough_was_free() -> None:
    """Order 3, and no block of 32 kB or more."""
    log = report(*zone("Normal", 80000, blocks="20000*4kB (UM) 0*8kB 0*16kB 0*32kB 0*64kB"), order=3)

    finding = finding_of(log)
    assert (finding.code, finding.headline) == ("fragmentation-oom", "OOM for lack of adjacent pages")
    assert "needed 8 adjacent pages" in finding.story[1]


def test_a_block_that_was_there_is_no_fragmentation() -> None:
    """Then why it failed is not in the report."""
    assert limit(report(*zone("Normal", 80000, blocks="19000*4kB (UM) 0*8kB 0*16kB 100*32kB 0*64kB"), order=3)).kind is Kind.UNKNOWN


def test_a_kill_by_hand_is_told_as_that() -> None:
    """sysrq-f has order -1; memory need not be short."""
    finding = finding_of(report(*zone("Normal", 500000), order=-1))

    assert finding.headline == "OOM kill asked for by hand (sysrq-f)"


def test_an_unknown_constraint_is_kept_and_shown() -> None:
    """A BPF policy may print its own."""
    host = examine(membind_report(constraint="CONSTRAINT_BPF_PSI_MEM,nodemask=(null)"))

    assert host.findings == ()
    assert "CONSTRAINT_BPF_PSI_MEM" in host.unknown["membind-oom"]


@pytest.mark.parametrize("log", sorted(path.name for path in LOGS.glob("*.txt")))
def test_no_kill_is_claimed_twice(log: str) -> None:
    """Each kill has one limit."""
    claimed = [kill.task.pid for finding in examine(recorded(log)).findings for kill in finding.kills]

    assert len(claimed) == len(set(claimed))
