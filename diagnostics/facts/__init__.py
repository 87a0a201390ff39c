"""Facts: one file for each, a pure reader from a bundle's text to a frozen type, or Missing with the reason.

A reader never raises on what a host sent, never turns "could not look" into "looked and found nothing", and cites by section and line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from diagnostics.bundle import Bundle, Missing
from diagnostics.evidence import Evidence
from diagnostics.facts import clock, counters, kernel_events, kernel_log, nodes, peaks, processes, service_journal, tools, units

FACTS: Mapping[type, Callable[[Bundle], object]] = {
    clock.Clock: clock.read,
    kernel_log.KernelLog: kernel_log.read,
    kernel_events.KernelEvents: kernel_events.read,
    service_journal.ServiceJournal: service_journal.read,
    units.Units: units.read,
    processes.Processes: processes.read,
    nodes.Nodes: nodes.read,
    counters.Counters: counters.read,
    peaks.Peaks: peaks.read,
    tools.Tools: tools.read,
}


def read_evidence(bundle: Bundle) -> Evidence:
    """All facts of a bundle. A reader that fails is a defect of ours, but it costs its fact and not the diagnosis."""
    return Evidence({kind: _read(read, bundle) for kind, read in FACTS.items()})


def _read(read: Callable[[Bundle], object], bundle: Bundle) -> object:
    try:
        return read(bundle)
    except Exception as error:  # whatever a host sent must not take the other facts with it
        return Missing(f"sevbot failed to read it ({type(error).__name__}: {error}); please report this as a defect")
