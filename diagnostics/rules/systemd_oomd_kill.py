"""systemd-oomd-kill: systemd-oomd killed a cgroup, ahead of the kernel's OOM killer.

Fires when systemd logged of a unit that systemd-oomd killed it, or systemd-oomd logged that it did.
It is `confirmed` where both did, or where an end by SIGKILL of the same unit follows within
seconds, `likely` on one of them alone.
Stays clear when systemd's journal has no such record. Cannot tell when that cannot be read.
Looks like, but is not: an OOM kill of the kernel's, of which no line is in the kernel log then.

systemd: src/oom/oomd-manager.c; src/core/unit.c, unit_check_oomd_kill; systemd-oomd.service(8).
"""

from __future__ import annotations

import re
from signal import Signals

from diagnostics.evidence import Evidence
from diagnostics.facts.daemon_journal import DaemonEvent
from diagnostics.facts.oom_report import unit_of_cgroup
from diagnostics.facts.service_journal import OOMD_KILL, ServiceEvent
from diagnostics.model import Outcome, Remedy, Unknown
from diagnostics.services.ends import is_near
from diagnostics.services.service_case import (
    Told,
    daemon_events,
    end_of,
    finding,
    following,
    journal_of,
)

CODE = "systemd-oomd-kill"
NAME = "kill by systemd-oomd"
_KILLED = re.compile(r"Killed (\S+) due to (memory .*)")
REMEDY = Remedy(
    action="tune-oomd",
    says=(
        "Find what used the memory; if the unit is to be spared, set "
        "ManagedOOMPreference=avoid, or a higher limit in oomd.conf."
    ),
    because="systemd-oomd acts on pressure and on swap, before memory is quite used up.",
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all units, or why there is none."""
    journal = journal_of(evidence)
    if isinstance(journal, Unknown):
        return journal
    told = [event for event in journal.events if event.message_id == OOMD_KILL]
    own = [end for event in daemon_events(evidence, "systemd-oomd") if (end := _killed(event))]
    events = told or own
    if not events:
        return journal.nothing
    signs = [event for event in own if told and any(is_near(event, other) for other in told)]
    signs += following(events, journal.ended_by({Signals.SIGKILL}))
    why = (
        f"systemd-oomd says: {own[-1].text}."
        if own
        else "It kills for memory pressure, or when swap is used up."
    )
    said = Told(
        code=CODE,
        headline="killed by systemd-oomd",
        did="was killed by systemd-oomd (SIGKILL)",
        why=why,
        remedy=REMEDY,
    )
    return (finding(evidence, said, events, [event.citation for event in signs[:2]]),)


def _killed(event: DaemonEvent) -> ServiceEvent | None:
    """What systemd-oomd says of a kill, as an event of the unit."""
    found = _KILLED.match(event.text)
    if found is None:
        return None
    of_user = "/user@" in found[1]  # a unit of a user's own may be called like one of the system's
    return end_of(event, found[1] if of_user else unit_of_cgroup(found[1]) or found[1])
