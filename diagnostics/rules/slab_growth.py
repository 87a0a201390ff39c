"""slab-growth: the kernel's own objects held a large part of the memory that ran out.

Fires when an OOM report of the whole machine counts at least a quarter of its memory as slab that
cannot be reclaimed; or, where the report is of some nodes, when one of them holds that much of it
now, since slab outlives the kill. It explains the OOM kill beside it. `confirmed` where the lines
are the kernel's own and a second sign of the kills agrees, else `likely`; `possible` where the
report is not complete.
Stays clear when no report counts that much. Cannot tell when the report's numbers are lost.
Looks like, but is not: a process that is large; these objects are in no process's RSS.

Kernel: mm/page_alloc.c show_free_areas (slab_unreclaimable); mm/slab_common.c
dump_unreclaimable_slab; slabtop(1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_log import SourcedReport
from diagnostics.facts.nodes import Node, Nodes
from diagnostics.memory.held_node import Held, by_node, held_in, held_of, holder_finding
from diagnostics.memory.node_memory import shown_nodes
from diagnostics.model import Outcome, Remedy

CODE = "slab-growth"
NAME = "kernel's own memory"
HEADLINE = "the kernel's own objects hold much"
SAYS = (
    "the kernel's own objects (slab) that cannot be reclaimed. They belong to no process, and "
    "stay when one is killed."
)
REMEDY = Remedy(
    action="find-the-slab",
    says=(
        "“slabtop -o -s c” names the kind of object: dentry and inode (files), sock "
        "(connections), kmalloc (drivers, “ipcs -q”)."
    ),
    because="No limit on processes helps: what holds it must be closed, or the kernel mended.",
)


def check(evidence: Evidence) -> Outcome:
    """One finding for each node, or for the machine, or why there is none."""
    nodes = evidence.get(Nodes)
    live = nodes.by_number if isinstance(nodes, Nodes) else {}
    found = held_in(evidence, lambda sourced: _of_report(sourced, live), "unreclaimable slab")
    if not isinstance(found, tuple):
        return found
    return tuple(
        holder_finding(evidence, of_one, code=CODE, headline=HEADLINE, says=SAYS, remedy=REMEDY)
        for of_one in by_node(found)
    )


def _of_report(sourced: SourcedReport, live: Mapping[int, Node]) -> Iterator[Held | None]:
    """A report counts slab on all nodes together. Where it is about some nodes only, what these
    hold now tells their part of it.
    """
    report = sourced.report
    if report.hard_slab_pages is None or report.page_kb is None:
        return
    total_kb = report.hard_slab_pages * report.page_kb
    if report.nodemask is None:
        yield held_of(sourced, None, total_kb)
        return
    for node in sorted(shown_nodes(report)):
        now_kb = live[node].hard_slab_kb if node in live else None
        yield held_of(sourced, node, min(now_kb, total_kb)) if now_kb is not None else None
