"""application-exit: a service ended by itself, with an exit status of its own.

Fires when systemd logged that a main process exited with a status that stands for neither a signal (above 128) nor a failed start (126,
127, 200 to 245). It is `likely`: that it exited is systemd's word, why is in the program's own log.
Stays clear when no such end is in systemd's journal. Cannot tell when that cannot be read.
Looks like, but is not: a kill of any kind, since no signal was involved.

systemd: src/core/service.c, service_sigchld_event.
"""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.facts.service_journal import ServiceEvent
from diagnostics.model import Clear, Confidence, Outcome, Remedy, Unknown
from diagnostics.rules.service_case import NOT_LOGGED, Told, finding, journal_of

CODE = "application-exit"
OWN = range(1, 126)  # above are those of shells, of signals and of systemd's own set-up
ALSO_OWN = (255,)


def check(evidence: Evidence) -> Outcome:
    """One finding for each status, or why there is none."""
    journal = journal_of(evidence)
    if isinstance(journal, Unknown):
        return journal
    ended: dict[int, list[ServiceEvent]] = {}
    for event in journal.ends:
        if event.code == "exited" and event.status is not None and (event.status in OWN or event.status in ALSO_OWN):
            ended.setdefault(event.status, []).append(event)
    if not ended:
        return Clear(NOT_LOGGED)
    return tuple(finding(_told(status), events, (), sure=Confidence.LIKELY) for status, events in ended.items())


def _told(status: int) -> Told:
    return Told(
        CODE,
        f"the program exits by itself with status {status}",
        f"exited by itself with status {status}",
        "No signal ended it: the program gave up, and says why in its own log, if anywhere.",
        Remedy(
            action="read-its-log",
            says="Read the last lines of its own log before each exit (journalctl -u UNIT): configuration, ports, dependencies.",
            because="Memory limits and kills can be left aside.",
        ),
    )
