"""Facts: one file for each, a pure reader from a bundle's text to a frozen type, or Missing with
the reason.

A reader never raises on what a host sent, never turns "could not look" into "looked and found
nothing", and cites by section and line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from diagnostics.bundle import Bundle, Missing
from diagnostics.evidence import Evidence
from diagnostics.facts import (
    boots,
    clock,
    counters,
    daemon_journal,
    filesystems,
    growth,
    kernel_log,
    last_words,
    nodes,
    other_ends,
    peaks,
    processes,
    service_journal,
    settings,
    sev,
    tools,
    units,
)

FACTS: Mapping[type, Callable[[Bundle], object]] = {
    clock.Clock: clock.read,
    sev.Sev: sev.read,
    service_journal.ServiceJournal: service_journal.read,
    other_ends.OtherEnds: other_ends.read,
    daemon_journal.DaemonJournal: daemon_journal.read,
    last_words.LastWords: last_words.read,
    units.Units: units.read,
    processes.Processes: processes.read,
    nodes.Nodes: nodes.read,
    counters.Counters: counters.read,
    peaks.Peaks: peaks.read,
    tools.Tools: tools.read,
    settings.Settings: settings.read,
    growth.Growth: growth.read,
    filesystems.Filesystems: filesystems.read,
    boots.Boots: boots.read,
}


def read_evidence(bundle: Bundle, kernel_says: Sequence[str] = ()) -> Evidence:
    """All facts of a bundle; of the kernel log also the records that have one of these words.

    A reader that fails is a defect of ours, but it costs its fact and not the diagnosis.
    """
    facts = {kind: _read(read, bundle) for kind, read in FACTS.items()}
    of_log = _read(partial(kernel_log.read, words=kernel_says), bundle)
    return Evidence({**facts, kernel_log.KernelLog: of_log})


def _read(read: Callable[[Bundle], object], bundle: Bundle) -> object:
    try:
        return read(bundle)
    except Exception as error:  # whatever a host sent must not take the other facts with it
        return Missing(
            f"sevbot failed to read it ({type(error).__name__}: {error}); please report "
            "this as a defect"
        )
