"""cpu-limit-kill: a program used up the CPU time that it is allowed, and SIGXCPU ended it.

Fires when systemd logged an end by SIGXCPU, or exit status 152. It is `likely`: that it ended so is
systemd's word, whose limit it was is not seen.
Stays clear when no such end is in systemd's journal. Cannot tell when that cannot be read.
Looks like, but is not: a service that is throttled (CPUQuota=), which goes on slowly.

Kernel: kernel/time/posix-cpu-timers.c check_process_timers; systemd: LimitCPU= in systemd.exec(5).
"""

from __future__ import annotations

from signal import Signals

from diagnostics.evidence import Evidence
from diagnostics.model import Outcome, Remedy
from diagnostics.services.by_signal import by_signal
from diagnostics.services.service_case import Told

CODE = "cpu-limit-kill"
NAME = "CPU time limit"
TOLD = Told(
    code=CODE,
    headline="killed at its limit of CPU time (SIGXCPU)",
    did="was killed by SIGXCPU",
    why="It had used up the CPU time that a process of it may use in its whole life (RLIMIT_CPU).",
    remedy=Remedy(
        action="raise-the-limit",
        says=(
            "Raise or drop LimitCPU= of the unit (or ulimit -t of the script); CPUQuota= is "
            "what limits a share."
        ),
        because="A service that runs long enough reaches any such limit.",
    ),
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all services, or why there is none."""
    return by_signal(evidence, TOLD, Signals.SIGXCPU)
