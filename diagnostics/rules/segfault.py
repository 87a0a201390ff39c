"""segfault: a program read or wrote memory that is not its own, and SIGSEGV ended it.

Fires when systemd logged an end by SIGSEGV, or exit status 139, by which a shell says that of a
command in it. It is `confirmed` where the kernel logged the fault too, `likely` on systemd's record
alone (somebody may have sent the signal).
Where how services ended could not be seen, as in a log file, the kernel's line alone makes it
`likely`.
Stays clear when no such end is in systemd's journal. Cannot tell when that cannot be read.
Looks like, but is not: an OOM kill, which is SIGKILL; an abort, by which a program ends itself.

Kernel: arch/x86/mm/fault.c show_signal_msg. systemd: src/core/service.c.
"""

from __future__ import annotations

import re
from signal import Signals

from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_events import COMM, Wording
from diagnostics.model import Outcome, Remedy
from diagnostics.services.by_signal import by_signal
from diagnostics.services.service_case import Told

CODE = "segfault"
NAME = "segmentation fault"
FAULT = Wording(
    "segfault at",
    re.compile(rf"^{COMM}\[(?P<pid>\d{{1,9}})\]: segfault at [0-9a-f]{{1,16}} ip "),
)
PROTECTION = Wording(  # the kernel's own oops begins with these words, and names no process
    "general protection",
    re.compile(rf"^traps: {COMM}\[(?P<pid>\d{{1,9}})\] general protection(?: fault)? ip:"),
)
KERNEL_SAYS = (FAULT, PROTECTION)
TOLD = Told(
    code=CODE,
    headline="crashed by SIGSEGV (segmentation fault)",
    did="crashed by SIGSEGV",
    why=(
        "It touched memory that is not its own: a defect of the program or of a library, or a "
        "stack that ran out."
    ),
    remedy=Remedy(
        action="read-the-core",
        says=(
            "Look at the core dump (coredumpctl) for the place; compare with what was deployed "
            "last."
        ),
        because=(
            "The address and the file in the kernel's line tell whether it is always the "
            "same place."
        ),
    ),
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all services, or why there is none."""
    return by_signal(evidence, TOLD, Signals.SIGSEGV, KERNEL_SAYS)
