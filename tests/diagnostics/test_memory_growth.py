"""memory-growth: growth that was seen, or two limits that were met; never a guess from sizes at
death.
"""

from __future__ import annotations

from diagnostics.model import Examined
from tests.diagnostics.kernel_logs import examine, membind_report, zone, zone_report
from tests.diagnostics.service_records import BOOT

CODE = "memory-growth"
ROW = "[    300]     0   300    90000    75000        0             0             0 job"
PROCESS = "Name:\t{comm}\nPid:\t388\nVmRSS:\t 300000 kB\n"


def memcg_kill(limit_kb: int, rss_kb: int, at_s: int, comm: str = "job") -> str:
    """A cgroup's kill at its limit."""
    lines = (
        f"{comm} invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0",
        f"memory: usage {limit_kb}kB, limit {limit_kb}kB, failcnt 10",
        (
            "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,"
            f"oom_memcg=/a,task_memcg=/a,task={comm},pid=300,uid=0"
        ),
        (
            f"Memory cgroup out of memory: Killed process 300 ({comm}) total-vm:9kB, "
            f"anon-rss:{rss_kb}kB, file-rss:0kB, shmem-rss:0kB, UID:0"
        ),
    )
    return "".join(f"kern  :warn  : [{at_s:5}.000000] {line}\n" for line in lines)


def growing(by_kb: int, comm: str = "job", log: str | None = None, row: str = "") -> Examined:
    """A machine that ran out of memory, and a process of this name that grew by so much in two
    seconds.
    """
    table = (
        "[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name",
        row or ROW,
    )
    box = BOOT + zone_report(*zone("Normal", 900, blocks="225*4kB (U)"), *table)
    growth = f"at:100.00\n388:300000\nat:102.00\n388:{300000 + by_kb}\n"
    return examine(
        log or box, processes=PROCESS.format(comm=comm), growth=growth, vmstat="oom_kill 1\n"
    )


def test_likely_where_the_victim_of_a_full_machine_grows_again() -> None:
    """The cause of the kill, with both sizes."""
    first, second = growing(60000).findings

    assert (first.code, str(first.confidence), second.code) == (CODE, "likely", "global-oom")
    assert "from 293 MiB to 352 MiB in 2.0 s (29 MiB a second)" in first.story[1]


def test_possible_where_two_limits_were_met() -> None:
    """The larger one, too, was filled."""
    host = examine(BOOT + memcg_kill(100000, 98000, 100) + memcg_kill(200000, 198000, 200))

    (finding,) = (finding for finding in host.findings if finding.code == CODE)
    assert str(finding.confidence) == "possible"  # it may need more than both, and no more
    assert (
        "at a limit of 98 MiB, holding 96 MiB, and at 195 MiB, holding 193 MiB" in finding.story[2]
    )


def test_never_from_constant_sizes_at_one_limit() -> None:
    """Three kills at 98 MiB say nothing of growth; nor do two programs at two limits."""
    assert CODE not in {
        f.code
        for f in examine(
            BOOT + "".join(memcg_kill(100000, 98000, at) for at in (100, 200, 300))
        ).findings
    }
    two = memcg_kill(100000, 98000, 100, "a") + memcg_kill(200000, 198000, 200, "b")
    assert CODE not in {finding.code for finding in examine(BOOT + two).findings}


def test_never_where_a_full_node_explains_the_death() -> None:
    """It grows again, until the node is full again."""
    host = growing(60000, log=BOOT + membind_report())

    assert [finding.code for finding in host.findings] == ["membind-oom"]
    assert "not known" in host.unknown[CODE]


def test_never_where_another_was_larger() -> None:
    """A small process may die for one that is protected."""
    host = growing(
        60000,
        row=(
            f"{ROW}\n[    301]     0   301    90000    95000        0             0             "
            "0 hog"
        ),
    )

    assert CODE in host.unknown


def test_cannot_tell_of_one_that_was_not_killed() -> None:
    """It may be starting."""
    assert "job, pid 388, grew from" in growing(60000, log=BOOT).unknown[CODE]
    assert "not known" in growing(60000, comm="web").unknown[CODE]


def test_stays_clear_of_a_steady_size() -> None:
    """Or of less than a program's ordinary work."""
    assert CODE in growing(0).clear
    assert CODE in growing(1000).clear


def test_cannot_tell_without_two_looks() -> None:
    """One size is no growth."""
    assert (
        CODE
        in examine(
            BOOT, growth="at:100.00\n388:300000\n", processes=PROCESS.format(comm="job")
        ).unknown
    )
