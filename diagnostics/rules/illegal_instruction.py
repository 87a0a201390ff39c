"""illegal-instruction: a program used an instruction that this CPU does not have, and SIGILL ended
it.

Fires when systemd logged an end by SIGILL, or exit status 132. It is `confirmed` where the kernel
logged the trap too, `likely` on systemd's record alone.
Where how services ended could not be seen, as in a log file, the kernel's line alone makes it
`likely`.
Stays clear when no such end is in systemd's journal. Cannot tell when that cannot be read.
Looks like, but is not: a segfault. A program that ends itself by a trap instruction on purpose ends
so too.

Kernel: arch/x86/kernel/traps.c. systemd: src/core/service.c.
"""

from __future__ import annotations

import re
from signal import Signals

from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_events import COMM, Wording
from diagnostics.model import Outcome, Remedy
from diagnostics.services.by_signal import by_signal
from diagnostics.services.service_case import Told

CODE = "illegal-instruction"
TRAP = Wording(
    "trap invalid opcode",
    re.compile(rf"^traps: {COMM}\[(?P<pid>\d{{1,9}})\] trap invalid opcode ip:"),
)
KERNEL_SAYS = (TRAP,)
TOLD = Told(
    code=CODE,
    headline="crashed by SIGILL (illegal instruction)",
    did="crashed by SIGILL",
    why=(
        "It used an instruction that this CPU does not have, as a build for a newer CPU does; "
        "or it ended itself so."
    ),
    remedy=Remedy(
        action="rebuild-for-this-cpu",
        says=(
            "Compare the CPU of this host (lscpu) with those where it runs; build for the "
            "oldest of them."
        ),
        because="A host that was replaced or migrated may have an older CPU.",
    ),
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all services, or why there is none."""
    return by_signal(evidence, TOLD, Signals.SIGILL, KERNEL_SAYS)
