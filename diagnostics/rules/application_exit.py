"""application-exit: a service ended by itself, with an exit status of its own.

Fires when systemd logged that a main process exited with a status that stands for neither a signal
(above 128) nor a failed start (126, 127, 200 to 245). It is `likely`: that it exited is systemd's
word, why is the program's own, and its last lines are quoted, redacted.
Stays clear when no such end is in systemd's journal. Cannot tell when that cannot be read.
Looks like, but is not: a kill of any kind, since no signal was involved.

systemd: src/core/service.c, service_sigchld_event.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.confidence import of_record
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_log import KernelLog, kills_of
from diagnostics.facts.last_words import LastWords, Line
from diagnostics.facts.service_journal import ServiceEvent
from diagnostics.model import Finding, Outcome, Remedy, Unknown
from diagnostics.services.service_case import Told, finding, journal_of, may_be_by_oom_killer, quote

CODE = "application-exit"
NAME = "program's own exit"
OWN = range(1, 126)  # above are those of shells, of signals and of systemd's own set-up
ALSO_OWN = (255,)
MOST_QUOTED = 3


def check(evidence: Evidence) -> Outcome:
    """One finding for each status, or why there is none."""
    journal = journal_of(evidence)
    if isinstance(journal, Unknown):
        return journal
    ended: dict[int, list[ServiceEvent]] = {}
    for event in journal.ends:
        if (
            event.code == "exited"
            and event.status is not None
            and (event.status in OWN or event.status in ALSO_OWN)
        ):
            ended.setdefault(event.status, []).append(event)
    if not ended:
        return journal.nothing
    return tuple(_finding(evidence, status, events) for status, events in ended.items())


def _met_the_oom_killer(evidence: Evidence, events: Sequence[ServiceEvent]) -> bool:
    """A process that loses a child to it often gives up by itself."""
    log = evidence.get(KernelLog)
    kills = kills_of(log.reports) if isinstance(log, KernelLog) else ()
    return any(event.oom_killed or may_be_by_oom_killer(kills, event) for event in events)


def _finding(evidence: Evidence, status: int, events: Sequence[ServiceEvent]) -> Finding:
    words = evidence.get(LastWords)
    lines = (
        words.before(events[-1].unit, events[-1].wall)[-MOST_QUOTED:]
        if isinstance(words, LastWords)
        else ()
    )
    told = _told(status, lines, oom=_met_the_oom_killer(evidence, events))
    return finding(
        evidence,
        told,
        events,
        [line.citation for line in lines],
        judged=of_record((), events[-1].teller),
    )


def _told(status: int, lines: Sequence[Line], *, oom: bool) -> Told:
    quoted = " ".join(quote(line.text) for line in lines)
    why = (
        "An OOM kill beside it may be why the program gave up"
        if oom
        else "No signal ended it: the program gave up"
    )
    said = f"Its last words were: {quoted}" if lines else "It says why in its own log, if anywhere."
    return Told(
        code=CODE,
        headline=f"the program exits by itself with status {status}",
        did=f"exited by itself with status {status}",
        why=f"{why}. {said}",
        remedy=Remedy(
            action="read-its-log",
            says=(
                "Read the last lines of its own log before each exit (journalctl -u UNIT): "
                "configuration, ports, dependencies."
            ),
            because="The OOM kill is told by itself."
            if oom
            else "Memory limits and kills can be left aside.",
        ),
    )
