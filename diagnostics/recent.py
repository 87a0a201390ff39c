"""What counts: what happened in the hour before the SEV, or since. What is older is no cause of it,
and is told apart.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from diagnostics.evidence import Evidence
from diagnostics.facts.clock import Clock
from diagnostics.facts.sev import Sev
from diagnostics.model import Moment

RECENT = timedelta(hours=1)  # see docs/adr/0002


def counts_from(evidence: Evidence) -> datetime | None:
    """An hour before the SEV was opened, or before the look where that is not known; None without
    any time.
    """
    sev, clock = evidence.get(Sev), evidence.get(Clock)
    taken = clock.taken_at.wall if isinstance(clock, Clock) else None
    before = RECENT + sev.ago if isinstance(sev, Sev) else RECENT
    return taken - before if taken else None


def is_recent(evidence: Evidence, wall: datetime | None) -> bool:
    """Whether it counts; without both times it may."""
    begins = counts_from(evidence)
    return wall is None or begins is None or wall >= begins


def seen_since(evidence: Evidence, back_to: datetime | None) -> bool:
    """Whether a journal that was read back to then holds all that counts."""
    begins = counts_from(evidence)
    return back_to is None or (begins is not None and back_to <= begins)


def say_since(evidence: Evidence) -> str:
    """`in the last hour`, where nothing is said of a SEV."""
    return (
        "since an hour before the SEV" if isinstance(evidence.get(Sev), Sev) else "in the last hour"
    )


def say_moment(moment: Moment) -> str:
    """`21:48:56 UTC on 22 Nov` or, where wall time is unknown, `178.3 s after boot`."""
    if moment.wall is not None:
        return f"{moment.wall:%H:%M:%S} UTC on {moment.wall.day} {moment.wall:%b}"
    return f"{moment.boot_s:.1f} s after boot" if moment.boot_s is not None else "an unknown time"


def say_times(count: int) -> str:
    """“once”, “2 times”."""
    return "once" if count == 1 else f"{count} times"
