"""What else a wise engineer looks at where nodes ran full: settings and limits that make it worse,
or that may be taken for the cause.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.evidence import Evidence
from diagnostics.facts.nodes import Nodes
from diagnostics.facts.processes import Process
from diagnostics.facts.settings import Settings
from diagnostics.facts.units import Unit, Units
from diagnostics.memory.numactl import find_membind
from diagnostics.model import MemoryPicture
from diagnostics.node_list import say_nodes
from diagnostics.sizes import human

MOVERS = {
    "kernel/numa_balancing": "NUMA balancing",
    "transparent_hugepage/enabled": "transparent huge pages",
    "lru_gen/enabled": "MGLRU",
}
_CPU_FLAGS = ("-N", "-C", "--cpunodebind", "--physcpubind", "--cpubind")


def say_surroundings(
    evidence: Evidence, unit: Unit | None, job: Process | None, memory: MemoryPicture | None
) -> tuple[str, ...]:
    """A sentence for each that applies; `job` is a live copy of what was killed."""
    limits = _of_limit(unit, memory) if unit and memory else ()
    return (
        *_of_kernel(evidence),
        *limits,
        *_of_flags(unit),
        *_of_regions(job),
        *_of_nodes(evidence),
    )


def _of_kernel(evidence: Evidence) -> Iterator[str]:
    settings, units = evidence.get(Settings), evidence.get(Units)
    numad = units.by_name.get("numad.service") if isinstance(units, Units) else None
    if numad and numad.properties.get("ActiveState") == "active":
        yield "numad runs here, and moves processes between nodes by itself."
    if not isinstance(settings, Settings):
        return
    if settings.is_on("vm/zone_reclaim_mode"):
        yield (
            "vm.zone_reclaim_mode is set: the kernel reclaims on a node before it uses "
            "another, so nodes run full early."
        )
    if settings.is_on("vm/oom_kill_allocating_task"):
        yield (
            "vm.oom_kill_allocating_task is set: the kernel kills whoever asked, which need "
            "not be the largest."
        )
    on = [
        says
        for name, says in MOVERS.items()
        if settings.is_on(name) or "[always]" in settings.values.get(name, "")
    ]
    if on:
        yield (
            f"These move, join or age pages by themselves: {', '.join(on)}. They stay within "
            "what policies allow."
        )


def _of_limit(unit: Unit, memory: MemoryPicture) -> Iterator[str]:
    """A limit that the nodes cannot give is none."""
    limit = unit.properties.get("MemoryMax", "")
    sizes = [node.managed_kb for node in memory.nodes.values()]
    total_kb = sum(size for size in sizes if size is not None)
    if (
        limit.isascii()
        and limit.isdigit()
        and None not in sizes
        and total_kb < int(limit) // 1024 < 1 << 52
    ):
        yield (
            f"MemoryMax= is {human(int(limit) // 1024)}, and these nodes have "
            f"{human(total_kb)}: they are full before it is reached."
        )


def _of_flags(unit: Unit | None) -> Iterator[str]:
    if unit is None or find_membind(unit.exec_start) is not None:
        return
    if any(
        word.startswith(_CPU_FLAGS) for word in unit.exec_start if "numactl" in unit.exec_start[0]
    ):
        yield "Its numactl flags bind CPUs only; what binds its memory is something else."


def _of_regions(job: Process | None) -> Iterator[str]:
    """A program may bind single regions by mbind(2), and no launcher can undo that."""
    if job is None or job.bound_to is not None:
        return
    bound = {
        policy: sum(kb.values())
        for policy, kb in job.by_policy.items()
        if policy.startswith("bind")
    }
    if bound:
        policy = max(bound, key=lambda name: bound[name])
        yield (
            f"Only parts of its memory are bound ({human(bound[policy])} under {policy}): the "
            "program does so itself, by mbind."
        )


def _of_nodes(evidence: Evidence) -> Iterator[str]:
    nodes = evidence.get(Nodes)
    slow = nodes.without_cpus if isinstance(nodes, Nodes) else frozenset[int]()
    if slow:
        yield (
            f"There is memory without CPUs ({say_nodes(slow)}), as of CXL: interleaving over "
            "all nodes uses it, too, and it is slower."
        )
