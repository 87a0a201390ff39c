"""watchdog-kill: a service stopped sending its keep-alive, and systemd aborted it.

Fires when systemd logged a watchdog time-out. It is `confirmed` where the end of the same service
follows within seconds, `likely` on the first record alone.
Stays clear when no such record is in systemd's journal. Cannot tell when that cannot be read.
Looks like, but is not: a crash by SIGABRT of the program's own, which is abort; the kernel's or
hardware's watchdog, which reboot.

systemd: src/core/service.c, service_dispatch_watchdog; WatchdogSec= in systemd.service(5).
"""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.model import Outcome, Remedy, Unknown
from diagnostics.services.service_case import Told, finding, following, journal_of, say_setting

CODE = "watchdog-kill"
NAME = "watchdog"


def check(evidence: Evidence) -> Outcome:
    """One finding for all services, or why there is none."""
    journal = journal_of(evidence)
    if isinstance(journal, Unknown):
        return journal
    hung = journal.saying("Watchdog timeout")
    if not hung:
        return journal.nothing
    ended = following(hung, journal.ends)
    told = Told(
        code=CODE,
        headline="aborted by systemd's watchdog",
        did="was aborted by systemd (SIGABRT), since it sent no keep-alive",
        why=(
            "It had hung, or was kept from running, for longer than its watchdog "
            f"allows{say_setting(evidence, hung, 'WatchdogUSec')}."
        ),
        remedy=Remedy(
            action="find-the-hang",
            says=(
                "Look at the core dump (coredumpctl) for where it hung; raise WatchdogSec= only "
                "if it is slow there by nature."
            ),
            because=(
                "A longer time only hides a hang; a machine that is short of memory or CPU "
                "can cause it too."
            ),
        ),
    )
    return (finding(evidence, told, hung, tuple(event.citation for event in ended[:1])),)
