"""hardware-memory-error: a page of memory is broken, and the kernel killed a process that had it.

Fires when the kernel logged that it sent SIGBUS for, or killed a process because of, hardware
memory corruption. It is `confirmed`: the line is the kernel's own.
Stays clear when a kernel log that goes back to boot has no such line. Cannot tell when it cannot be
read or does not go back.
Looks like, but is not: bus-error, where the kernel logs no memory failure. A test that injects one
(madvise(2) MADV_HWPOISON) looks the same.

Kernel: mm/memory-failure.c kill_proc.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from diagnostics.confidence import of_kernels_lines
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_events import COMM, Wording
from diagnostics.kernel_lines import recent_kernel_lines
from diagnostics.model import End, Finding, Moment, Outcome, Remedy, Victim
from diagnostics.recent import say_moment, say_times

CODE = "hardware-memory-error"
NAME = "broken memory"
KILLED = Wording(
    "Memory failure:",
    re.compile(
        r"^Memory failure: (?P<page>0x[0-9a-f]{1,16}): (?:Sending SIGBUS to|Killing"
        rf"|forcibly killing) {COMM}:(?P<pid>\d{{1,9}}) "
    ),
)
KERNEL_SAYS = (KILLED,)
REMEDY = Remedy(
    action="replace-memory",
    says=(
        "Drain the host and have its memory checked (ras-mc-ctl, EDAC, the vendor's log): the "
        "module must be replaced."
    ),
    because=(
        "The page is taken out of use, so a restart works again; but a module that fails "
        "once often fails again."
    ),
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all, or why there is none."""
    killed = recent_kernel_lines(evidence, KILLED)
    if not isinstance(killed, tuple):
        return killed
    event, last = killed[-1]
    task = killed[-1].task
    when = f" at {say_moment(event.at)}" if event.at else ""
    times = f"{say_times(len(killed))}, {'last to' if killed[1:] else 'to'}"
    return (
        Finding(
            code=CODE,
            headline="killed for broken memory (hardware)",
            judged=of_kernels_lines([event for event, _ in killed]),
            story=(
                f"The kernel sent SIGBUS {times} {task.comm}, pid {task.pid}{when}.",
                f"A page of its memory ({last['page']}) is broken, and its content is lost.",
            ),
            citations=tuple(event.citation for event, _ in killed[-2:]),
            victim=Victim(task, None),
            ends=_ends([(line.event.wall, line.task.comm) for line in killed]),
            remedies=(REMEDY,),
        ),
    )


def _ends(killed: Sequence[tuple[datetime | None, str]]) -> tuple[End, ...]:
    """One for each program."""
    names = dict.fromkeys(name for _, name in killed)
    return tuple(
        _end(name, sorted(at for at, other in killed if other == name and at), killed)
        for name in names
    )


def _end(
    name: str, stamps: Sequence[datetime], killed: Sequence[tuple[datetime | None, str]]
) -> End:
    return End(
        unit=name,
        how="SIGBUS",
        teller="the kernel",
        times=sum(other == name for _, other in killed),
        first_at=Moment(wall=stamps[0]) if stamps else None,
        last_at=Moment(wall=stamps[-1]) if stamps else None,
    )
