"""How sure a finding is: the one judge. Each answer comes with its caveat: why it is not more.

    confirmed  the kernel or systemd says so itself, in records that no service can write, and
               something else that they keep agrees
    likely     one such record, or a complete report whose numbers agree
    possible   less: a report that is not complete or at odds with itself, a program's words that
               leave it open

Of a kill that is: a complete report (`is_complete`) whose own numbers show the cause, each line
that is counted stating facility kern, and a second sign (`second_signs`, or a rule's own) that does
not come from the log's text.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from diagnostics.evidence import Evidence
from diagnostics.facts.counters import Counters
from diagnostics.facts.kernel_events import KernelEvent
from diagnostics.facts.oom_report import OomReport
from diagnostics.facts.service_journal import UNIT_OOM, ServiceEvent, ServiceJournal
from diagnostics.model import Citation, Confidence, Judgement, Kill

# the main process is reaped within seconds; longer on a thrashing host
SYSTEMD_NOTICES_WITHIN = timedelta(seconds=10)
NOT_PROVEN = (
    "The text does not state which lines are the kernel's own (“dmesg -x” does). Any process that "
    "may write to the log could have written them."
)
NO_SECOND_SIGN = (
    "The kernel wrote these lines. What would confirm them stands beside the log, on the "
    "host itself: its counter of OOM kills, systemd's own record, live memory policies."
)
ENDS_NOT_SEEN = "The kernel logged it; whether a service ended of it was not seen."
OF_A_FILE = (
    "A log file does not prove who wrote its lines; `sevbot diagnose HOST` asks the host itself, "
    "which can confirm it."
)
NOT_COMPLETE = (
    "The report around the kill is not complete, or it names another victim than the kill line."
)
ONE_SIGN = "{} recorded it; nothing else that was collected says the same."
NO_RECORD = "The record of it itself was not seen."
OWN_WORD = "What it met is the program's own word."


@dataclass(frozen=True)
class Numbers:
    """What a report's own numbers say of a cause. `because` is why they do not show it, or why they
    make it likely at most.
    """

    agree: bool
    because: str | None = None


AGREE = Numbers(agree=True)


def of_kills(
    reports: Sequence[OomReport], signs: Sequence[Citation], numbers: Callable[[OomReport], Numbers]
) -> Judgement:
    """Of kills for one cause, each with its report; `signs` are independent of the log. The first
    report is the one to tell of.
    """
    told = [numbers(report) for report in reports]
    agreeing = [
        said
        for report, said in zip(reports, told, strict=True)
        if is_complete(report) and said.agree
    ]
    if not agreeing:
        return Judgement(
            Confidence.POSSIBLE,
            told[0].because if not told[0].agree and told[0].because else NOT_COMPLETE,
        )
    because = [agreeing[0].because] if all(said.because for said in agreeing) else []
    because += [] if all(report.from_kernel for report in reports) else [NOT_PROVEN]
    because += [] if because or signs else [NO_SECOND_SIGN]
    return Judgement(Confidence.LIKELY, " ".join(filter(None, because))) if because else _CONFIRMED


def of_record(signs: Sequence[Citation], teller: str) -> Judgement:
    """Of ends that one teller recorded, and `signs` that others did, too."""
    return _CONFIRMED if signs else Judgement(Confidence.LIKELY, ONE_SIGN.format(teller))


def of_own_decision(records: Sequence[Citation]) -> Judgement:
    """The kernel or systemd did it itself, and these are its own records of it: a fork refused, a
    start given up, a boot.
    """
    return _CONFIRMED if records else Judgement(Confidence.LIKELY, NO_RECORD)


def of_kernels_lines(events: Sequence[KernelEvent], lacks: str | None = None) -> Judgement:
    """What the kernel did itself and logged: proven by a line that states that it is the kernel's
    and that the host itself gave. `lacks` is what the lines leave open.
    """
    if not any(event.is_proven for event in events):
        return Judgement(Confidence.LIKELY, OF_A_FILE)
    return Judgement(Confidence.LIKELY, lacks) if lacks else _CONFIRMED


def of_own_words(lacks: str | None = None) -> Judgement:
    """A program's own words for what it met, which agree with what the host shows; `lacks` is what
    they leave open.
    """
    return (
        Judgement(Confidence.POSSIBLE, lacks) if lacks else Judgement(Confidence.LIKELY, OWN_WORD)
    )


def of_coincidence(caveat: str, *, agrees: bool = True) -> Judgement:
    """Things that were seen at the same time, or one thing seen twice; `agrees` where something
    else fits, too.
    """
    return Judgement(Confidence.LIKELY if agrees else Confidence.POSSIBLE, caveat)


_CONFIRMED = Judgement(Confidence.CONFIRMED, None)


def is_complete(report: OomReport) -> bool:
    """Who asked, who was killed and how large it was are there, and the summary names the victim of
    the kill line.

    A kernel before 5.0 prints no summary; its kill line begins with `Killed process`, without what
    ran out.
    """
    if report.header is None or not report.kill_lines:
        return False
    if report.summary is None:
        return report.kill_lines[0].text.startswith("Killed process")
    return report.kills[0].task.pid == report.summary.victim.pid


def second_signs(evidence: Evidence, kills: Sequence[Kill]) -> tuple[Citation, ...]:
    """Signs of these kills that are independent of the log's text and that no service can write."""
    signs: list[Citation] = []
    counters = evidence.get(Counters)
    if (
        isinstance(counters, Counters)
        and counters.citation
        and (counters.oom_kill or 0) >= len({k.task.pid for k in kills})
    ):
        signs.append(counters.citation)
    journal = evidence.get(ServiceJournal)
    events = journal.events if isinstance(journal, ServiceJournal) else ()
    noticed = next((event for event in events for kill in kills if _noticed(event, kill)), None)
    if noticed:
        signs.append(noticed.citation)
    return tuple(signs)


def _noticed(event: ServiceEvent, kill: Kill) -> bool:
    """Whether systemd saw this kill: the same unit, just after, and if it was an exit then by
    SIGKILL.
    """
    if (
        event.unit != kill.task.unit
        or event.wall is None
        or kill.at is None
        or kill.at.wall is None
    ):
        return False
    if event.message_id != UNIT_OOM and event.signal != signal.SIGKILL:
        return False
    return abs(event.wall - kill.at.wall) <= SYSTEMD_NOTICES_WITHIN
