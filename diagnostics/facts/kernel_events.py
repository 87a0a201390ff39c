"""What the kernel logged of processes beside OOM kills, from sections `kernel-log` and
`kernel-journal`.

    job[388]: segfault at 0 ip 000055d0c0a0113d ... error 6 in job[...]    arch/x86/mm/fault.c
    traps: job[388] trap invalid opcode ip:401136 ... error:0 in job[...]  arch/x86/kernel/traps.c
    Memory failure: 0x12345: Sending SIGBUS to job:388 due to ...          mm/memory-failure.c
    cgroup: fork rejected by pids controller in /system.slice/job.service  kernel/cgroup/pids.c
    audit: type=1326 audit(1795384138.021:12): ... comm="job" sig=31 ...   kernel/auditsc.c

Only lines that state facility kern are kept: a process can write any of these under its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.facts import clock
from diagnostics.facts.log_lines import Facility, read_lines
from diagnostics.model import Citation

SOURCES = ("kernel-log", "kernel-journal")
WORDS = (
    "segfault at",
    "traps: ",
    "general protection",
    "Memory failure: ",
    "fork rejected by pids controller",
    "type=1326",
    "Remounting filesystem read-only",
)
MOST_EVENTS = 1000


@dataclass(frozen=True)
class KernelEvent:
    """One line of the kernel's. `wall` is None where the line, or the time of boot, is not
    known.
    """

    text: str
    wall: datetime | None
    citation: Citation


@dataclass(frozen=True)
class KernelEvents:
    """In the log's order, of the first section that came whole, else of the first that came;
    `whole` says which.
    """

    all: tuple[KernelEvent, ...]
    whole: bool

    def saying(self, *words: str) -> tuple[KernelEvent, ...]:
        """The lines that have all of these words."""
        return tuple(event for event in self.all if all(word in event.text for word in words))


def read(bundle: Bundle) -> KernelEvents | Missing:
    booted = clock.booted_at(bundle)
    sections = [
        section
        for section in map(bundle.get, SOURCES)
        if isinstance(section, Section) and section.text
    ]
    if not sections:
        return Missing("neither dmesg nor the journal of the kernel could be read")
    section = next(filter(_is_whole, sections), sections[0])
    return KernelEvents(tuple(islice(_events(section, booted), MOST_EVENTS)), _is_whole(section))


def _is_whole(section: Section) -> bool:
    return section.exit == 0 and not section.cut


def _events(section: Section, booted: datetime | None) -> Iterator[KernelEvent]:
    for number, raw in _lines_with_words(section.text):
        for line in read_lines(f"{raw}\n", number):
            if line.facility is Facility.KERNEL and any(word in line.text for word in WORDS):
                wall = line.at.at_boot(booted).wall if line.at else None
                yield KernelEvent(line.text, wall, Citation(section.name, line.number, line.raw))


def _lines_with_words(text: str) -> Iterator[tuple[int, str]]:
    """The whole lines that have one of the words, with their numbers; an indented one goes on with
    a record, which may be a user's.
    """
    starts: set[int] = set()
    for word in WORDS:
        at = text.find(word)
        while at >= 0:
            starts.add(text.rfind("\n", 0, at) + 1)
            end = text.find("\n", at)
            at = text.find(word, end) if end >= 0 else -1
    number, counted = 1, 0
    for start in sorted(starts):
        number, counted = number + text.count("\n", counted, start), start
        end = text.find("\n", start)
        if end >= 0 and not text[start].isspace():
            yield number, text[start:end]
