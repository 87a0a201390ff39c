"""hugepages-hold-node: a pool of huge pages held a large part of a node that ran full.

Fires when an OOM report's pool of huge pages on a node is at least a quarter of that node, which
was full. It explains the OOM kill beside it. `confirmed` where the lines are the kernel's own and a
second sign of the kills agrees, else `likely`; `possible` where the report is not complete.
Stays clear when no pool is that large. Cannot tell when the report's zones are lost.
Looks like, but is not: a process that is large; pages of the pool are in no process's RSS, used or
not.

Kernel: mm/hugetlb.c hugetlb_show_meminfo_node; Documentation/admin-guide/mm/hugetlbpage.rst.
"""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.facts.oom_report import OomReport
from diagnostics.memory.held_node import by_node, held, holder_finding, sum_of
from diagnostics.model import Outcome, Remedy

CODE = "hugepages-hold-node"
NAME = "huge pages"
HEADLINE = "huge pages hold much"
SAYS = "the pool of huge pages keeps it, whether it is used or not, and nobody else can have it."


def check(evidence: Evidence) -> Outcome:
    """One finding for each node, or why there is none."""
    found = held(evidence, _of_node, "a pool of huge pages")
    if not isinstance(found, tuple):
        return found
    return tuple(
        holder_finding(
            evidence,
            of_one,
            code=CODE,
            headline=HEADLINE,
            says=SAYS,
            remedy=_remedy(of_one[0].node),
        )
        for of_one in by_node(found)
    )


def _of_node(report: OomReport, node: int) -> int | None:
    return sum_of(report.hugepages, node)


def _remedy(node: int | None) -> Remedy:
    return Remedy(
        action="split-the-pool",
        says=(
            "Make the pool of that node smaller, or split it: "
            f"/sys/devices/system/node/node{node}/hugepages/*/nr_hugepages."
        ),
        because=(
            "A pool that is set for the whole machine (vm.nr_hugepages) is not always spread "
            "evenly over its nodes."
        ),
    )
