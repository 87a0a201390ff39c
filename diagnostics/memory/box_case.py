"""What the rules on a whole machine's memory share: the finding, told from the zones of all
nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from diagnostics.confidence import Numbers, of_kills, second_signs
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_log import SourcedReport, kills_of
from diagnostics.facts.oom_report import OomReport
from diagnostics.memory.kills import of_reports, say_kills, say_largest
from diagnostics.model import Finding, Remedy
from diagnostics.sizes import human

ZONES_DO_NOT_SHOW_IT = Numbers(agree=False, because="The report's zone lines do not show it.")


@dataclass(frozen=True, kw_only=True)
class RanOut:
    """What a rule says: `says` is the sentence on what ran out."""

    code: str
    headline: str
    says: str
    remedy: Remedy


def box_finding(
    evidence: Evidence,
    sourced: Sequence[SourcedReport],
    ran_out: RanOut,
    numbers: Callable[[OomReport], Numbers],
) -> Finding:
    """One finding for all reports; `numbers` tells whether a report's own numbers show it."""
    kills = kills_of(sourced)
    signs = second_signs(evidence, kills)
    first = sourced[0].report
    return Finding(
        code=ran_out.code,
        headline=ran_out.headline,
        judged=of_kills([one.report for one in sourced], signs, numbers),
        story=(
            say_kills(kills),
            ran_out.says,
            *say_largest(first, "The largest then"),
            *_say_slab(first),
        ),
        **of_reports(sourced, signs),
        remedies=(ran_out.remedy,),
    )


def say_zones(report: OomReport) -> str:
    """`node 0 Normal had 32 MiB left (low watermark 55 MiB)`, for each zone that can hold a job's
    memory.
    """
    parts = [
        (
            f"node {zone.node} {zone.name} had {human(zone.free_kb)} left (low watermark "
            f"{human(zone.low_kb)})"
        )
        for zone in report.zones
        if zone.name != "DMA"
    ]
    return "; ".join(parts[:6]) or "the report's zone lines are lost"


def _say_slab(report: OomReport) -> tuple[str, ...]:
    """Where the kernel's own objects held more than the largest process, limits on processes are no
    cure.
    """
    if report.slab_pages is None or report.page_kb is None:
        return ()
    slab_kb = report.slab_pages * report.page_kb
    largest_kb = max((row.rss_pages * report.page_kb for row in report.tasks), default=0)
    if slab_kb <= largest_kb or not report.tasks:
        return ()
    return (
        (
            f"The kernel's own objects (slab) held {human(slab_kb)}, more than any process: "
            "“slabtop -o” on the host names them."
        ),
    )
