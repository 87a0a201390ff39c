"""The bound nodes at the moment of the kill: what was free there and elsewhere, and who held the
rest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from diagnostics.bundle import Missing
from diagnostics.evidence import Evidence
from diagnostics.facts.oom_report import OomReport
from diagnostics.facts.processes import Processes
from diagnostics.memory.job import same_job
from diagnostics.memory.kills import say_task
from diagnostics.memory.node_memory import free_elsewhere_kb, shown_nodes, zones_of
from diagnostics.model import Holder, MemoryPicture, NodeMemory, Task
from diagnostics.sizes import human

WORTH_NAMING_SHARE = 0.01  # a holder of less than this share of the node explains nothing
NAMED_HOLDERS = 4


def picture(evidence: Evidence, report: OomReport, nodes: Collection[int]) -> MemoryPicture | None:
    """The nodes as the report shows them, or None where it lost their zone lines."""
    if not set(nodes) <= shown_nodes(report):
        return None
    return MemoryPicture(
        free_elsewhere_kb=free_elsewhere_kb(report, nodes),
        nodes={node: _node_memory(evidence, report, node) for node in sorted(nodes)},
    )


def _node_memory(evidence: Evidence, report: OomReport, node: int) -> NodeMemory:
    zones = zones_of(report, [node])
    managed = [zone.managed_kb for zone in zones if zone.managed_kb is not None]
    holders = _live_holders(evidence, report, node) or _listed_holders(report)
    floor_kb = WORTH_NAMING_SHARE * sum(managed)
    return NodeMemory(
        free_kb=sum(zone.free_kb for zone in zones),
        min_kb=sum(zone.min_kb for zone in zones),
        managed_kb=sum(managed) if len(managed) == len(zones) else None,
        holders=tuple(
            holder for holder in (*_dead_holder(report), *holders) if holder.kb >= floor_kb
        ),
        hugepages_kb=_sum_of(report.hugepages, node),
        shmem_kb=_sum_of(report.shmem, node),
    )


def _sum_of(entries: Collection[tuple[int, int]], node: int) -> int | None:
    sizes = [kb for number, kb in entries if number == node]
    return sum(sizes) if sizes else None


def _dead_holder(report: OomReport) -> tuple[Holder, ...]:
    kill = report.kills[0]
    return (Holder(kill.task, kill.rss_kb, None, "kill line"),) if kill.rss_kb is not None else ()


def _live_holders(evidence: Evidence, report: OomReport, node: int) -> tuple[Holder, ...]:
    """Who has memory on the node now, later copies of the victim left out."""
    seen = evidence.get(Processes)
    if isinstance(seen, Missing) or not seen.numa_readable:
        return ()
    return tuple(
        Holder(process.task, process.on_node_kb(node), process.policy, "numa_maps")
        for process in seen.all
        if process.on_node_kb(node) and not same_job(process.task, report.kills[0].task)
    )


def _listed_holders(report: OomReport) -> tuple[Holder, ...]:
    """The other tasks that this OOM could have killed, with their size over all nodes: the report
    tells no more.
    """
    dead = {kill.task.pid for kill in report.kills}
    rows = sorted(
        (row for row in report.tasks if row.pid not in dead), key=lambda row: -row.rss_pages
    )
    page_kb = report.page_kb
    return (
        tuple(
            Holder(Task(row.comm, row.pid), row.rss_pages * page_kb, None, "task table")
            for row in rows
        )
        if page_kb
        else ()
    )


def say_free(memory: MemoryPicture, report: OomReport) -> str:
    """What the nodes had left, and what was free elsewhere: `Node 1 had 44 MiB left (44964 kB).
    From its min watermark of 45160 kB down a job gets none. Elsewhere 7.7 GiB were free.`
    """
    said = [
        f"Node {number} had {human(node.free_kb)} left ({node.free_kb} kB). From its min "
        f"watermark of {node.min_kb} kB down a job gets none."
        for number, node in memory.nodes.items()
    ]
    if memory.free_elsewhere_kb is None:
        return " ".join((*said, "What the other nodes had, the log no longer shows."))
    said.append(f"Elsewhere {human(memory.free_elsewhere_kb)} were free.")
    if not shown_nodes(report) > memory.nodes.keys():
        these = "this node's" if len(memory.nodes) == 1 else "these nodes'"
        said.append(f"That is all free memory of the machine, less {these}.")
    return " ".join(said)


def say_holders(memory: MemoryPicture) -> tuple[str, ...]:
    """A sentence for each node on who held it."""
    return (
        *(_say_node(number, node) for number, node in memory.nodes.items() if node.holders),
        *(
            said
            for number, node in memory.nodes.items()
            for said in _say_held_by_none(number, node)
        ),
    )


def _say_held_by_none(number: int, node: NodeMemory) -> Iterator[str]:
    """What belongs to no process, and stays when they die."""
    floor_kb = WORTH_NAMING_SHARE * (node.managed_kb or 0)
    if node.hugepages_kb and node.hugepages_kb >= floor_kb:
        yield (
            f"The pool of huge pages keeps {human(node.hugepages_kb)} of node {number}, used "
            "or not (nr_hugepages of the node)."
        )
    if node.shmem_kb and node.shmem_kb >= floor_kb:
        yield (
            f"tmpfs and shared memory hold {human(node.shmem_kb)} of node {number}, and "
            "outlive the processes (df -t tmpfs, ipcs -m)."
        )


def _say_node(number: int, node: NodeMemory) -> str:
    parts = [
        f"{say_task(holder.task)}, {human(holder.kb)}{_say_basis(holder)}"
        for holder in node.holders[:NAMED_HOLDERS]
    ]
    size = f" ({human(node.managed_kb)})" if node.managed_kb else ""
    return f"Who held node {number}{size}: {'; '.join(parts)}."


def _say_basis(holder: Holder) -> str:
    if holder.basis == "numa_maps":
        return f" there now, under policy {holder.policy}"
    return (
        " when it was killed"
        if holder.basis == "kill line"
        else " on all nodes together (the report does not say where)"
    )
