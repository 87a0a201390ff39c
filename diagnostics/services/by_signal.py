"""What the rules on signals share: ends by one signal, as systemd and others tell them, and what
the kernel says of the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from signal import Signals

from diagnostics.confidence import (
    ENDS_NOT_SEEN,
    of_kernels_lines,
)
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_events import Said, Wording
from diagnostics.facts.oom_lines import COMM_CHARS
from diagnostics.facts.service_journal import ServiceEvent
from diagnostics.kernel_lines import kernel_lines
from diagnostics.model import Citation, Finding, Outcome, Unknown
from diagnostics.recent import is_recent, say_moment
from diagnostics.services.ends import BY_SHELL, is_at, settings_of, wrapped_signal
from diagnostics.services.service_case import BELIEVED, Told, by_systemd, finding, journal_of

KERNEL = "the kernel"


def by_signal(
    evidence: Evidence, told: Told, number: Signals, kernel_says: Sequence[Wording] = ()
) -> Outcome:
    """One finding for all ends by this signal, or by a shell's exit status that stands for it.

    Where the kernel confirms those that no service can have written, what others wrote is told
    apart: it is not confirmed by that.

    `kernel_says`: the lines by which the kernel says the same. Where nobody could see how services
    ended, that line alone is `likely`.
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
    kernel_says: Sequence[Wording],
) -> Finding:
    if all(event.signal is None for event in ends):
        why = (
            f"Status {BY_SHELL + number} stands for {number.name}: of a script or a container, "
            f"in which it ended a process. {told.why}"
        )
        told = replace(told, did=f"ended with status {BY_SHELL + number}", why=why)
    return finding(evidence, told, ends, _of_kernel(evidence, ends, kernel_says))


def _kernel_lines(evidence: Evidence, kernel_says: Sequence[Wording]) -> tuple[Said, ...]:
    """What counts of the lines by which the kernel says so, in the order of the log."""
    found = [kernel_lines(evidence, wording) for wording in kernel_says]
    lines = [line for said in found if not isinstance(said, Unknown) for line in said]
    recent = (line for line in lines if is_recent(evidence, line.event.wall))
    return tuple(sorted(recent, key=lambda line: line.event.citation.line))


def _by_kernel(evidence: Evidence, told: Told, number: Signals, said: Sequence[Said]) -> Finding:
    """The kernel logs a fault of a process that does not handle it, and so ends by it."""
    ends = [
        ServiceEvent(
            f"{line.found['comm']}, pid {line.found['pid']}",
            None,
            line.event.wall,
            line.event.text,
            line.event.citation,
            code="killed",
            status=number,
            teller=KERNEL,
        )
        for line in said
    ]
    judged = of_kernels_lines([line.event for line in said], ENDS_NOT_SEEN)
    told = replace(told, is_end=False, did=f"{told.did}{_since_boot(said)}")
    return finding(evidence, told, ends, (), judged=judged)


def _since_boot(said: Sequence[Said]) -> str:
    """When, where only the time since boot is known; other times `finding` tells."""
    at = said[-1].event.at
    if at is None or at.wall is not None:
        return ""
    return f"{', last' if said[1:] else ''} at {say_moment(at)}"


def _of_no_service(said: Sequence[Said]) -> Unknown:
    event, found = said[-1]
    return Unknown(
        f"the kernel logged that {found['comm']}, pid {found['pid']}, met it (line "
        f"{event.citation.line}), but no end of a service by it was recorded"
    )


def _of_kernel(
    evidence: Evidence, ends: Sequence[ServiceEvent], kernel_says: Sequence[Wording]
) -> tuple[Citation, ...]:
    """The last line of the kernel's that says so, at the time of one of the ends, and of a process
    with that service's name: at the same time another one may have crashed.
    """
    own = [end for end in ends if end.signal is not None and end.teller in BELIEVED]
    same = [
        line.event
        for line in _kernel_lines(evidence, kernel_says)
        if any(
            is_at(end.wall, line.event.wall) and _is_named(evidence, line.found["comm"], end)
            for end in own
        )
    ]
    return tuple(event.citation for event in same[-1:])


def _is_named(evidence: Evidence, comm: str, end: ServiceEvent) -> bool:
    """Whether a process of that name may be the end's: that of its unit, or of a program in its
    ExecStart, where that is known.
    """
    unit = settings_of(evidence, end)
    if unit is None or not unit.exec_start:
        return True
    programs = [word.rpartition("/")[2] for word in unit.exec_start]
    return comm in {name[:COMM_CHARS] for name in (end.unit.rpartition(".")[0], *programs)}
