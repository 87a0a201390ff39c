"""bus-error: a program touched mapped memory that nothing is behind, and SIGBUS ended it.

Fires when systemd logged an end by SIGBUS, or exit status 135. It is `likely`: that it ended so is
systemd's word, what was behind the mapping is not seen.
Stays clear when no such end is in systemd's journal. Cannot tell when that cannot be read.
Looks like, but is not: hardware-memory-error, for which the kernel logs a memory failure; a
segfault.

Kernel: mm/filemap.c filemap_fault, mm/hugetlb.c hugetlb_fault. systemd: src/core/service.c.
"""

from __future__ import annotations

from signal import Signals

from diagnostics.evidence import Evidence
from diagnostics.model import Outcome, Remedy
from diagnostics.services.by_signal import by_signal
from diagnostics.services.service_case import Told

CODE = "bus-error"
TOLD = Told(
    code=CODE,
    headline="crashed by SIGBUS (bus error)",
    did="crashed by SIGBUS",
    why="A file that it maps was cut short, the file system behind it is full, or there was no "
    "huge page left on the nodes that it may use.",
    remedy=Remedy(
        action="check-the-mapping",
        says=(
            "Look for files that shrank while mapped, for full file systems (df, also "
            "/dev/shm), and for huge pages of the node."
        ),
        because="The core dump (coredumpctl) names the mapping.",
    ),
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all services, or why there is none."""
    return by_signal(evidence, TOLD, Signals.SIGBUS)
