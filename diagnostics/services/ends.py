"""Ends of services as data: which, how often, in what rhythm, and how each came; and which records
are of one end.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from signal import Signals

from diagnostics.confidence import SYSTEMD_NOTICES_WITHIN
from diagnostics.evidence import Evidence
from diagnostics.facts.service_journal import ServiceEvent
from diagnostics.facts.units import Unit, Units
from diagnostics.model import End, Moment

BY_SHELL = (
    128  # a shell's exit status is this plus the signal that ended its child (POSIX sh, 2.8.2)
)
WRITTEN_WITHIN = timedelta(seconds=1)  # two programs log one thing, and either may be first
_NAMED = re.compile(r"(.+?)(?: \((\S+\.(?:service|scope|slice))\)|, pid \d{1,9})")
RHYTHM_AT_LEAST = 3  # ends from which an interval can be told


def ends_of(
    evidence: Evidence, events: Iterable[ServiceEvent], exits: Sequence[ServiceEvent]
) -> tuple[End, ...]:
    """One for each unit, teller and way of ending, those with most first.

    A record that does not say how it ended (a time-out of systemd's) takes that of the first of
    `exits` that follows on it.
    """
    together: dict[tuple[str, str | None, str], list[ServiceEvent]] = {}
    for event in events:
        together.setdefault((_whose(event), _how(event, exits), event.teller), []).append(event)
    ends = [_end(evidence, unit, how, of_one) for (unit, how, _), of_one in together.items()]
    return tuple(sorted(ends, key=lambda end: -end.times))


def is_unit(name: str) -> bool:
    """Whether it is a unit's name, and not a process' or a container's."""
    return name.endswith((".service", ".scope", ".slice"))


def _whose(event: ServiceEvent) -> str:
    """The unit: of `ranker (ranker.service)` that in parentheses, of a cgroup its last part.

    Of `ranker, pid 321` it is the name, since each run has another number.
    """
    if found := _NAMED.fullmatch(event.unit):
        return found[2] or found[1]
    last = event.unit.rpartition("/")[2]
    return last if is_unit(last) else event.unit


def _end(evidence: Evidence, unit: str, how: str | None, events: Sequence[ServiceEvent]) -> End:
    stamps = sorted(event.wall for event in events if event.wall is not None)
    return End(
        unit=unit,
        how=how,
        teller=events[0].teller,
        times=len(events),
        first_at=Moment(wall=stamps[0]) if stamps else None,
        last_at=Moment(wall=stamps[-1]) if stamps else None,
        every_s=statistics.median(gaps_s(stamps)) if len(stamps) >= RHYTHM_AT_LEAST else None,
        restarts=_restarts(evidence, events[0]),
    )


def gaps_s(stamps: Sequence[datetime]) -> list[float]:
    """Seconds from each to the next."""
    return [(after - before).total_seconds() for before, after in pairwise(stamps)]


def _restarts(evidence: Evidence, event: ServiceEvent) -> int | None:
    unit = settings_of(evidence, event)
    count = unit.properties.get("NRestarts", "") if unit else ""
    return int(count) if count.isascii() and count.isdigit() and len(count) < 10 else None


def _how(event: ServiceEvent, exits: Sequence[ServiceEvent]) -> str | None:
    """`SIGABRT`, `status 3`, or None."""
    if event.status is None:
        event = next((end for end in exits if follows(end, event)), event)
    if event.status is None:
        return None
    return _signal_name(event.status) if event.signal is not None else f"status {event.status}"


def _signal_name(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"  # a real-time signal


def settings_of(evidence: Evidence, event: ServiceEvent) -> Unit | None:
    """What systemd shows of the unit that ended; None where units did not come, or it is none of
    them.
    """
    units = evidence.get(Units)
    return units.by_name.get(event.unit) if isinstance(units, Units) else None


def wrapped_signal(event: ServiceEvent) -> int | None:
    """The signal that a shell's exit status stands for."""
    if (
        event.code != "exited"
        or event.status is None
        or not BY_SHELL < event.status < BY_SHELL + 65
    ):
        return None
    return event.status - BY_SHELL


def is_near(one: ServiceEvent, other: ServiceEvent) -> bool:
    """Whether two records are of one end: the same unit, within seconds."""
    return one.unit == other.unit and is_at(one.wall, other.wall)


def follows(end: ServiceEvent, event: ServiceEvent) -> bool:
    """Whether an end is what came of the event: of the same unit, within seconds, and not before
    it.
    """
    if end.wall is None or event.wall is None:
        return False
    return (
        end.unit == event.unit
        and is_at(end.wall, event.wall)
        and end.wall + WRITTEN_WITHIN >= event.wall
    )


def is_at(one: datetime | None, other: datetime | None) -> bool:
    """Whether two times are within seconds."""
    return one is not None and other is not None and abs(one - other) <= SYSTEMD_NOTICES_WITHIN
