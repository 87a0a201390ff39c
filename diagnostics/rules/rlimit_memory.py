"""rlimit-memory: a process reached its own limit of address space (RLIMIT_AS), got no more memory,
and gave up.

Fires when a service ended without SIGKILL, said just before that it got no memory, and runs under
such a limit (LimitAS= of its unit, or that of a process of it now). It is `likely` at most: that
memory was refused is the program's own word.
Stays clear when no service that ended has such a limit. Cannot tell when one has, and its last
words do not speak of memory, or were lost. Looks like, but is not: an OOM kill: this limit kills
nobody, it refuses.

Kernel: mm/mmap.c, may_expand_vm; getrlimit(2); LimitAS= in systemd.exec(5).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from signal import Signals

from diagnostics.bundle import Missing
from diagnostics.confidence import of_own_words
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_log import KernelLog, kills_of
from diagnostics.facts.last_words import LastWords, Line
from diagnostics.facts.processes import Process, Processes
from diagnostics.facts.service_journal import ServiceEvent
from diagnostics.model import Citation, Clear, Outcome, ReachedLimit, Remedy, Unknown
from diagnostics.recent import say_since
from diagnostics.services.ends import settings_of, wrapped_signal
from diagnostics.services.service_case import Told, finding, journal_of, may_be_by_oom_killer, quote
from diagnostics.sizes import human

CODE = "rlimit-memory"
NAME = "address space limit"
PHRASES = (
    "cannot allocate memory",
    "enomem",
    "bad_alloc",
    "memoryerror",
    "outofmemoryerror",
    "memory exhausted",
    "not enough memory",
)
EXPLAINED = ("application-exit", "abort", "segfault", "start-limit-hit")
REMEDY = Remedy(
    action="raise-the-limit",
    says=(
        "Raise LimitAS= of the unit (or “ulimit -v” in its script), or drop it and limit what "
        "it really uses: MemoryMax=."
    ),
    because=(
        "RLIMIT_AS counts reserved addresses, not memory in use, so programs reach it long "
        "before they use that much."
    ),
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all services, or why there is none."""
    journal, words = journal_of(evidence), evidence.get(LastWords)
    if isinstance(journal, Unknown):
        return journal
    limits = {
        end.unit: limit
        for end in journal.ends
        if _gave_up(evidence, end) and (limit := _limit_of(evidence, end))
    }
    if not limits:
        return Clear(
            f"no service that ended {say_since(evidence)} has a limit of address space (RLIMIT_AS)"
        )
    if isinstance(words, Missing):
        return Unknown(
            f"{next(iter(limits))} has a limit of address space, but its last words were "
            f"not seen ({words.because})",
            saw=True,
        )
    refused = [
        (end, line)
        for end in journal.ends
        if end.unit in limits and (line := words.saying(end.unit, end.wall, PHRASES))
    ]
    if not refused:
        return Unknown(
            f"{next(iter(limits))} has a limit of address space, but did not say that it "
            "got no memory",
            saw=True,
        )
    ends, (_, line) = [end for end, _ in refused], refused[-1]
    return (
        finding(
            evidence,
            _told(limits, line, ends),
            ends,
            (limits[line.unit][1], line.citation),
            judged=of_own_words(),
        ),
    )


def _gave_up(evidence: Evidence, end: ServiceEvent) -> bool:
    """By itself: neither SIGKILL nor an OOM kill of the same unit."""
    log = evidence.get(KernelLog)
    kills = kills_of(log.reports) if isinstance(log, KernelLog) else ()
    return (
        Signals.SIGKILL not in (end.signal, wrapped_signal(end))
        and not end.oom_killed
        and not may_be_by_oom_killer(kills, end)
    )


def _told(
    limits: Mapping[str, tuple[int, Citation]], line: Line, ends: Iterable[ServiceEvent]
) -> Told:
    reached = (
        ReachedLimit(what="RLIMIT_AS", whose=unit, unit="kB", limit=limits[unit][0])
        for unit in dict.fromkeys(end.unit for end in ends)
    )
    return Told(
        code=CODE,
        headline="out of its own address space limit",
        did="gave up",
        why=(
            f"It may reserve {human(limits[line.unit][0])} of addresses (RLIMIT_AS) and no "
            f"more, and said: {quote(line.text)}."
        ),
        remedy=REMEDY,
        explains=EXPLAINED,
        limits=tuple(reached),
    )


def _limit_of(evidence: Evidence, end: ServiceEvent) -> tuple[int, Citation] | None:
    """kB, and the line that shows it: the unit's own setting, or of a process that runs in it
    now.
    """
    unit = settings_of(evidence, end)
    value = unit.properties.get("LimitAS", "") if unit else ""
    if unit and value.isascii() and value.isdigit() and int(value) < 1 << 62:
        return int(value) // 1024, unit.cite("LimitAS")
    processes = evidence.get(Processes)
    running = processes.all if isinstance(processes, Processes) else ()
    return next(
        (
            limit
            for process in running
            if process.task.unit == end.unit and (limit := _limit_on(process))
        ),
        None,
    )


def _limit_on(process: Process) -> tuple[int, Citation] | None:
    return (
        (process.limit_as_kb, process.limit_citation)
        if process.limit_as_kb and process.limit_citation
        else None
    )
