"""membind-oom: a memory policy let a task use only some nodes, these ran full, and the kernel
killed for it.

Fires when a report names CONSTRAINT_MEMORY_POLICY (or, 4.14 to 4.19, a nodemask in its header). It
is `likely` where the zones of each allowed node are at their watermarks, and `confirmed` where in
addition the lines are the kernel's own and a second sign agrees.
Stays clear when every report is complete and names another constraint, with all nodes at their
watermarks or a cgroup's limit reached. Cannot tell when a kill has no report, or when a report says
CONSTRAINT_NONE while one node alone is short: MGLRU's min_ttl_ms does that, and with the victim's
binding seen on the host it is `likely`.
Looks like, but is not: a cpuset (CONSTRAINT_CPUSET); `global_oom` in the summary line, which only
means "not a cgroup".
The victim may be a bystander: the kernel kills the biggest task that may use the node. The one that
asked is then the culprit.

Kernel: mm/oom_kill.c constrained_alloc, oom_cpuset_eligible; mm/mempolicy.c
mempolicy_in_oom_domain.
"""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.memory import placement
from diagnostics.memory.job import same_job
from diagnostics.memory.kills import limited_by, short_of_one_node
from diagnostics.memory.limit import Kind
from diagnostics.memory.node_case import NodeCase, cases
from diagnostics.memory.numactl import find_membind
from diagnostics.model import Finding, Outcome
from diagnostics.node_list import parse_nodes, say_nodes

CODE = "membind-oom"
NAME = "bound to full nodes"


def check(evidence: Evidence) -> Outcome:
    """One finding for each set of bound nodes, or why there is none."""
    limited = limited_by(evidence, Kind.MEMORY_POLICY)
    unnamed = [
        case
        for case in cases(evidence, short_of_one_node(evidence), unnamed=True)
        if _is_bound(case)
    ]
    if isinstance(limited, tuple):
        return tuple(_finding(case) for case in (*cases(evidence, limited), *unnamed))
    return tuple(map(_finding, unnamed)) or limited


def _is_bound(case: NodeCase) -> bool:
    """Whether the victim's job is seen to be bound to these nodes: a live copy of it, or the
    launcher's flag.
    """
    victim, unit = case.kills[0].task, case.unit()
    if any(same_job(process.task, victim) for process in case.bound_processes()):
        return True
    membind = find_membind(unit.exec_start) if unit else None
    return membind is not None and parse_nodes(membind.nodes) == case.nodes


def _finding(case: NodeCase) -> Finding:
    plan = placement.plan(case)
    verdict = "suggest interleave" if plan.fits is not False else "interleave does not fit"
    live = tuple(process.citation for process in case.bound_processes() if process.citation)[:2]
    bound_by = (plan.citation,) if plan.citation and plan.citation not in live else ()
    nodes = say_nodes(case.nodes)
    limit = f"memory of {nodes} only, by a bind policy (numactl --membind sets one)"
    return case.finding(
        code=CODE,
        headline=f"membind OOM of {nodes}, {verdict}",
        limit=limit,
        remedies=plan.remedies,
        signs=(*live, *bound_by),
    )
