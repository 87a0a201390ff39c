"""What kept a request from getting memory: read off one OOM report. Every rule on kills asks this,
so no two can claim the same kill.

The constraint that the kernel prints is a witness, not the judge: it is checked against the zones.
Under MGLRU with min_ttl_ms the kernel prints CONSTRAINT_NONE for a single node (mm/vmscan.c
lru_gen_age_node); kernels before 5.0 print none at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from diagnostics.facts.oom_report import MEMCG, MEMORY_POLICY, NONE, OomReport, Zone
from diagnostics.memory.node_memory import (
    DEFAULT_PAGE_KB,
    has_room,
    is_far_above_high,
    is_full,
    is_near_high,
    shown_nodes,
)
from diagnostics.node_list import parse_nodes, say_nodes

CPUSET = "CONSTRAINT_CPUSET"
SYSRQ_ORDER = -1  # is_sysrq_oom, mm/oom_kill.c
_KSWAPD = re.compile(r"kswapd(\d{1,4})")
# totals and zones are read one after the other, and each CPU holds some pages back
MOST_DRIFT_KB = 16 * 1024
# a kernel object cannot lie there; nor, in these, a request without __GFP_HIGHMEM or __GFP_MOVABLE
_HIGH_ZONES = (
    "HighMem",
    "Movable",
)


class Kind(Enum):
    """What ran out, for whom."""

    MEMORY_POLICY = "a memory policy"
    CPUSET = "a cpuset"
    MEMCG = "a cgroup's limit"
    GLOBAL = "all of the machine's memory"
    LOWMEM = "the low zones"
    FRAGMENTATION = "blocks of adjacent pages"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Limit:
    """The kind, the nodes that it allowed where it is one of nodes, and for UNKNOWN why it could
    not be told.

    UNKNOWN with nodes: one node alone was short, and who was kept to it must be seen elsewhere.
    """

    kind: Kind
    nodes: frozenset[int] = frozenset()
    because: str = ""


def limit_of(report: OomReport, *, was_short: bool = False) -> Limit:
    """What limited this request, as far as the report shows; `was_short` where another one shows
    its whole machine short.
    """
    if report.constraint == MEMCG:
        return Limit(Kind.MEMCG)
    if report.constraint == MEMORY_POLICY:
        return _of_nodes(report, Kind.MEMORY_POLICY, parse_nodes(report.nodemask))
    if report.constraint == CPUSET:
        return _of_nodes(
            report,
            Kind.CPUSET,
            parse_nodes(report.summary.mems_allowed) if report.summary else None,
        )
    if report.constraint not in (None, NONE):
        return _unknown(
            f"a report names a constraint that sevbot does not know ({report.constraint})"
        )
    if not report.zones:
        return _without_zones(report, was_short=was_short)
    return _from_zones(report)


def _unknown(because: str) -> Limit:
    return Limit(Kind.UNKNOWN, because=because)


def _of_nodes(report: OomReport, kind: Kind, nodes: frozenset[int] | None) -> Limit:
    """A limit to nodes, as the kernel names it; a request for several adjacent pages may fail on a
    node that has room.
    """
    if not nodes:
        return _unknown(f"a report names {kind.value}, but not the nodes that it allows")
    if report.order and report.order > 0 and any(has_room(report, node) for node in nodes):
        return _from_blocks(
            report,
            tuple(zone for zone in report.zones if zone.node in nodes and _usable(zone, report)),
        )
    return Limit(kind, nodes)


def _without_zones(report: OomReport, *, was_short: bool) -> Limit:
    if report.constraint is None:
        return _unknown(
            "a kill stands in the log without its report, so what limited it cannot be seen: the "
            "40 lines before it say so, in `dmesg -x` or `journalctl -k` of the host"
        )
    if was_short:
        return Limit(Kind.GLOBAL)  # one node, so none can be full by itself
    return _unknown(
        "a report names no constraint, and its zone lines are lost, so a full node cannot "
        "be excluded"
    )


def _from_zones(report: OomReport) -> Limit:
    """The judgement of the numbers, where the kernel names no constraint or printed none."""
    nodes = shown_nodes(report)
    usable = tuple(zone for zone in report.zones if _usable(zone, report))
    if report.order == SYSRQ_ORDER:
        return Limit(Kind.GLOBAL, nodes)
    if _hides_nodes(report, nodes):
        return _of_hidden(report, nodes)
    if usable and all(_refuses(zone, report) for zone in usable):
        others = [
            zone for zone in report.zones if zone not in usable and not _refuses(zone, report)
        ]
        in_cma = [zone for zone in usable if zone.cma_kb and zone.free_kb > zone.high_kb]
        return Limit(Kind.LOWMEM if others or in_cma else Kind.GLOBAL, nodes)
    if report.order and report.order > 0:
        return _from_blocks(report, usable)
    return _from_nodes(report, nodes)


def _hides_nodes(report: OomReport, nodes: frozenset[int]) -> bool:
    """Whether the machine has memory that the zone lines do not show: since 4.14 a policy's report
    prints its own nodes only.

    The asker may use a node that is not shown, or more is free than the shown zones have. Without
    either number nothing is excluded.
    """
    allowed = _allowed(report)
    if allowed is not None and not allowed <= nodes:
        return True
    if report.free_pages is None or report.page_kb is None:
        return allowed is None
    total_kb = report.free_pages * report.page_kb
    hidden_kb = total_kb - sum(zone.free_kb for zone in report.zones)
    return hidden_kb > max(MOST_DRIFT_KB, total_kb // 10)


def _allowed(report: OomReport) -> frozenset[int] | None:
    """The nodes of the asker's cpuset, from the summary or (before 5.0) the header."""
    return parse_nodes(
        report.summary.mems_allowed if report.summary else report.header_mems_allowed
    )


