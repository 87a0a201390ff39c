"""cpuset-oom: a cpuset is named by the kernel or, before 5.0, seen in the numbers."""

from __future__ import annotations

from diagnostics.memory.limit import Kind, Limit
from diagnostics.model import Confidence
from tests.diagnostics.kernel_logs import finding_of, limit, membind_report, zone, zone_report


def test_a_cpuset_is_named_with_its_nodes() -> None:
    """The kernel prints it; the nodes are the cpuset's, the numbers agree."""
    finding = finding_of(
        membind_report(constraint="CONSTRAINT_CPUSET,nodemask=(null)", mems_allowed="1"),
        vmstat="oom_kill 1\n",
    )

    assert (finding.code, finding.headline, finding.node) == (
        "cpuset-oom",
        "cpuset OOM of node 1, widen cpuset.mems",
        1,
    )
    assert finding.confidence is Confidence.CONFIRMED


def test_an_old_kernels_cpuset_is_seen_in_its_numbers() -> None:
    """Before 5.0 no constraint is printed: the header's nodes were full, another had room."""
    log = zone_report(*zone("Normal", 900, node=0), *zone("Normal", 90000, node=1), summary=None)
    log = log.replace("Mem-Info", "").replace(
        "CPU: 0 PID: 300",
        "job cpuset=small mems_allowed=0\nkern  :warn  : [  100.000000] CPU: 0 PID: 300",
    )

    assert limit(log) == Limit(Kind.CPUSET, frozenset({0}))


def test_an_old_kernels_cpuset_hides_the_other_nodes() -> None:
    """3.10 to 4.13: the header's nodes are the only ones that are shown, and the total says that
    more was free.
    """
    log = membind_report().replace("oom-kill:", "lost:")
    log = log.replace(
        "kern  :warn  : [  100.000000] CPU",
        (
            "kern  :warn  : [  100.000000] job cpuset=/jobs mems_allowed=1\nkern  :warn  : [  "
            "100.000000] CPU"
        ),
    )

    assert limit(log) == Limit(Kind.CPUSET, frozenset({1}))
