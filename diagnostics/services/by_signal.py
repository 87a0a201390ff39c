"""What the rules on signals share: ends by one signal, as systemd and others tell them, and what
the kernel says of the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from signal import Signals

from diagnostics.confidence import ENDS_NOT_SEEN, of_coincidence, of_kernels_lines
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
ANOTHERS = (
    "The kernel logged a crash of {comm}, pid {pid}, at that moment; whether it is this "
    "service's is not known."
)


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
    signs = _of_kernel(evidence, ends, kernel_says)
    if signs or not (near := _at_that_time(evidence, ends, kernel_says)):
        return finding(evidence, told, ends, signs)
    whose = near[-1].task
    caveat = ANOTHERS.format(comm=whose.comm, pid=whose.pid)
    return finding(evidence, told, ends, (), judged=of_coincidence(caveat))


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
            line.task.comm,
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
    told = replace(told, is_end=False, did=f"{told.did}{_last_one(said)}")
    return finding(evidence, told, ends, (), judged=judged)


def _last_one(said: Sequence[Said]) -> str:
    """Its pid; and when, where only the time since boot is known: other times `finding` tells."""
    at, pid = said[-1].event.at, said[-1].task.pid
    when = f" at {say_moment(at)}" if at is not None and at.wall is None else ""
    return f" ({'last ' if said[1:] else ''}pid {pid}{when})"


def _of_no_service(said: Sequence[Said]) -> Unknown:
    task, line = said[-1].task, said[-1].event.citation.line
    return Unknown(
        f"the kernel logged that {task.comm}, pid {task.pid}, met it (line {line}), but no "
        "end of a service by it was recorded",
        saw=True,
    )


def _of_kernel(
    evidence: Evidence, ends: Sequence[ServiceEvent], kernel_says: Sequence[Wording]
) -> tuple[Citation, ...]:
    """The last line of the kernel's that says so, at the time of one of the ends, and of a process
    with that service's name: at the same time another one may have crashed.
    """
    near = _at_that_time(evidence, ends, kernel_says)
    same = [line for line in near if any(_is_named(evidence, line.task.comm, end) for end in ends)]
    return tuple(line.event.citation for line in same[-1:])


def _at_that_time(
    evidence: Evidence, ends: Sequence[ServiceEvent], kernel_says: Sequence[Wording]
) -> tuple[Said, ...]:
    own = [end.wall for end in ends if end.signal is not None and end.teller in BELIEVED]
    lines = _kernel_lines(evidence, kernel_says)
    return tuple(line for line in lines if any(is_at(at, line.event.wall) for at in own))


def _is_named(evidence: Evidence, comm: str, end: ServiceEvent) -> bool:
    """Whether a process of that name may be the end's: that of its unit, or of a program in its
    ExecStart, where that is known.
    """
    unit = settings_of(evidence, end)
    if unit is None or not unit.exec_start:
        return True
    programs = [word.rpartition("/")[2] for word in unit.exec_start]
    return comm in {name[:COMM_CHARS] for name in (end.unit.rpartition(".")[0], *programs)}
