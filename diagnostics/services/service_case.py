"""What the rules on ends of services share: which ends, how often, in what rhythm, told as a
finding.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from signal import Signals

from diagnostics.bundle import Missing
from diagnostics.confidence import of_record
from diagnostics.evidence import Evidence
from diagnostics.facts.daemon_journal import DaemonEvent, DaemonJournal
from diagnostics.facts.other_ends import OtherEnds
from diagnostics.facts.service_journal import (
    OOMD_KILL,
    PROCESS_EXIT,
    SYSTEMD,
    ServiceEvent,
    ServiceJournal,
)
from diagnostics.model import (
    Citation,
    Clear,
    Disk,
    Explained,
    Finding,
    Judgement,
    Kill,
    Moment,
    ReachedLimit,
    Remedy,
    Unknown,
)
from diagnostics.plain import plain
from diagnostics.recent import is_recent, say_moment, say_since, seen_since
from diagnostics.services.ends import (
    RHYTHM_AT_LEAST,
    ends_of,
    follows,
    gaps_s,
    is_at,
    is_near,
    is_unit,
    settings_of,
    wrapped_signal,
)

NAMED_UNITS = 3
QUOTED_CHARS = 200
BELIEVED = (SYSTEMD, "supervisord")  # a status above 128 is the program's own word
SENDERS = (
    "earlyoom",
    "nohang",
    "nohang-desktop",
    "oomd",
    "systemd-oomd",
    "docker",
    "snap.docker.dockerd",
    "podman",
    "sudo",
)
GIVEN_UP = "start-limit-hit"  # what follows of any end that comes again and again


@dataclass(frozen=True, kw_only=True)
class Told:
    """What a rule says: `did` goes on after the unit's name (`was killed by systemd`), `why` is the
    cause in a sentence.
    """

    code: str
    headline: str
    did: str
    why: str
    remedy: Remedy
    explains: tuple[str, ...] = (GIVEN_UP,)
    is_end: bool = True  # what is told is how it ended, or led to that
    disks: tuple[Disk, ...] = ()
    limits: tuple[ReachedLimit, ...] = ()


@dataclass(frozen=True)
class Ends(ServiceJournal):
    """What systemd and others logged of late; `nothing` is what follows where none of it fits."""

    nothing: Clear | Unknown = field(kw_only=True)


def journal_of(evidence: Evidence) -> Ends | Unknown:
    """What counts of systemd's journal and of others' logs, or why nothing can be said. An end of
    last week is no cause of now.
    """
    journal, others = evidence.get(ServiceJournal), evidence.get(OtherEnds)
    told = others.ends if isinstance(others, OtherEnds) else ()
    if isinstance(journal, Missing):
        why = Unknown(
            f"how services ended is in systemd's journal, and that was not seen ({journal.because})"
        )
        return Ends(_recent(evidence, told), nothing=why) if told else why
    own = _recent(evidence, journal.events)
    seen = [event for event in own if event.message_id == PROCESS_EXIT]
    rest = [
        event
        for event in _recent(evidence, told)
        if not any(_is_same_end(event, end) for end in seen)
    ]
    nothing: Clear | Unknown = Clear(f"systemd's journal has no such record {say_since(evidence)}")
    if not seen_since(evidence, journal.back_to):
        nothing = Unknown(
            f"systemd's journal was read back to {say_moment(Moment(wall=journal.back_to))} only"
        )
    return Ends((*own, *rest), nothing=nothing)


def _recent(evidence: Evidence, events: Iterable[ServiceEvent]) -> tuple[ServiceEvent, ...]:
    """systemd's always bear a time; of others' those without one may be of any."""
    return tuple(
        event
        for event in events
        if (event.wall or event.teller == SYSTEMD) and is_recent(evidence, event.wall)
    )


def _is_same_end(one: ServiceEvent, other: ServiceEvent) -> bool:
    """Whether the end of a container, or of whatever bears the name of a service, is that
    service's.
    """
    same = one.unit.partition(" ")[0] == other.unit.removesuffix(".service")
    return same and is_at(one.wall, other.wall) and _how(one) == _how(other)


def _how(end: ServiceEvent) -> tuple[int | None, int | None]:
    """The signal, or the exit status where there was none."""
    number = end.signal or wrapped_signal(end)
    return number, None if number else end.status


def daemon_events(evidence: Evidence, *daemons: str) -> tuple[DaemonEvent, ...]:
    """What counts of these daemons' lines."""
    journal = evidence.get(DaemonJournal)
    events = journal.of(*daemons) if isinstance(journal, DaemonJournal) else ()
    return tuple(event for event in events if is_recent(evidence, event.wall))


def end_of(event: DaemonEvent, who: str, sent: Signals | None = None) -> ServiceEvent:
    """A daemon's line as an event of what it ended, by the signal that it says it sent."""
    code = None if sent is None else "killed"
    return ServiceEvent(
        who, None, event.wall, event.text, event.citation, code=code, status=sent, teller=event.by
    )


