"""tmpfs-holds-memory: files on a tmpfs, or shared memory, held a large part of a node that ran
full.

Fires when an OOM report's shmem on a node is at least a quarter of that node, which was full. It
explains the OOM kill beside it. `confirmed` where the lines are the kernel's own and a second sign
of the kills agrees, else `likely`; `possible` where the report is not complete.
Stays clear when no node has that much. Cannot tell when the report's zones are lost.
Looks like, but is not: memory of a process, which is gone when it dies; this stays until the files
or segments are removed.

Kernel: mm/shmem.c, mm/show_mem.c (shmem counts tmpfs, System V and anonymous shared memory).
"""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.facts.oom_report import OomReport
from diagnostics.memory.held_node import by_node, held, holder_finding, sum_of
from diagnostics.model import Outcome, Remedy

CODE = "tmpfs-holds-memory"
NAME = "tmpfs"
HEADLINE = "tmpfs or shared memory holds much"
SAYS = "files on a tmpfs and shared memory keep it, and it stays when processes die."
REMEDY = Remedy(
    action="free-tmpfs",
    says=(
        "Look for the files and segments (df -t tmpfs, du -x /dev/shm, ipcs -m), and remove "
        "what is not needed; size= limits a tmpfs."
    ),
    because=(
        "Memory of a tmpfs comes from the node of whoever wrote it, unless it is mounted "
        "with mpol=interleave."
    ),
)


def check(evidence: Evidence) -> Outcome:
    """One finding for each node, or why there is none."""
    found = held(evidence, _of_node, "tmpfs and shared memory")
    if not isinstance(found, tuple):
        return found
    return tuple(
        holder_finding(evidence, of_one, code=CODE, headline=HEADLINE, says=SAYS, remedy=REMEDY)
        for of_one in by_node(found)
    )


def _of_node(report: OomReport, node: int) -> int | None:
    return sum_of(report.shmem, node)
