"""Reports out of lines: the text of 4.19 to 6.x by its shape."""

from __future__ import annotations

import pytest

from diagnostics.facts.log_lines import read_lines
from diagnostics.facts.oom_reader import read_reports
from diagnostics.facts.oom_report import MEMCG, MEMORY_POLICY, OomReport
from tests.diagnostics.kernel_logs import SEED, examine, membind_report, recorded

KERNEL_4_19 = """\
[   10.000000] job invoked oom-killer: gfp_mask=0x6200ca(GFP_HIGHUSER), nodemask=1, order=0
[   10.000100] job cpuset=/ mems_allowed=0-1
[   10.000200] CPU: 0 PID: 300 Comm: worker Not tainted 4.19.0 #1
[   10.000300] Out of memory: Kill process 300 (job) score 800 or sacrifice child
[   10.000400] Killed process 301 (child) total-vm:1000kB, anon-rss:800kB, file-rss:4kB
"""
KERNEL_4_19_MEMCG = """\
[   10.000000] job invoked oom-killer: gfp_mask=0x6000c0(GFP_KERNEL), nodemask=(null), order=0
[   10.000100] Task in /docker/abc killed as a result of limit of /docker
[   10.000200] memory: usage 102400kB, limit 102400kB, failcnt 21
[   10.000300] Memory cgroup out of memory: Kill process 300 (job) score 998 or sacrifice child
[   10.000400] Killed process 300 (job) total-vm:103388kB, anon-rss:101000kB, file-rss:4kB
"""


def reports_of(text: str) -> tuple[OomReport, ...]:
    return tuple(read_reports(read_lines(text)))


def test_every_incident_of_the_seed_is_read() -> None:
    """Seven reports, each with its asker, zones, table and victim."""
    reports = reports_of(recorded(SEED))

    assert [report.kills[0].task.pid for report in reports] == [388, 451, 452, 453, 456, 459, 460]
    assert all(
        report.invoker and report.zones and report.tasks and report.free_pages for report in reports
    )


def test_a_header_nodemask_is_a_memory_policy() -> None:
    """4.14 to 4.19 print the mask in the header and have no summary line; the victim may be a child
    of the one chosen.
    """
    (report,) = reports_of(KERNEL_4_19)

    assert (report.constraint, report.nodemask) == (MEMORY_POLICY, "1")
    assert report.kills[0].task.pid == 301


def test_a_header_nodemask_equal_to_mems_allowed_tells_nothing() -> None:
    """Kernel 4.9 prints mems_allowed in its place when there is no policy."""
    (report,) = reports_of(KERNEL_4_19.replace("nodemask=1,", "nodemask=0-1,"))

    assert report.constraint is None


def test_an_old_cgroup_kill_names_whose_limit() -> None:
    """Up to 4.19 a line of its own says so."""
    (report,) = reports_of(KERNEL_4_19_MEMCG)

    assert (report.constraint, report.memcg_limited, report.memcg_of_task) == (
        MEMCG,
        "/docker",
        "/docker/abc",
    )
    assert (report.memcg_usage_kb, report.memcg_limit_kb) == (102400, 102400)


def test_a_group_kill_counts_each_victim_once() -> None:
    """With memory.oom.group the chosen victim is printed twice, and its group with it."""
    kill = (
        "Memory cgroup out of memory: Killed process {pid} (job) total-vm:1kB, anon-rss:1kB, "
        "file-rss:0kB, shmem-rss:0kB, UID:0"
    )
    lines = [
        kill.format(pid=5),
        "Tasks in /x are going to be killed due to memory.oom.group set",
        kill.format(pid=5),
        kill.format(pid=6),
    ]

    (report,) = reports_of("".join(f"[    1.000000] {line}\n" for line in lines))

    assert [kill.task.pid for kill in report.kills] == [5, 6]


def test_a_bare_kill_is_a_report_of_its_own() -> None:
    """Rate limiting drops the report but never the kill line."""
    bare = (
        "[  101.000000] Out of memory: Killed process 999 (other) total-vm:1kB, anon-rss:1kB, "
        "file-rss:0kB, shmem-rss:0kB\n"
    )

    first, second = reports_of(membind_report() + bare)

    assert first.constraint == MEMORY_POLICY
    assert (second.constraint, second.kills[0].task.pid) == (None, 999)


@pytest.mark.parametrize(
    ("there", "retyped"),
    [
        ("total_vm      rss pgtables_bytes", "total_vm ables_bytes"),
        ("total_vm      rss pgtables_bytes", "total_vm     Vrss pgtables_bytes"),
        ("1556727  1556359", f"1556727  {'9' * 19}"),
        ("1556727  1556359", f"1556727  {'9' * 400}"),
        ("1556727  1556359", f"1556727  {'9' * 5000}"),
    ],
)
def test_a_table_that_is_half_retyped_costs_its_rows_and_not_the_verdict(
    there: str, retyped: str
) -> None:
    """A column that is gone or has another name, and a number that is none."""
    log = membind_report().replace(there, retyped)
    (report,) = reports_of(log)
    host = examine(log)

    assert retyped in log
    assert report.tasks == ()
    assert [finding.code for finding in host.findings] == ["membind-oom"]
    assert "membind-oom" not in host.unknown


def test_a_comm_with_parentheses_and_commas_is_kept() -> None:
    """A comm is any 15 bytes."""
    (report,) = reports_of(membind_report(comm="x) total,pid=1("))

    assert report.kills[0].task.comm == "x) total,pid=1("
    assert report.summary is not None
    assert report.summary.victim.comm == "x) total,pid=1("


def test_lines_that_the_kernel_did_not_write_are_no_report() -> None:
    """Root in a container may write these very words to /dev/kmsg: facility user gives it away."""
    assert reports_of(membind_report(prefix="user  :crit  : [  100.000000] ")) == ()