def finding(
    evidence: Evidence,
    told: Told,
    events: Sequence[ServiceEvent],
    signs: Sequence[Citation],
    judged: Judgement | None = None,
) -> Finding:
    """One finding for all events; without a judgement of the rule's own another sign that agrees
    (`signs`) confirms it.

    What it explains is of the same units, where these are known.
    """
    journal = evidence.get(ServiceJournal)
    ends = ends_of(
        evidence,
        events,
        journal.ends if isinstance(journal, ServiceJournal) and told.is_end else (),
    )
    units = tuple(dict.fromkeys(end.unit for end in ends))
    whose = units if all(map(is_unit, units)) else ()
    return Finding(
        code=told.code,
        headline=told.headline,
        judged=judged or of_record(signs, events[-1].teller),
        story=(f"{say_events(events)} {_did(told, events)}: {say_rhythm(events)}.", told.why),
        citations=(*(event.citation for event in _first_and_last(events)), *signs),
        remedies=(told.remedy,),
        ends=ends,
        disks=told.disks,
        limits=told.limits,
        explains=tuple(Explained(code=code, units=whose) for code in told.explains),
    )


def _did(told: Told, events: Sequence[ServiceEvent]) -> str:
    """Of several units in the plural."""
    several = len({event.unit for event in events}) > 1
    return re.sub(r"^was ", "were ", told.did) if several else told.did


def by_systemd(journal: ServiceJournal, end: ServiceEvent) -> bool:
    """Whether systemd sent the signal itself, at a time-out of its own or because somebody asked it
    to; or systemd-oomd did.
    """
    words = ("timed out. ", "Watchdog timeout", "on client request")
    asked = (
        *(event for said in words for event in journal.saying(said)),
        *(e for e in journal.events if e.message_id == OOMD_KILL),
    )
    return any(is_near(end, event) for event in asked)


def by_oom_killer(kills: Iterable[Kill], end: ServiceEvent) -> bool:
    """Whether one of the OOM killer's kills is this end: at its time, and of the same unit or
    container.
    """
    return any(
        _is_named(kill, end) and kill.at is not None and is_at(end.wall, kill.at.wall)
        for kill in kills
    )


def _is_named(kill: Kill, end: ServiceEvent) -> bool:
    unit = kill.task.unit
    return unit is not None and (
        end.container in unit if end.container else end.teller == SYSTEMD and unit == end.unit
    )


def may_be_by_oom_killer(kills: Iterable[Kill], end: ServiceEvent) -> bool:
    """Whether one of the OOM killer's kills may be this end, as far as times, units and containers
    are known.
    """
    return any(_may_be(kill, end) for kill in kills)


def _may_be(kill: Kill, end: ServiceEvent) -> bool:
    if end.wall is None or kill.at is None or kill.at.wall is None:
        return True  # without both times it cannot be excluded
    if end.teller == SYSTEMD and kill.task.unit not in (None, end.unit):
        return False
    if end.container and kill.task.unit and end.container not in kill.task.unit:
        return False
    return is_at(end.wall, kill.at.wall)


def at_that_time(evidence: Evidence, end: ServiceEvent) -> str | None:
    """A daemon that kills, or sudo, which logged at that time that it sent a signal; whom it met it
    need not say.
    """
    return next(
        (event.by for event in daemon_events(evidence, *SENDERS) if is_at(event.wall, end.wall)),
        None,
    )


def following(
    events: Collection[ServiceEvent], others: Iterable[ServiceEvent]
) -> tuple[ServiceEvent, ...]:
    """Those of `others` that are what came of one of the events."""
    return tuple(other for other in others if any(follows(other, event) for event in events))


def _first_and_last(events: Sequence[ServiceEvent]) -> Sequence[ServiceEvent]:
    return events if len(events) == 1 else (events[0], events[-1])


def quote(text: str) -> str:
    """A program's own words, cut, and so that they cannot end the quotation themselves."""
    said = plain(text, QUOTED_CHARS).replace("“", "'").replace("”", "'")
    return f"“{said}”"


def say_events(events: Sequence[ServiceEvent]) -> str:
    """The units, those with most events first."""
    counts: dict[str, int] = {}
    for event in events:
        counts[event.unit] = counts.get(event.unit, 0) + 1
    names = sorted(counts, key=lambda name: -counts[name])
    more = [f"{len(names) - NAMED_UNITS} others"] if len(names) > NAMED_UNITS else []
    *most, last = [*names[:NAMED_UNITS], *more]
    return f"{'; '.join(most)} and {last}" if most else last


def say_rhythm(events: Sequence[ServiceEvent]) -> str:
    """`16 times in 9 min, every 41 s, last at 21:55:43 UTC on 22 Nov`."""
    times = "once" if len(events) == 1 else f"{len(events)} times"
    stamps = sorted(event.wall for event in events if event.wall is not None)
    if not stamps:
        return times
    last = f"at {say_moment(Moment(wall=stamps[-1]))}"
    if len(stamps) < RHYTHM_AT_LEAST:
        return f"{times}, last {last}" if len(events) > 1 else f"{times}, {last}"
    return (
        f"{times} in {_say_span(stamps[-1] - stamps[0])}, every "
        f"{_say_seconds(statistics.median(gaps_s(stamps)))}, last {last}"
    )


def _say_span(span: timedelta) -> str:
    seconds = span.total_seconds()
    return f"{seconds / 60:.0f} min" if seconds >= 120 else _say_seconds(seconds)


def _say_seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def say_setting(evidence: Evidence, events: Sequence[ServiceEvent], setting: str) -> str:
    """` (TimeoutStopSec 10s)`, as systemd shows the unit's setting."""
    unit = settings_of(evidence, events[0])
    value = unit.properties.get(setting) if unit else None
    return (
        f" ({setting.replace('USec', 'Sec')} {value})"
        if value and value not in ("infinity", "0")
        else ""
    )
