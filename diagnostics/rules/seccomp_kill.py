"""seccomp-kill: a program made a system call that its filter forbids, and SIGSYS ended it.

Fires when systemd logged an end by SIGSYS, or exit status 159. It is `confirmed` where the kernel's
audit line (type 1326) is there too, `likely` on systemd's record alone.
Where how services ended could not be seen, as in a log file, the kernel's line alone makes it
`likely`.
Stays clear when no such end is in systemd's journal. Cannot tell when that cannot be read.
Looks like, but is not: a call that is refused with an error, which kills nobody.

Kernel: kernel/seccomp.c; systemd: SystemCallFilter= in systemd.exec(5).
"""

from __future__ import annotations

import re
from signal import Signals

from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_events import Wording
from diagnostics.model import Outcome, Remedy
from diagnostics.services.by_signal import by_signal
from diagnostics.services.service_case import Told

CODE = "seccomp-kill"
NAME = "system call filter"
FORBIDDEN = Wording(  # AUDIT_SECCOMP; of a call that was only logged, sig is 0
    "type=1326",
    re.compile(
        r"^(?:audit: )?type=1326 audit\([\d.:]{1,40}\):(?: .{0,400}?)? pid=(?P<pid>\d{1,9}) "
        r"comm=\"?(?P<comm>[^\"\s]{1,32})\"? exe=(?:\"[^\"]*\"|[0-9A-F]+|\(null\)) "
        rf"sig={Signals.SIGSYS:d} "
    ),
)
KERNEL_SAYS = (FORBIDDEN,)
TOLD = Told(
    code=CODE,
    headline="killed by its system call filter (SIGSYS)",
    did="was killed by SIGSYS",
    why=(
        "It made a system call that its filter forbids: SystemCallFilter= of the unit, or that "
        "of the container."
    ),
    remedy=Remedy(
        action="allow-the-call",
        says=(
            "Find the call (syscall= in the kernel's audit line) and allow it in "
            "SystemCallFilter=, or in the container's profile."
        ),
        because="A new version of a program or of libc often begins to use another call.",
    ),
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all services, or why there is none."""
    return by_signal(evidence, TOLD, Signals.SIGSYS, KERNEL_SAYS)
