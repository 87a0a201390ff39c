"""What else the kernel logged than OOM kills: records that have a cause's words, as they stand.

    job[388]: segfault at 0 ip 000055d0c0a0113d ... error 6 in job[...]    arch/x86/mm/fault.c
    traps: job[388] trap invalid opcode ip:401136 ... error:0 in job[...]  arch/x86/kernel/traps.c
    Memory failure: 0x12345: Sending SIGBUS to job:388 due to ...          mm/memory-failure.c
    cgroup: fork rejected by pids controller in /system.slice/job.service  kernel/cgroup/pids.c
    audit: type=1326 audit(1795384138.021:12): ... comm="job" sig=31 ...   kernel/auditsc.c

Which lines are looked for each cause says itself (`KERNEL_SAYS` in its file). A line counts by its
beginning alone: behind it may stand the name of a file or a cgroup, which anybody chooses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from diagnostics.facts.log_lines import Facility, LogLine, read_lines
from diagnostics.facts.log_regions import Record
from diagnostics.model import Citation, Moment, Task

MOST_BELOW = 40  # lines that are kept below a record


# a name as dmesg prints it: what is no ASCII as \\x and two digits, each of the kernel's 15 bytes
COMM = r"(?P<comm>(?:\\x[0-9a-f]{2}|(?!\\x[0-9a-f]{2}).){1,15})"
_ESCAPED = re.compile(r"(?:\\x[0-9a-f]{2})+")


def name_of(comm: str) -> str:
    """The name that dmesg printed so."""
    return _ESCAPED.sub(lambda found: _unescaped(found[0]), comm)


def _unescaped(digits: str) -> str:
    return bytes.fromhex(digits.replace("\\x", "")).decode("utf-8", errors="replace")


@dataclass(frozen=True)
class Wording:
    """A line of the kernel's: the words that a log is searched for, and a pattern of the line from
    its beginning on. Its groups are for the cause; `comm` and `pid` name a process.
    """

    words: str
    line: re.Pattern[str]


class Said(NamedTuple):
    """A line, and what the pattern found in it."""

    event: KernelEvent
    found: re.Match[str]

    @property
    def task(self) -> Task:
        """The process that it names; of a wording with the groups `comm` and `pid`."""
        return Task(name_of(self.found["comm"]), int(self.found["pid"]))


@dataclass(frozen=True)
class KernelEvent:
    """One record of the kernel's, and the texts of those `below` it (at most 40).

    `at` has no wall time where neither the record nor the time of boot is known. `is_proven`: it
    came from the host itself, and states that the kernel wrote it.
    """

    text: str
    at: Moment | None
    citation: Citation
    is_proven: bool
    below: tuple[str, ...] = ()

    @property
    def wall(self) -> datetime | None:
        """When it was said, where that is known."""
        return self.at.wall if self.at is not None else None


@dataclass(frozen=True)
class KernelEvents:
    """In the log's order, of each words the last 200; `dropped` are the words of which there were
    more. `words` are those that were looked for; `whole` says that the log they were looked for in
    came to its end.
    """

    all: tuple[KernelEvent, ...] = ()
    words: tuple[str, ...] = ()
    whole: bool = False
    dropped: frozenset[str] = frozenset()

    def saying(self, wording: Wording) -> tuple[Said, ...]:
        """The lines that begin so; empty where the log has none, or LookupError where nobody looked
        for its words.
        """
        if wording.words not in self.words:
            raise LookupError(f"the kernel log was not searched for {wording.words!r}")
        matched = ((event, wording.line.match(event.text)) for event in self.all)
        return tuple(Said(event, found) for event, found in matched if found)


def events_in(
    source: str,
    records: Iterable[Record],
    words: Sequence[str],
    booted: datetime | None,
    *,
    must_state: bool,
    from_host: bool,
) -> tuple[KernelEvent, ...]:
    """Of these records those that have one of the words, each once.

    None that states another facility than the kernel's; with `must_state` each must state that it
    is the kernel's.
    """
    events: dict[object, KernelEvent] = {}
    for record in records:
        lines = read_lines(record.data.decode("utf-8", errors="replace"), record.first_line)
        line = next(lines, None)
        if line is None or not _is_kernels(line, must_state=must_state):
            continue
        text = " ".join(part.strip() for part in line.text.split("\n"))
        if any(word in text for word in words):
            at = line.at.at_boot(booted) if line.at else None
            cited = Citation(source, line.number, line.raw)
            proven = from_host and line.facility is Facility.KERNEL
            below = tuple(_below(lines, must_state=must_state))
            # a file may hold two copies of one log, syslog beside dmesg
            key = (line.boot_s, text) if line.boot_s is not None else line.number
            events.setdefault(key, KernelEvent(text, at, cited, proven, below))
    return tuple(events.values())


def _is_kernels(line: LogLine, *, must_state: bool) -> bool:
    return line.facility is Facility.KERNEL or (
        line.facility is Facility.NOT_STATED and not must_state
    )


def _below(lines: Iterator[LogLine], *, must_state: bool) -> Iterator[str]:
    """The texts below, without those of others than the kernel."""
    for _, line in zip(range(MOST_BELOW), lines, strict=False):
        if _is_kernels(line, must_state=must_state):
            yield from map(str.strip, line.text.split("\n"))
