"""cpuset-oom: a cpuset let a task use only some nodes, these ran full, and the kernel killed for
it.

Fires when a report names CONSTRAINT_CPUSET, or (before 5.0) its header allows only nodes that were
full while others had room. `likely` where the zones of each allowed node are at their watermarks,
`confirmed` where in addition the lines are the kernel's own and a second sign agrees.
Stays clear when something else ran out. Cannot tell when a kill has no report.
Looks like, but is not: a memory policy (numactl), which comes first where both apply. A cpuset is
set by systemd's AllowedMemoryNodes=, docker's --cpuset-mems, Kubernetes' Memory Manager or libvirt;
numactl cannot widen it.

Kernel: mm/oom_kill.c constrained_alloc; kernel/cgroup/cpuset.c.
"""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.facts.nodes import Nodes
from diagnostics.memory.kills import limited_by
from diagnostics.memory.launchers import Policy, widen_cpuset
from diagnostics.memory.limit import Kind
from diagnostics.memory.node_case import NodeCase, cases
from diagnostics.model import Finding, Outcome, Remedy
from diagnostics.node_list import say_nodes

CODE = "cpuset-oom"
NAME = "cpuset with full nodes"


def check(evidence: Evidence) -> Outcome:
    """One finding for each set of allowed nodes, or why there is none."""
    limited = limited_by(evidence, Kind.CPUSET)
    return (
        tuple(_finding(case) for case in cases(evidence, limited))
        if isinstance(limited, tuple)
        else limited
    )


def _finding(case: NodeCase) -> Finding:
    nodes = say_nodes(case.nodes)
    limit = f"memory of {nodes} only, since its cpuset allows no other"
    return case.finding(
        code=CODE,
        headline=f"cpuset OOM of {nodes}, widen cpuset.mems",
        limit=limit,
        remedies=(_widen(case),),
    )


def _widen(case: NodeCase) -> Remedy:
    nodes = case.evidence.get(Nodes)
    launcher = (
        widen_cpuset(case.unit(), nodes.by_number.keys()) if isinstance(nodes, Nodes) else None
    )
    where = launcher.says if launcher else "AllowedMemoryNodes=, --cpuset-mems or cpuset.mems"
    told = (
        ""
        if launcher
        else (
            " Which tool set the cpuset is not in what was collected; “cat /proc/PID/cpuset” "
            "and the container's settings tell."
        )
    )
    return Remedy(
        action="widen-cpuset",
        says=f"Allow the job more nodes: {where}.",
        edit=launcher.edit(Policy(None)) if launcher else None,
        because=f"A numactl policy cannot reach outside of its cpuset.{told}",
    )
