"""abort: a program ended itself by SIGABRT.

Fires when systemd logged an end by SIGABRT that its watchdog did not send, or exit status 134. It
is `likely`: that it ended so is systemd's word, why is in the program's own last words.
Stays clear when no such end is in systemd's journal. Cannot tell when that cannot be read.
Looks like, but is not: watchdog-kill, where systemd sends the signal; a failed allocation
(std::bad_alloc) ends so too, and is no OOM kill.

C library: abort(3). systemd: src/core/service.c.
"""

from __future__ import annotations

from signal import Signals

from diagnostics.evidence import Evidence
from diagnostics.model import Outcome, Remedy
from diagnostics.services.by_signal import by_signal
from diagnostics.services.service_case import Told

CODE = "abort"
TOLD = Told(
    code=CODE,
    headline="ended itself by SIGABRT (abort)",
    did="ended itself by SIGABRT",
    why=(
        "An assertion, a broken heap or an exception that nobody caught: the program says which "
        "in its last words."
    ),
    remedy=Remedy(
        action="read-its-last-words",
        says="Read its own log just before the end, and the core dump (coredumpctl).",
        because=(
            "An allocation that failed under a limit (LimitAS=, overcommit) ends so without "
            "any OOM kill."
        ),
    ),
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all services, or why there is none."""
    return by_signal(evidence, TOLD, Signals.SIGABRT)
