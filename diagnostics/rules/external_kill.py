"""external-kill: somebody sent SIGKILL to a service, by systemctl kill or by sudo kill.

Fires when systemd logged that it sent SIGKILL on a client's request (systemctl kill). It is
`confirmed` where the end by SIGKILL of the same service follows within seconds, `likely` on the
request alone; and `likely` when a service ended by SIGKILL within seconds of a kill that sudo
logged (no OOM kill, nor systemd's doing), since sudo does not say whom it met.
Stays clear when no such record is in systemd's journal: then a SIGKILL that nobody logged may still
have come from anywhere, which is what sigkill-not-by-kernel tells of. Cannot tell when the journal
cannot be read.
Looks like, but is not: an OOM kill; a stop that timed out.

systemd: src/core/unit.c, unit_kill_common.
"""

from __future__ import annotations

import re
from signal import Signals

from diagnostics.confidence import of_coincidence
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_log import KernelLog, kills_of
from diagnostics.model import Finding, Outcome, Remedy, Unknown
from diagnostics.services.ends import is_at
from diagnostics.services.service_case import (
    Ends,
    Told,
    by_systemd,
    daemon_events,
    finding,
    following,
    journal_of,
    may_be_by_oom_killer,
)

CODE = "external-kill"
NAME = "kill on request"
# what sudo allowed: a refusal says why behind the name; a directory may be called like anything, so
# the last COMMAND counts
_ALLOWED = re.compile(
    r"\s*\S+ : (?:HOST=\S+ ; )?(?:TTY=\S+ ; )?PWD=.* ; USER=\S+ ; (?:GROUP=\S+ ; )?COMMAND=(.*)",
    re.DOTALL,
)
_SENDS_KILL = re.compile(
    r"\S*/(?:kill|pkill|killall) (?:.* )?-(?:9|KILL|SIGKILL|s (?:9|KILL|SIGKILL))\b"
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all services, or why there is none."""
    journal = journal_of(evidence)
    if isinstance(journal, Unknown):
        return journal
    asked = [
        event
        for event in journal.saying("on client request")
        if "Sent signal SIGKILL " in event.text
    ]
    by_sudo = _by_sudo(evidence, journal)
    if not asked:
        return by_sudo or journal.nothing
    killed = following(asked, journal.ended_by({Signals.SIGKILL}))
    told = Told(
        code=CODE,
        headline="killed on request (systemctl kill)",
        did="was killed by systemd (SIGKILL) on request",
        why=(
            "Somebody or some program used “systemctl kill” or systemd's D-Bus interface; "
            "neither the kernel nor a time-out was behind it."
        ),
        remedy=Remedy(
            action="find-who-asked",
            says=(
                "Look for who asked: sudo's and the shells' records, deploy tools and cron at "
                "that time."
            ),
            because="systemd does not log who its client was.",
        ),
    )
    return (finding(evidence, told, asked, tuple(event.citation for event in killed[:1])), *by_sudo)


def _sends_kill(text: str) -> bool:
    allowed = _ALLOWED.fullmatch(text)
    return allowed is not None and _SENDS_KILL.match(allowed[1]) is not None


def _by_sudo(evidence: Evidence, journal: Ends) -> tuple[Finding, ...]:
    """Ends by SIGKILL just after somebody ran kill under sudo with that signal."""
    commands = [event for event in daemon_events(evidence, "sudo") if _sends_kill(event.text)]
    log = evidence.get(KernelLog)
    if not isinstance(log, KernelLog) or log.gap:
        return ()  # it may have been the OOM killer
    kills = kills_of(log.reports)
    ends = [
        end
        for end in journal.ended_by({Signals.SIGKILL})
        if any(is_at(end.wall, event.wall) for event in commands)
        and not by_systemd(journal, end)
        and not may_be_by_oom_killer(kills, end)
    ]
    if not ends:
        return ()
    told = Told(
        code=CODE,
        headline="killed by hand (sudo kill)",
        did="was ended by SIGKILL just after somebody ran kill under sudo",
        why=f"sudo logged: {commands[-1].text.strip()}.",
        remedy=Remedy(
            action="ask-who-it-was",
            says="Ask whom sudo names.",
            because="No limit and no time-out was behind it.",
        ),
    )
    return (
        finding(
            evidence,
            told,
            ends,
            [commands[-1].citation],
            judged=of_coincidence("sudo does not say whom its command met."),
        ),
    )
