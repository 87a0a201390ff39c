"""What the rules on a whole machine's memory share: the finding, told from the zones of all nodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_log import SourcedReport, kills_of
from diagnostics.facts.oom_report import OomReport
from diagnostics.memory.kill_signs import NO_SECOND_SIGN, NOT_PROVEN, say_kills, say_largest, second_signs
from diagnostics.model import Confidence, Finding, Remedy, Victim
from diagnostics.sizes import human

BY_KSWAPD = (
    "The kernel killed ahead of a failed request, on behalf of kswapd (MGLRU's min_ttl_ms), so memory was down to the high watermarks only."
)


def box_finding(
    evidence: Evidence,
    sourced: Sequence[SourcedReport],
    told: tuple[str, str, str],
    shows: Callable[[OomReport], Confidence],
    remedy: Remedy,
) -> Finding:
    """One finding for all reports; `told` is code, headline and the sentence on what ran out.

    `shows` gives how sure a report's own numbers can make it.
    """
    code, headline, ran_out = told
    kills = kills_of(sourced)
    signs = second_signs(evidence, kills)
    complete = [shows(s.report) for s in sourced if s.report.header and s.report.kill_lines]
    confidence, caveat = Confidence.POSSIBLE, "The report around the kill is not complete, or its zone lines do not show it."
    if Confidence.CONFIRMED in complete or Confidence.LIKELY in complete:
        from_kernel = all(s.report.from_kernel for s in sourced)
        sure = from_kernel and signs and Confidence.CONFIRMED in complete
        confidence = Confidence.CONFIRMED if sure else Confidence.LIKELY
        caveat = NOT_PROVEN if not from_kernel else NO_SECOND_SIGN if Confidence.CONFIRMED in complete else BY_KSWAPD
    return Finding(
        code=code,
        headline=headline,
        confidence=confidence,
        kills=kills,
        story=(say_kills(kills), ran_out, *say_largest(sourced[0].report, "The largest then"), *_say_slab(sourced[0].report)),
        citations=(*(sourced[0].cite(line) for line in sourced[0].report.key_lines), *signs),
        victim=Victim(kills[0].task, kills[0].rss_kb),
        remedies=(remedy,),
        caveat=None if confidence is Confidence.CONFIRMED else caveat,
    )


def say_zones(report: OomReport) -> str:
    """`node 0 Normal had 32 MiB left (low watermark 55 MiB)`, for each zone that can hold a job's memory."""
    parts = [
        f"node {zone.node} {zone.name} had {human(zone.free_kb)} left (low watermark {human(zone.low_kb)})"
        for zone in report.zones
        if zone.name != "DMA"
    ]
    return "; ".join(parts[:6]) or "the report's zone lines are lost"


def _say_slab(report: OomReport) -> tuple[str, ...]:
    """Where the kernel's own objects held more than the largest process, limits on processes are no cure."""
    if report.slab_pages is None or report.page_kb is None:
        return ()
    slab_kb = report.slab_pages * report.page_kb
    largest_kb = max((row.rss_pages * report.page_kb for row in report.tasks), default=0)
    if slab_kb <= largest_kb or not report.tasks:
        return ()
    return (f"The kernel's own objects (slab) held {human(slab_kb)}, more than any process: “slabtop -o” on the host names them.",)
