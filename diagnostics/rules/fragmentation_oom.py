"""fragmentation-oom: the kernel wanted several adjacent pages, and free memory was in smaller
pieces.

Fires when a report's order is above 0, some zone that the request could use is above its
watermarks, and none of these has a free block of that order. Stays clear when something else ran
out. Cannot tell when the buddy lines are lost or show such a block.
Looks like, but is not: `page allocation failure: order:N`, which kills nobody; orders above 3, for
which the kernel never kills.

Kernel: mm/page_alloc.c __alloc_pages_may_oom, PAGE_ALLOC_COSTLY_ORDER.
"""

from __future__ import annotations

from diagnostics.confidence import AGREE, Numbers
from diagnostics.evidence import Evidence
from diagnostics.facts.oom_report import OomReport
from diagnostics.memory.box_case import ZONES_DO_NOT_SHOW_IT, RanOut, box_finding, say_zones
from diagnostics.memory.kills import limited_by
from diagnostics.memory.limit import Kind
from diagnostics.model import Outcome, Remedy

CODE = "fragmentation-oom"
NAME = "no adjacent pages"
REMEDY = Remedy(
    action="keep-more-free",
    says=(
        "Raise vm.min_free_kbytes, so that the kernel keeps larger blocks free; find the driver "
        "that asks for them."
    ),
    because="Enough memory was free, but not in adjacent pages.",
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all such kills, or why there is none."""
    limited = limited_by(evidence, Kind.FRAGMENTATION)
    if not isinstance(limited, tuple):
        return limited
    sourced = [report for report, _ in limited]
    first = sourced[0].report
    return (
        box_finding(
            evidence,
            sourced,
            RanOut(
                code=CODE,
                headline="OOM for lack of adjacent pages",
                says=(
                    f"The kernel needed {1 << (first.order or 0)} adjacent pages and had none: "
                    f"{say_zones(first)}."
                ),
                remedy=REMEDY,
            ),
            _numbers,
        ),
    )


def _numbers(report: OomReport) -> Numbers:
    return AGREE if report.order and report.order > 0 else ZONES_DO_NOT_SHOW_IT
