"""What the kernel logged: OOM kills, and the records that have the words of other causes; from
sections `kernel-log` (dmesg) and `kernel-journal` (journalctl -k -o json), or from a log file.

The two overlap; a report that stands in both counts once, and the fuller copy is kept. The absence
of a report is an answer only if the log goes back to boot and up to the moment at which the bundle
was taken; a file by itself does not say what came after it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain, islice
from typing import NamedTuple

from diagnostics.bundle import TIMED_OUT, Bundle, Missing, Section
from diagnostics.facts import clock
from diagnostics.facts.kernel_events import KernelEvent, KernelEvents, events_in
from diagnostics.facts.log_lines import LogLine, read_lines, with_plain_messages
from diagnostics.facts.log_regions import LogText, Region, of_text, without_stacks
from diagnostics.facts.oom_reader import Odd, read_reports
from diagnostics.facts.oom_report import OomReport
from diagnostics.model import Citation, Kill

SOURCES = ("kernel-log", "kernel-journal")
HEAD_LINES = 512
KEPT_WHOLE = 8
# a report that names one has some of these words
OF_A_VICTIM = ("illed process", "ill process ", "oom-kill:constraint")
MOST_REPORTS = 50_000  # some 200 MB of memory: a packed file of a few MB can hold millions
SAME_REPORT_S = 2.0
# a ring that still holds a line this early has lost nothing that a service could have caused
FIRST_SECONDS = 5.0
NOT_PERMITTED = (
    "the account may not read the kernel log (kernel.dmesg_restrict=1): add it to group "
    "systemd-journal, or give the probe CAP_SYSLOG (docs/deploy/hosts.md, What the account sees)"
)

# dmesg -x
_STATES = re.compile(r"^(?:kern|user|daemon|syslog|auth|local\d) *:[a-z]+ *: ", re.MULTILINE)


class SourcedReport(NamedTuple):
    """A report and the section it was read from."""

    source: str
    report: OomReport

    def cite(self, line: LogLine) -> Citation:
        """A line of the report, as evidence."""
        return Citation(self.source, line.number, line.raw)


@dataclass(frozen=True)
class KernelLog:
    """Reports in time order; `forged` counts lines that read like a report's but state another
    facility than the kernel's.

    `seen` is false where nothing in the text is a line of a kernel log; `nameless` are the reports
    in which no victim is named, `unread` lines that speak of a kill in words that are not known.
    `cut` says why the text ends before its end. `others` are the records that causes asked for; of
    two sections those of the first that came to its end.
    """

    reports: tuple[SourcedReport, ...]
    since_boot: bool
    until_taken: bool
    seen: bool = True
    forged: int = 0
    nameless: tuple[SourcedReport, ...] = ()
    unread: tuple[Citation, ...] = ()
    cut: str | None = None
    others: KernelEvents = field(default_factory=KernelEvents)

    @property
    def is_whole(self) -> bool:
        """Whether it goes from boot up to the moment at which the bundle was taken."""
        return self.since_boot and self.until_taken

    @property
    def gap(self) -> str | None:
        """Why the absence of a kill is no answer here, or None where it is one."""
        if self.unread:
            return (
                f"line {self.unread[0].line} says that a process was killed, in words that "
                "sevbot does not know: read it by hand"
            )
        if self.nameless and (header := self.nameless[0].report.header):
            return (
                f"an OOM report begins at line {header.number}: its end is lost, or nothing "
                "could be killed (then the kernel panics)"
            )
        if not self.since_boot:
            return (
                "the log does not go back to boot, so an older kill may have been rotated out "
                "of it: look in “journalctl -k” of the host"
            )
        if not self.until_taken:
            return (
                "a file does not say whether it reaches up to the incident (on the machine "
                "itself: sevbot diagnose --local)"
            )
        return None


def kills_of(reports: Iterable[SourcedReport]) -> tuple[Kill, ...]:
    """All kills of these reports, in their order; one report may have many (memory.oom.group)."""
    return tuple(kill for sourced in reports for kill in sourced.report.kills)


def read(bundle: Bundle, words: Sequence[str] = ()) -> KernelLog | Missing:
    """What both sections hold, records with one of the `words` included; Missing where neither
    holds a line of a kernel log. Empty when it tells of no kill and of nothing that was looked
    for.
    """
    booted = clock.booted_at(bundle)
    logs, reasons = [], []
    for name in SOURCES:
        if bundle.host is None and name not in bundle.sections:
            continue  # a log file by itself: nothing else was ever asked for
        section = bundle.get(name)
        log = _read_section(section, booted, words) if isinstance(section, Section) else section
        if isinstance(log, Missing):
            reasons.append(log.because if bundle.host is None else f"{name}: {log.because}")
        else:
            logs.append(log)
    if not logs:
        return Missing("; ".join(reasons))
    return KernelLog(
        reports=_merge(logs),
        since_boot=any(log.since_boot for log in logs),
        until_taken=isinstance(clock.read(bundle), clock.Clock)
        and any(log.until_taken for log in logs),
        forged=sum(log.forged for log in logs),
        nameless=tuple(report for log in logs for report in log.nameless),
        unread=tuple(line for log in logs for line in log.unread),
        others=_others([log.others for log in logs]),
    )


def _others(found: Sequence[KernelEvents]) -> KernelEvents:
    """Those of a section that is whole; else those of both, each once, by their time since boot."""
    if whole := next((each for each in found if each.whole), None):
        return whole
    events: dict[object, KernelEvent] = {}
    for event in (event for each in found for event in each.all):
        boot_s = event.at.boot_s if event.at else None
        key = (round(boot_s, 3), event.text) if boot_s is not None else event.citation
        events.setdefault(key, event)
    dropped = frozenset(word for each in found for word in each.dropped)
    return KernelEvents(
        tuple(sorted(events.values(), key=_event_s)), found[0].words, dropped=dropped
    )


def _event_s(event: KernelEvent) -> float:
    boot_s = event.at.boot_s if event.at else None
    return float("inf") if boot_s is None else boot_s


def _read_section(
    section: Section, booted: datetime | None, words: Sequence[str]
) -> KernelLog | Missing:
    states = _STATES.search(section.text) is not None
    tells_who = states or section.name == "kernel-journal"  # busybox's dmesg does not
    text = of_text(with_plain_messages(section.text), words)
    log = read_log(section.name, text, booted, stated=states)
    if not log.seen:
        return Missing(_why_empty(section))
    others = KernelEvents(
        events_in(
            section.name, text.said.records(), words, booted, must_state=True, from_host=True
        ),
        tuple(words),
        whole=log.since_boot and section.exit == 0 and not section.cut and tells_who,
        dropped=frozenset(text.said.dropped),
    )
    return replace(
        log,
        since_boot=log.since_boot and not section.cut,
        until_taken=section.exit == 0,
        others=others,
    )


def read_file(text: LogText, words: Sequence[str] = ()) -> KernelLog:
    """What a log by itself holds, of no known host and moment; cited as `kernel-log`."""
    log = read_log("kernel-log", text)
    states = _STATES.search(text.head) is not None
    records = text.said.records()
    found = events_in("kernel-log", records, words, None, must_state=states, from_host=False)
    others = KernelEvents(found, tuple(words), dropped=frozenset(text.said.dropped))
    return replace(log, others=others, seen=log.seen or bool(found))


def read_log(
    source: str, log: LogText, booted: datetime | None = None, *, stated: bool = False
) -> KernelLog:
    """All reports of a log, each with its line numbers; of like reports beyond the first few only
    the kill and its limit are kept. Empty where it has none.
    """
    head = list(islice(read_lines(log.head), HEAD_LINES))
    stamped = [line for line in head if line.boot_s is not None or line.wall is not None]
    reports = _Reports(source, booted)
    odd = Odd(stated=stated)
    for region in log.regions:
        if reports.are_enough:
            break
        if reports.wants(region.text):
            reports.take(read_reports(_lines_of(region), odd))
    starts = any("Linux version " in line.text for line in head[:5])
    early = bool(stamped) and stamped[0].boot_s is not None and stamped[0].boot_s <= FIRST_SECONDS
    has_lines = bool(stamped) or any(line.at_prefix for line in head)
    return KernelLog(
        reports=tuple(reports.kept),
        since_boot=starts or early,
        until_taken=False,
        seen=has_lines or bool(reports.kept or reports.nameless),
        nameless=tuple(reports.nameless),
        forged=len(odd.forged),
        unread=tuple(Citation(source, line.number, line.raw) for line in odd.unread),
        cut=reports.cut,
    )


def _lines_of(region: Region) -> Iterator[LogLine]:
    parts = without_stacks(region)
    return chain.from_iterable(read_lines(part.text, part.first_line) for part in parts)


class _Reports:
    """The reports of a text in its order. It may hold two copies of one log (syslog beside dmesg):
    of a report that stands in both the fuller copy is kept. Copies have the same victim and the
    same microseconds since boot.
    """

    def __init__(self, source: str, booted: datetime | None) -> None:
        self.kept: list[SourcedReport] = []
        self.nameless: list[SourcedReport] = []
        self._source = source
        self._booted = booted
        self._alike: Counter[object] = Counter()
        self._places: dict[tuple[float, int, str], int] = {}

    @property
    def are_enough(self) -> bool:
        return len(self.kept) >= MOST_REPORTS

    @property
    def cut(self) -> str | None:
        count = len(self.kept)
        return f"cut: reading ended after {count:,} OOM reports" if self.are_enough else None

    def wants(self, text: str) -> bool:
        """Whether it is worth reading: of headers whose kills are lost a few are enough."""
        few = len(self.nameless) < KEPT_WHOLE
        return few or any(words in text for words in OF_A_VICTIM)

    def take(self, reports: Iterable[OomReport]) -> None:
        for report in reports:
            if report.kills:
                self._add(SourcedReport(self._source, _with_wall(self._kept(report), self._booted)))
            elif len(self.nameless) < KEPT_WHOLE:
                self.nameless.append(SourcedReport(self._source, report.slim()))

    def _kept(self, report: OomReport) -> OomReport:
        """The report, or only its kill and its limit where enough of its kind are kept whole."""
        if not report.rows and not report.zones:
            return report
        comm = report.kills[0].task.comm
        key = (report.constraint, report.nodemask, report.memcg_limited, comm)
        self._alike[key] += 1
        return report if self._alike[key] <= KEPT_WHOLE else report.slim()

    def _add(self, sourced: SourcedReport) -> None:
        kill, place = sourced.report.kills[0], len(self.kept)
        if kill.at is not None and kill.at.boot_s:
            place = self._places.setdefault((kill.at.boot_s, kill.task.pid, kill.task.comm), place)
        if place == len(self.kept):
            self.kept.append(sourced)
        elif _fullness(sourced.report) > _fullness(self.kept[place].report):
            self.kept[place] = sourced


def _why_empty(section: Section) -> str:
    notes = section.notes.lower()
    if any(words in notes for words in ("not permitted", "permission", "not seeing messages")):
        return NOT_PERMITTED
    if section.exit == 127:
        return "the command is not installed on the host"
    if section.exit in TIMED_OUT:
        return "the command did not end in time"
    if section.exit is None:
        return "the output was cut before it ended"
    return (
        "no kernel log line in "
        f"it{f' ({section.notes.strip()[:200]})' if section.notes.strip() else ''}"
    )


def _with_wall(report: OomReport, booted: datetime | None) -> OomReport:
    if booted is None:
        return report
    kills = tuple(
        kill._replace(at=kill.at.at_boot(booted) if kill.at else None) for kill in report.kills
    )
    return report._replace(kills=kills)


def _merge(logs: Sequence[KernelLog]) -> tuple[SourcedReport, ...]:
    """All reports in the order of time; of one that both sections hold, the fuller copy. Within one
    log nothing is left out or moved.
    """
    if len(logs) == 1:
        return logs[0].reports
    kept: list[SourcedReport] = list(logs[0].reports)
    place: dict[tuple[str, int], list[int]] = {}
    for number, sourced in enumerate(kept):
        for kill in sourced.report.kills:
            place.setdefault((kill.task.comm, kill.task.pid), []).append(number)
    for sourced in (sourced for log in logs[1:] for sourced in log.reports):
        names = [(kill.task.comm, kill.task.pid) for kill in sourced.report.kills]
        same = next(
            (n for name in names for n in place.get(name, ()) if _same_time(kept[n], sourced)), None
        )
        if same is None:
            kept.append(sourced)
        elif _fullness(sourced.report) > _fullness(kept[same].report):
            kept[same] = sourced
    return tuple(sorted(kept, key=_boot_s))


def _same_time(one: SourcedReport, other: SourcedReport) -> bool:
    """Whether two copies may be of one report: pids are used again."""
    return (
        _boot_s(one) == float("inf")
        or _boot_s(other) == float("inf")
        or abs(_boot_s(one) - _boot_s(other)) <= SAME_REPORT_S
    )


def _fullness(report: OomReport) -> tuple[bool, int]:
    parts = (
        report.header,
        report.summary,
        report.free_pages,
        report.zones,
        report.tasks,
        report.kill_lines,
    )
    return report.from_kernel, sum(bool(part) for part in parts)


def _boot_s(sourced: SourcedReport) -> float:
    at = sourced.report.kills[0].at
    return at.boot_s if at is not None and at.boot_s is not None else float("inf")
