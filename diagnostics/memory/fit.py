"""How much room a job would find on each node once its dead copy is gone: an estimate, on the
careful side.

headroom = free + reclaimable + what copies of the job hold there now - high watermark - 4 % of the
node
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from diagnostics.facts.nodes import Nodes
from diagnostics.facts.oom_report import OomReport
from diagnostics.facts.processes import Process
from diagnostics.memory.node_memory import free_elsewhere_kb, zones_of

SAFETY_SHARE = (
    0.04  # of a node, for what starts or grows beside the job: a judgement, see docs/adr/0002
)


def headroom_now_kb(nodes: Nodes, copies: Collection[Process]) -> Mapping[int, int] | None:
    """Room on each node from the host's state when the bundle was taken; `copies` are the job's own
    live processes.

    None where some node's watermarks are not known.
    """
    room: dict[int, int] = {}
    for number, node in nodes.by_number.items():
        if node.high_kb is None:
            return None
        held_kb = sum(copy.on_node_kb(number) for copy in copies)
        room[number] = (
            node.free_kb
            + node.reclaimable_kb
            + held_kb
            - node.high_kb
            - int(SAFETY_SHARE * node.total_kb)
        )
    return room


def headroom_at_kill_kb(
    report: OomReport, bound: Collection[int], rss_kb: int, allowed: Collection[int]
) -> Mapping[int, int] | None:
    """Room from the report alone: only if it shows one bound node, and one other is left to take
    all that was free elsewhere.

    The other node's watermarks are not in the report, so its figure is an upper bound.
    """
    others = set(allowed) - set(bound)
    elsewhere = free_elsewhere_kb(report, bound)
    if len(bound) != 1 or len(others) != 1 or elsewhere is None:
        return None
    (node,) = bound
    zones = zones_of(report, bound)
    room = sum(zone.free_kb - zone.high_kb for zone in zones) + rss_kb
    return {others.pop(): elsewhere, node: room}
