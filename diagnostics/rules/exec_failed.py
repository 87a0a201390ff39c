"""exec-failed: the program of a service could not be started at all.

Fires when systemd logged an exit status that only its own set-up of a process gives (200 to 245,
203 where execve(2) failed); that is systemd's own word, so it is `confirmed`. Exit status 126 or
127, by which shells say the same, makes it `likely`.
Stays clear when no such end is in systemd's journal. Cannot tell when that cannot be read.
Looks like, but is not: a program that starts and exits with a status of its own, which is
application-exit.

systemd: src/basic/exit-status.c; systemd.exec(5), Process Exit Codes. Shells: POSIX sh, 2.8.2.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.confidence import of_own_decision, of_record
from diagnostics.evidence import Evidence
from diagnostics.facts.service_journal import SYSTEMD, ServiceEvent
from diagnostics.model import Finding, Outcome, Remedy, Unknown
from diagnostics.services.service_case import Told, finding, journal_of

CODE = "exec-failed"
NAME = "program cannot start"
BY_SYSTEMD = range(200, 246)
NUMA_POLICY = 242  # numa-node-missing tells of that one
BY_SHELL = {126: "the command cannot be executed", 127: "the command was not found"}
SET_UP = {  # systemd.exec(5); those that people meet
    200: "changing to its working directory",
    203: "executing its program (does it exist, is it executable, is it for this machine?)",
    209: "opening its standard output",
    216: "changing to its group",
    217: "changing to its user (does it exist?)",
    218: "dropping capabilities",
    226: "setting up its mount namespace (do its paths exist?)",
    228: "loading its seccomp filter",
    233: "setting up its runtime directory",
    238: "setting up its state directory",
    243: "loading its credentials",
}


def check(evidence: Evidence) -> Outcome:
    """One finding for each exit status, or why there is none."""
    journal = journal_of(evidence)
    if isinstance(journal, Unknown):
        return journal
    failed: dict[int, list[ServiceEvent]] = {}
    for event in journal.ends:
        if (
            event.code == "exited"
            and event.status is not None
            and _is_of_set_up(event, event.status)
        ):
            failed.setdefault(event.status, []).append(event)
    if not failed:
        return journal.nothing
    return tuple(_finding(evidence, status, events) for status, events in failed.items())


def _is_of_set_up(event: ServiceEvent, status: int) -> bool:
    return (
        event.teller == SYSTEMD and status in BY_SYSTEMD and status != NUMA_POLICY
    ) or status in BY_SHELL


def _finding(evidence: Evidence, status: int, events: Sequence[ServiceEvent]) -> Finding:
    by_shell = BY_SHELL.get(status)
    why = (
        f"A shell says by status {status} that {by_shell}."
        if by_shell
        else f"What failed is {SET_UP.get(status, 'its set-up')}."
    )
    told = Told(
        code=CODE,
        headline=f"its program could not be started (status {status})",
        did=f"could not be started (exit status {status})",
        why=why,
        remedy=Remedy(
            action="mend-the-command",
            says=(
                "Look at the unit's ExecStart, User and paths; the journal names the file just "
                "before (“Failed at step”)."
            ),
            because="It never ran, so memory and signals have nothing to do with it.",
        ),
    )
    return finding(
        evidence,
        told,
        events,
        (),
        judged=of_record((), events[-1].teller)
        if by_shell
        else of_own_decision([event.citation for event in events]),
    )
