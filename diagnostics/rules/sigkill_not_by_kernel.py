"""sigkill-not-by-kernel: a service was ended by SIGKILL, and the kernel's OOM killer did not do it.
It is an answer, never a cause.

Fires when never: who sent the signal is another cause's question.
Stays clear when systemd logged no main process that SIGKILL ended, or when each such end follows an
OOM kill of the same unit, or was systemd's own doing (a time-out, a client's request,
systemd-oomd), of which another cause tells.
Cannot tell when one does not, and the kernel log reaches back: then somebody else sent the signal,
and who is not known. Nor when systemd's journal or the kernel log was not there.
Looks like, but is not: exit status 137, by which a script says that SIGKILL ended a command in it;
such an end counts here too.

Source: systemd's message ids (sd-messages.h); systemd.exec(5).
"""

from __future__ import annotations

import signal

from diagnostics.bundle import Missing
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_log import KernelLog, kills_of
from diagnostics.facts.service_journal import ServiceEvent
from diagnostics.model import Clear, Moment, Outcome, Unknown
from diagnostics.recent import say_moment
from diagnostics.services.ends import wrapped_signal
from diagnostics.services.service_case import (
    at_that_time,
    by_oom_killer,
    by_systemd,
    journal_of,
    may_be_by_oom_killer,
)

CODE = "sigkill-not-by-kernel"
NAME = "SIGKILL from elsewhere"


def check(evidence: Evidence) -> Outcome:
    """Clear or unknown, with the reason."""
    journal, log = journal_of(evidence), evidence.get(KernelLog)
    if isinstance(journal, Unknown):
        return journal
    ended = [
        event for event in journal.ends if signal.SIGKILL in (event.signal, wrapped_signal(event))
    ]
    if not ended:
        return journal.nothing
    if isinstance(log, Missing):
        return Unknown(
            f"{_say(ended)}; whether the OOM killer sent it is in the kernel log, and that "
            f"was not seen ({log.because})",
            saw=True,
        )
    kills = kills_of(log.reports)
    not_killed = [event for event in ended if not by_oom_killer(kills, event)]
    others = [event for event in not_killed if not by_systemd(journal, event)]
    if not others:
        whose = [
            who
            for who, count in (
                ("the OOM killer's", len(ended) - len(not_killed)),
                ("systemd's own", len(not_killed)),
            )
            if count
        ]
        return Clear(
            f"each SIGKILL that ended a service was {' or '.join(whose)} ({len(ended)} of "
            f"{len(ended)})"
        )
    if any(may_be_by_oom_killer(kills, event) for event in others):
        return Unknown(
            f"{_say(others)}; an OOM kill at that time may be what sent it, which is not certain",
            saw=True,
        )
    if sender := at_that_time(evidence, others[-1]):
        return Unknown(
            f"{_say(others)}, and the kernel's OOM killer did not send it; {sender} logged "
            "at that time that it sent a signal",
            saw=True,
        )
    if log.gap:
        return Unknown(f"{_say(others)} without an OOM kill in the log; but {log.gap}", saw=True)
    return Unknown(
        f"{_say(others)}, and the kernel's OOM killer did not send it; who did is not in "
        "what was collected",
        saw=True,
    )


def _say(events: list[ServiceEvent]) -> str:
    """`SIGKILL ended ranker.service 3 times, last at 21:55:44 UTC on 22 Nov`."""
    last = events[-1]
    same = sum(event.unit == last.unit for event in events)
    times = "" if same == 1 else f" {same} times, last"
    more = len({event.unit for event in events}) - 1
    others = (
        f" (and {more} other services)" if more > 1 else " (and another service)" if more else ""
    )
    at = f" at {say_moment(Moment(wall=last.wall))}" if last.wall else ""
    return f"SIGKILL ended {last.unit}{times}{at}{others}"
