"""global-oom: the whole machine ran out of memory, and the kernel killed for it.

Fires when a report names no constraint (or, before 5.0, prints none) and every zone that the
request could use is at its low watermark; or when somebody asked for it by hand (sysrq-f,
order=-1). `likely` on these numbers, `confirmed` with facility and a second sign. Under MGLRU with
min_ttl_ms the kernel kills when kswapd cannot keep a node near its high watermark; where no node is
far above it, that is `likely`. Stays clear when a cgroup, a cpuset or a memory policy limited every
request. Cannot tell when some node still had room although the kernel names no constraint (MGLRU
kills for one node so), or when the zone lines are lost.
Looks like, but is not: `global_oom` in the summary line, which only means "not a cgroup".

Kernel: mm/oom_kill.c; mm/page_alloc.c __zone_watermark_ok.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.confidence import AGREE, Numbers
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_log import SourcedReport
from diagnostics.facts.oom_report import OomReport
from diagnostics.memory.box_case import ZONES_DO_NOT_SHOW_IT, RanOut, box_finding, say_zones
from diagnostics.memory.kills import limited_by
from diagnostics.memory.limit import SYSRQ_ORDER, Kind, node_of_kswapd
from diagnostics.memory.node_memory import is_full, shown_nodes
from diagnostics.model import Finding, Outcome, Remedy

CODE = "global-oom"
NAME = "machine out of memory"
REMEDY = Remedy(
    action="free-memory",
    says=(
        "Find what grew, and give it a limit of its own (MemoryMax=, docker --memory), or give "
        "the machine more memory or swap."
    ),
    because="Another placement does not help: no node had room.",
)
BY_KSWAPD = Numbers(
    agree=True,
    because="The kernel killed ahead of a failed request, on behalf of kswapd (MGLRU's "
    "min_ttl_ms), so memory was down to the high watermarks only.",
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all such kills, or why there is none."""
    limited = limited_by(evidence, Kind.GLOBAL)
    if not isinstance(limited, tuple):
        return limited
    by_hand = [report for report, _ in limited if report.report.order == SYSRQ_ORDER]
    short = [report for report, _ in limited if report.report.order != SYSRQ_ORDER]
    return (*_by_hand(evidence, by_hand), *_short(evidence, short))


def _by_hand(evidence: Evidence, sourced: Sequence[SourcedReport]) -> tuple[Finding, ...]:
    if not sourced:
        return ()
    return (
        box_finding(
            evidence,
            sourced,
            RanOut(
                code=CODE,
                headline="OOM kill asked for by hand (sysrq-f)",
                says="Somebody pressed sysrq-f: memory need not have been short.",
                remedy=REMEDY,
            ),
            lambda _: AGREE,
        ),
    )


def _short(evidence: Evidence, sourced: Sequence[SourcedReport]) -> tuple[Finding, ...]:
    if not sourced:
        return ()
    return (
        box_finding(
            evidence,
            sourced,
            RanOut(
                code=CODE,
                headline="OOM of the whole machine",
                says=f"All of the machine's memory was used up: {say_zones(sourced[0].report)}.",
                remedy=REMEDY,
            ),
            _numbers,
        ),
    )


def _numbers(report: OomReport) -> Numbers:
    """Down to the low watermarks; where kswapd had the kernel kill, down to about the high ones."""
    if all(is_full(report, node) for node in shown_nodes(report)):
        return AGREE
    return BY_KSWAPD if node_of_kswapd(report) is not None else ZONES_DO_NOT_SHOW_IT
