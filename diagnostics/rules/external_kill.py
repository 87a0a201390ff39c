"""external-kill: somebody had systemd send SIGKILL to a service.

Fires when systemd logged that it sent SIGKILL on a client's request (systemctl kill). It is `confirmed` where the end by SIGKILL of the
same service follows within seconds, `likely` on the request alone.
Stays clear when no such record is in systemd's journal: then a SIGKILL that nobody logged may still have come from anywhere, which is
what sigkill-not-by-kernel tells of. Cannot tell when the journal cannot be read.
Looks like, but is not: an OOM kill; a stop that timed out.

systemd: src/core/unit.c, unit_kill_common.
"""

from __future__ import annotations

from signal import Signals

from diagnostics.evidence import Evidence
from diagnostics.model import Clear, Outcome, Remedy, Unknown
from diagnostics.rules.service_case import NOT_LOGGED, Told, finding, journal_of, near

CODE = "external-kill"


def check(evidence: Evidence) -> Outcome:
    """One finding for all services, or why there is none."""
    journal = journal_of(evidence)
    if isinstance(journal, Unknown):
        return journal
    asked = [event for event in journal.saying("on client request") if "Sent signal SIGKILL " in event.text]
    if not asked:
        return Clear(NOT_LOGGED)
    killed = near(asked, journal.ended_by({Signals.SIGKILL}))
    told = Told(
        CODE,
        "killed on request (systemctl kill)",
        "was killed by systemd (SIGKILL) on request",
        "Somebody or some program used “systemctl kill” or systemd's D-Bus interface; neither the kernel nor a time-out was behind it.",
        Remedy(
            action="find-who-asked",
            says="Look for who asked: sudo's and the shells' records, deploy tools and cron at that time.",
            because="systemd does not log who its client was.",
        ),
    )
    return (finding(told, asked, tuple(event.citation for event in killed[:1])),)
