"""OOM reports out of kernel log lines, by the shape of their text, never by version
(mm/oom_kill.c).

    ranker invoked oom-killer: gfp_mask=0x140dca(...), order=0, oom_score_adj=0  the task that asked
    CPU: 0 PID: 388 Comm: ranker Not tainted 6.1.0-56-cloud-amd64 #1             its thread id
    free:2035976 free_pcp:66 free_cma:0      pages, over all nodes, those not shown included
    Node 1 Normal free:44988kB boost:0kB min:45160kB ... managed:8222888kB       each zone shown
    oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=1,...,task=ranker,pid=388,uid=0   from 5.0
    Out of memory: Killed process 388 (ranker) total-vm:6226908kB, ...           the victim

Every field is optional: a ring buffer loses heads, rate limiting leaves bare kill lines, a cut
takes the tail. A report is what stands between one `invoked oom-killer` and the next; lines that
the kernel did not write (stated facility other than kern) never enter one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from diagnostics.facts.log_lines import Facility, LogLine
from diagnostics.facts.oom_lines import ANYWHERE, BY_FIRST, Draft
from diagnostics.facts.oom_report import OomReport

KEPT_PARTIAL = 8
KEPT_FORGED = 1000


@dataclass
class Odd:
    """Lines beside the reports: `forged` read like a report's, but state that somebody else wrote
    them (the first ones are kept).

    `unread` are those that say that a process was killed, in words that are not known. `stated`: a
    record without a facility is not the kernel's, since in this log the kernel's own state theirs
    (dmesg -x leaves out one that it has no name for).
    """

    stated: bool = False
    forged: list[LogLine] = field(default_factory=list)
    unread: list[LogLine] = field(default_factory=list)

    def forge(self, line: LogLine) -> None:
        """Remember a line that is not the kernel's, if it reads like one of a report."""
        if len(self.forged) < KEPT_FORGED and claims_oom(line):
            self.forged.append(line)


def read_reports(lines: Iterable[LogLine], odd: Odd | None = None) -> Iterator[OomReport]:
    """Every report that begins with a header or names a victim, in the order of the log; lines of
    others enter none.
    """
    odd = odd or Odd()
    draft, partial = Draft(), 0
    # looked up once: this loop sees every line
    takers, kernel, other, stated = BY_FIRST.get, Facility.KERNEL, Facility.OTHER, odd.stated
    for line in lines:
        facility = line.facility
        if facility is not kernel and (stated or facility is other):
            odd.forge(line)
            continue
        text = line.text
        if "\n" in text:
            text = _flat(text)
            line = line._replace(text=text)  # noqa: PLW2901 # one line in a thousand
        for marker, take in takers(text[:1], ANYWHERE):
            if marker not in text:
                continue
            if (following := take(draft, line)) is not None:
                if draft.names_a_victim:
                    yield draft.finished()
                elif partial < KEPT_PARTIAL and draft.is_partial:
                    partial += 1
                    yield draft.finished()
                draft = following
            if facility is not kernel:
                draft.all_stated = False
        if draft.unread is not None:
            odd.unread = odd.unread or [draft.unread]
    if draft.names_a_victim or draft.is_partial:
        yield draft.finished()


def _flat(text: str) -> str:
    """A record of several lines, or one that a mail program wrapped, as one line."""
    return " ".join(part.strip() for part in text.split("\n"))


def claims_oom(line: LogLine) -> bool:
    """Whether a line has the words of an OOM report; used to say that somebody else than the kernel
    wrote some.
    """
    return any(
        words in line.text
        for words in ("invoked oom-killer", "oom-kill:constraint", "Killed process")
    )
