"""lowmem-oom: the zones that a request could use ran full, while others, which it could not use,
had room.

Fires when a report names no constraint, every zone that the request's flags allow is at its low
watermark, and a HighMem or Movable zone is not, or what is free is the CMA area's. 32-bit kernels
keep their own objects and page tables below HighMem; hot-plugged and CXL memory is often Movable
only; pages of the CMA area are for movable requests, so not for the kernel's own.
Stays clear when something else ran out. Cannot tell when the zone lines or the request's flags are
lost.

Kernel: include/linux/gfp_types.h; mm/page_alloc.c gfp_zone.
"""

from __future__ import annotations

from diagnostics.confidence import AGREE, Numbers
from diagnostics.evidence import Evidence
from diagnostics.facts.oom_report import OomReport
from diagnostics.memory.box_case import RanOut, box_finding, say_zones
from diagnostics.memory.kills import limited_by
from diagnostics.memory.limit import Kind
from diagnostics.model import Outcome, Remedy
from diagnostics.sizes import human

CODE = "lowmem-oom"
NAME = "low memory"
REMEDY = Remedy(
    action="relieve-low-memory",
    says=(
        "Reduce what only the kernel's zones can hold (files and processes open, page tables, "
        "slab), or use a 64-bit kernel."
    ),
    because=(
        "The memory that was free is in a zone that this request cannot use, so more of it "
        "would not have helped."
    ),
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all such kills, or why there is none."""
    limited = limited_by(evidence, Kind.LOWMEM)
    if not isinstance(limited, tuple):
        return limited
    sourced = [report for report, _ in limited]
    cma_kb = sum(zone.cma_kb for zone in sourced[0].report.zones)
    kept = (
        (
            f" Of what was free, {human(cma_kb)} are of the CMA area, which only movable "
            "requests may use."
        )
        if cma_kb
        else ""
    )
    full = (
        "The zones that the request could use were full, others were not: "
        f"{say_zones(sourced[0].report)}.{kept}"
    )
    return (
        box_finding(
            evidence,
            sourced,
            RanOut(code=CODE, headline="OOM of low memory", says=full, remedy=REMEDY),
            _numbers,
        ),
    )


def _numbers(report: OomReport) -> Numbers:
    return (
        AGREE
        if report.gfp_mask
        else Numbers(agree=False, because="Which zones the request could use is not in the report.")
    )
