"""start-timeout-kill: a service did not say in time that it had started, and systemd ended it.

Fires when systemd logged that a start operation timed out. It is `confirmed` where the unit's
failure with result `timeout` was logged too, `likely` on the first record alone.
Stays clear when no such record is in systemd's journal. Cannot tell when that cannot be read.
Looks like, but is not: a crash. The process may be healthy and only slow, or Type=notify without a
notification.

systemd: src/core/service.c, service_dispatch_timer; TimeoutStartSec= and Type= in
systemd.service(5).
"""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.model import Outcome, Remedy, Unknown
from diagnostics.services.service_case import Told, finding, following, journal_of, say_setting

CODE = "start-timeout-kill"
NAME = "start timed out"


def check(evidence: Evidence) -> Outcome:
    """One finding for all services, or why there is none."""
    journal = journal_of(evidence)
    if isinstance(journal, Unknown):
        return journal
    late = journal.saying("start operation timed out. ")
    if not late:
        return journal.nothing
    failed = following(late, (event for event in journal.events if event.result == "timeout"))
    told = Told(
        code=CODE,
        headline="ended by systemd when its start timed out",
        did="was ended by systemd, since its start took too long",
        why="systemd waited for it to be ready until its time was "
        f"up{say_setting(evidence, late, 'TimeoutStartUSec')}. It may be slow, "
        "wait for something, or never say that it is ready (Type=notify).",
        remedy=Remedy(
            action="start-in-time",
            says="Find what the start waits for, or give it longer: TimeoutStartSec= of the unit.",
            because=(
                "Each restart begins from the start again, so a start that is too slow never "
                "ends by itself."
            ),
        ),
    )
    return (finding(evidence, told, late, tuple(event.citation for event in failed[:1])),)
