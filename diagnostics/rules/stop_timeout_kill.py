"""stop-timeout-kill: systemd asked a service to stop, it did not in time, and systemd killed it by
SIGKILL.

Fires when systemd logged that a stop state timed out. It is `confirmed` where a SIGKILL that ended
the same service follows within seconds, `likely` where only the time-out was logged (the process
may have gone by itself just then).
Stays clear when no such record is in systemd's journal. Cannot tell when that cannot be read.
Looks like, but is not: an OOM kill; the kernel logs that one. A start that timed out, which is
start-timeout-kill.

systemd: src/core/service.c, service_dispatch_timer; TimeoutStopSec= in systemd.service(5).
"""

from __future__ import annotations

from signal import Signals

from diagnostics.evidence import Evidence
from diagnostics.model import Outcome, Remedy, Unknown
from diagnostics.services.service_case import Told, finding, following, journal_of, say_setting

CODE = "stop-timeout-kill"
NAME = "stop timed out"
STATES = ("State 'stop-", "State 'final-sig")


def check(evidence: Evidence) -> Outcome:
    """One finding for all services, or why there is none."""
    journal = journal_of(evidence)
    if isinstance(journal, Unknown):
        return journal
    late = [
        event
        for event in journal.saying("timed out. Killing.")
        if any(state in event.text for state in STATES)
    ]
    if not late:
        return journal.nothing
    killed = following(late, journal.ended_by({Signals.SIGKILL}))
    told = Told(
        code=CODE,
        headline="killed by systemd when its stop timed out",
        did="was killed by systemd (SIGKILL), since it did not stop in time",
        why=(
            "It was told to stop (SIGTERM), and was still there when its time was "
            f"up{say_setting(evidence, late, 'TimeoutStopUSec')}."
        ),
        remedy=Remedy(
            action="stop-in-time",
            says="Make it end on SIGTERM, or give it longer: TimeoutStopSec= of the unit.",
            because=(
                "What asked for the stop (a deploy, a person, a dependency) is in the "
                "journal just before."
            ),
        ),
    )
    return (finding(evidence, told, late, tuple(event.citation for event in killed[:1])),)
