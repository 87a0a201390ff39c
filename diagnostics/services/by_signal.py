"""What the rules on signals share: ends by one signal, as systemd and others tell them, and what
the kernel says of the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from signal import Signals

from diagnostics.confidence import (
    ENDS_NOT_SEEN,
    SYSTEMD_NOTICES_WITHIN,
    of_kernels_lines,
)
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_events import KernelEvent
from diagnostics.facts.service_journal import ServiceEvent
from diagnostics.kernel_lines import kernel_lines
from diagnostics.model import Citation, Finding, Outcome, Unknown
from diagnostics.recent import is_recent
from diagnostics.services.ends import BY_SHELL, wrapped_signal
from diagnostics.services.service_case import BELIEVED, Told, by_systemd, finding, journal_of

KERNEL = "the kernel"


def by_signal(
    evidence: Evidence, told: Told, number: Signals, kernel_says: Sequence[Sequence[str]] = ()
) -> Outcome:
    """One finding for all ends by this signal, or by a shell's exit status that stands for it.

    Where the kernel confirms those that no service can have written, what others wrote is told
    apart: it is not confirmed by that.

    `kernel_says`: the words of a line by which the kernel says the same, in several wordings. Where
    nobody could see how services ended, that line alone is `likely`.
    """
    journal, said = journal_of(evidence), _kernel_lines(evidence, kernel_says)
    if isinstance(journal, Unknown):
        return (_by_kernel(evidence, told, number, said),) if said else journal
    ends = [
        event
        for event in journal.ends
        if number in (event.signal, wrapped_signal(event)) and not by_systemd(journal, event)
    ]
    if not ends:
        return journal.nothing if not said else _of_no_service(said)
    own = [end for end in ends if end.teller in BELIEVED]
    others = [end for end in ends if end.teller not in BELIEVED]
    if not others or not _of_kernel(evidence, own, kernel_says):
        return (_by_signal(evidence, told, number, ends, kernel_says),)
    apart = replace(told, headline=f"{told.headline}, as {others[-1].teller} tells")
    return tuple(
        _by_signal(evidence, of_these, number, these, kernel_says)
        for of_these, these in ((told, own), (apart, others))
    )


def _by_signal(
    evidence: Evidence,
    told: Told,
    number: Signals,
    ends: Sequence[ServiceEvent],
    kernel_says: Sequence[Sequence[str]],
) -> Finding:
    if all(event.signal is None for event in ends):
        why = (
            f"Status {BY_SHELL + number} stands for {number.name}: of a script or a container, "
            f"in which it ended a process. {told.why}"
        )
        told = replace(told, did=f"ended with status {BY_SHELL + number}", why=why)
    return finding(evidence, told, ends, _of_kernel(evidence, ends, kernel_says))


def _kernel_lines(
    evidence: Evidence, kernel_says: Sequence[Sequence[str]]
) -> tuple[KernelEvent, ...]:
    """What counts of the lines by which the kernel says so, in the order of the log."""
    found = [kernel_lines(evidence, *words) for words in kernel_says]
    lines = {event for events in found if not isinstance(events, Unknown) for event in events}
    recent = (event for event in lines if is_recent(evidence, event.wall))
    return tuple(sorted(recent, key=lambda event: event.citation.line))


def _by_kernel(
    evidence: Evidence, told: Told, number: Signals, said: Sequence[KernelEvent]
) -> Finding:
    """The kernel logs a fault of a process that does not handle it, and so ends by it."""
    ends = [
        ServiceEvent(
            f"{event.task.comm}, pid {event.task.pid}" if event.task else "a process",
            None,
            event.wall,
            event.text,
            event.citation,
            code="killed",
            status=number,
            teller=KERNEL,
        )
        for event in said
    ]
    judged = of_kernels_lines(said, ENDS_NOT_SEEN)
    return finding(evidence, replace(told, is_end=False), ends, (), judged=judged)


def _of_no_service(said: Sequence[KernelEvent]) -> Unknown:
    whose = said[-1].task
    who = f"that {whose.comm}, pid {whose.pid}," if whose else "that a process"
    return Unknown(
        f"the kernel logged {who} met it (line {said[-1].citation.line}), but of no service that "
        "ended so"
    )


def _of_kernel(
    evidence: Evidence, ends: Sequence[ServiceEvent], kernel_says: Sequence[Sequence[str]]
) -> tuple[Citation, ...]:
    """The last line of the kernel's that says so, at the time of one of the ends."""
    stamps = [
        end.wall
        for end in ends
        if end.wall is not None and end.signal is not None and end.teller in BELIEVED
    ]
    lines = _kernel_lines(evidence, kernel_says)
    same = [
        line
        for line in lines
        if any(abs(stamp - line.wall) <= SYSTEMD_NOTICES_WITHIN for stamp in stamps if line.wall)
    ]
    return tuple(line.citation for line in same[-1:])