def _of_hidden(report: OomReport, nodes: frozenset[int]) -> Limit:
    """Before 4.14 only a cpuset hid nodes, and the header names it; else the constraint is lost
    with the line that names it.
    """
    full = all(is_full(report, node) for node in nodes)
    if (
        full
        and report.summary is None
        and report.header_nodemask is None
        and _allowed(report) == nodes
    ):
        return Limit(Kind.CPUSET, nodes)
    return _unknown(
        "a report names no constraint and shows some nodes only, so what was free on the "
        "others is not excluded"
    )


def _from_nodes(report: OomReport, nodes: frozenset[int]) -> Limit:
    full = frozenset(node for node in nodes if is_full(report, node))
    roomy = frozenset(node for node in nodes if has_room(report, node))
    allowed = parse_nodes(report.header_mems_allowed)
    if report.constraint is None and allowed and allowed < nodes and allowed <= full and roomy:
        return Limit(Kind.CPUSET, allowed)
    suspect = node_of_kswapd(report)
    if suspect is not None:
        return _from_kswapd(report, nodes, suspect)
    if roomy and (full or len(nodes) > 1):
        had_room = f"{say_nodes(roomy)} had room: one node alone may have been short"
        return _unknown(f"a report names no constraint, but while memory ran out {had_room}")
    # out of a page fault: nobody asked for a page, so none need be short
    asked = not (report.gfp_mask or "").startswith("0x0(")
    if (not roomy and full) or (
        asked and report.constraint == NONE and len(nodes) == 1 and not _has_high_zone(report)
    ):
        # with one node and no zone that is out of reach nothing else is left to run out
        return Limit(Kind.GLOBAL, nodes)
    return _unknown("a report names no constraint, and by its zone lines memory was not short")


def _from_kswapd(report: OomReport, nodes: frozenset[int], suspect: int) -> Limit:
    """Under MGLRU's min_ttl_ms a node's kswapd has the kernel kill: for want of that node, or of
    all.
    """
    who = f"kswapd{suspect} had the kernel kill, without naming a constraint"
    roomy = frozenset(node for node in nodes if is_far_above_high(report, node))
    if all(is_near_high(report, node) for node in nodes):
        return Limit(Kind.GLOBAL, nodes)
    if roomy and suspect not in roomy:
        short = (
            f"{say_nodes([suspect])} was short and {say_nodes(roomy)} had room, but what "
            "kept the task to it is not in the report"
        )
        return Limit(Kind.UNKNOWN, frozenset({suspect}), f"{who}: {short}")
    return _unknown(f"{who}, and by the zone lines it was neither one node nor all that ran out")


def node_of_kswapd(report: OomReport) -> int | None:
    """The node whose kswapd asked: only MGLRU does that, for its own node (mm/vmscan.c
    lru_gen_age_node).
    """
    found = _KSWAPD.fullmatch(report.invoker_comm or "")
    return int(found[1]) if found and int(found[1]) in shown_nodes(report) else None


def _from_blocks(report: OomReport, usable: tuple[Zone, ...]) -> Limit:
    """A request for several adjacent pages: enough was free, but in smaller pieces."""
    order = report.order or 0
    listed = [zone for zone in usable if zone.blocks and not _refuses(zone, report)]
    if listed and all(not any(zone.blocks[order:]) for zone in listed):
        return Limit(Kind.FRAGMENTATION, shown_nodes(report))
    return _unknown(
        f"a request for {1 << order} adjacent pages failed while enough was free, and the "
        "report does not show why"
    )


def _has_high_zone(report: OomReport) -> bool:
    return any(zone.name in _HIGH_ZONES for zone in report.zones)


def _usable(zone: Zone, report: OomReport) -> bool:
    """Whether the request could lie in the zone, by its symbolic gfp flags; without flags every
    zone counts.
    """
    flags = report.gfp_mask or ""
    if "(" not in flags:
        return True
    if zone.name == "HighMem":
        return "HIGH" in flags
    if zone.name == "Movable":
        return "MOVABLE" in flags
    if "DMA32" in flags:
        return zone.name in ("DMA", "DMA32")
    return True


def _refuses(zone: Zone, report: OomReport) -> bool:
    """Whether the zone was at or below its low watermark and reserve; pages of the CMA area are for
    movable requests only.
    """
    cma_kb = 0 if "MOVABLE" in (report.gfp_mask or "MOVABLE") else zone.cma_kb
    return zone.free_kb - cma_kb <= zone.low_kb + zone.reserve_pages * (
        report.page_kb or DEFAULT_PAGE_KB
    )
