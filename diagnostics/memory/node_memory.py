"""The arithmetic of a full node, from the zone lines of an OOM report.

A zone refuses an order-0 request when free <= min + lowmem_reserve of the highest zone that the
request may use (mm/page_alloc.c, __zone_watermark_ok). A node is full when each of its zones
refuses. The report is printed a little after the refusal, so a zone that has got as far as its low
watermark still counts as full; one above high does not.
"""

from __future__ import annotations

from collections.abc import Iterable

from diagnostics.facts.oom_report import OomReport, Zone

DEFAULT_PAGE_KB = 4
# times the high watermark, where kswapd had the kernel kill: see docs/adr/0002
NEAR_HIGH, FAR_ABOVE_HIGH = (1.25, 2.0)


def zones_of(report: OomReport, nodes: Iterable[int]) -> tuple[Zone, ...]:
    """The zones of these nodes, as the report prints them and in its order."""
    wanted = set(nodes)
    return tuple(zone for zone in report.zones if zone.node in wanted)


def shown_nodes(report: OomReport) -> frozenset[int]:
    """The nodes whose zones the report prints; since 4.14 a memory policy's report prints its own
    nodes only (show_mem's filter).
    """
    return frozenset(zone.node for zone in report.zones)


def is_full(report: OomReport, node: int) -> bool | None:
    """Whether each zone of the node is at or below its low watermark; None where no zone of it is
    shown.
    """
    zones = zones_of(report, [node])
    return all(_at_most(zone, zone.low_kb, report) for zone in zones) if zones else None


def has_room(report: OomReport, node: int) -> bool:
    """Whether some zone of the node was above its high watermark."""
    return any(not _at_most(zone, zone.high_kb, report) for zone in zones_of(report, [node]))


def is_near_high(report: OomReport, node: int) -> bool:
    """Whether each zone of the node was down to about its high watermark, to which kswapd frees
    (and MGLRU kills, if it cannot).
    """
    return all(
        _at_most(zone, NEAR_HIGH * zone.high_kb, report) for zone in zones_of(report, [node])
    )


def is_far_above_high(report: OomReport, node: int) -> bool:
    """Whether some zone of the node had room beyond doubt."""
    return any(
        not _at_most(zone, FAR_ABOVE_HIGH * zone.high_kb, report)
        for zone in zones_of(report, [node])
    )


def _at_most(zone: Zone, watermark_kb: float, report: OomReport) -> bool:
    return zone.free_kb <= watermark_kb + zone.reserve_pages * (report.page_kb or DEFAULT_PAGE_KB)


def free_elsewhere_kb(report: OomReport, nodes: Iterable[int]) -> int | None:
    """What was free outside `nodes`: the total free pages, which cover all nodes, less what these
    nodes' zones had.

    None where the totals, the page size or the nodes' own zones are not in the report.
    """
    zones = zones_of(report, nodes)
    if report.free_pages is None or report.page_kb is None or not zones:
        return None
    return max(report.free_pages * report.page_kb - sum(zone.free_kb for zone in zones), 0)
