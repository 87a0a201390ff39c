"""The job that must be placed elsewhere: who it is, how much it needs at least, and at most where
anybody knows.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from diagnostics.bundle import Missing
from diagnostics.evidence import Evidence
from diagnostics.facts.oom_report import OomReport
from diagnostics.facts.peaks import Peaks
from diagnostics.facts.processes import Process, Processes
from diagnostics.model import Kill, Task
from diagnostics.sizes import human

PAGE_TABLE_SHARE = 512  # one 8-byte entry for each 4-KiB page


@dataclass(frozen=True)
class Job:
    """`least_kb` is what it held when it was killed or asked, a lower bound; `peak_kb` is known
    from `peak_from`, or None.

    `doubt` says why a peak that somebody gave is not believed. `copies` are its live processes.
    """

    task: Task
    least_kb: int | None
    peak_kb: int | None
    peak_from: str
    doubt: str
    copies: tuple[Process, ...]

    def fits(self, room_kb: int | None) -> bool | None:
        """Whether it fits into so much room: a lower bound is enough to say no, only a peak to say
        yes.
        """
        if room_kb is None:
            return None
        if self.peak_kb is not None:
            return room_kb >= self.peak_kb + self.peak_kb // PAGE_TABLE_SHARE
        return False if self.least_kb is not None and room_kb < self.least_kb else None

    def say(self) -> str:
        """What is known of its size, in sentences."""
        if self.peak_kb is not None:
            return f"Its peak is {human(self.peak_kb)} ({self.peak_from})."
        if self.least_kb is None:
            return f"How much it needs is not known.{self.doubt}"
        return f"Its peak is not known. It had {human(self.least_kb)} at the kill.{self.doubt}"


def same_job(one: Task, other: Task) -> bool:
    """Whether two processes are copies of one job: the same unit or, where a unit is not known, the
    same name.
    """
    if one.unit and other.unit:
        return one.unit == other.unit
    return one.comm == other.comm


def job_of(
    evidence: Evidence, report: OomReport, kills: Sequence[Kill], culprit: Task | None
) -> Job:
    """The asker's where it is not the victim: then its own size is in the task table."""
    task = culprit or report.kills[0].task
    processes = evidence.get(Processes)
    copies = (
        tuple(process for process in processes.all if same_job(process.task, task))
        if isinstance(processes, Processes)
        else ()
    )
    sizes = [kill.rss_kb for kill in kills if kill.rss_kb is not None and same_job(kill.task, task)]
    row = next((row for row in report.tasks if row.pid == task.pid), None)
    if culprit is not None and row is not None and report.row_kb is not None:
        sizes.append(row.rss_pages * report.row_kb)
    least_kb = max(sizes, default=None)
    peak_kb, peak_from = _peak(evidence, task, copies)
    # it was still growing when it was killed
    if peak_kb is not None and least_kb is not None and peak_kb <= least_kb:
        doubt = (
            f" So the {human(peak_kb)} of {peak_from} is not its peak."
            if peak_from.startswith("expected_peak")
            else ""
        )
        return Job(task, least_kb, None, "", doubt, copies)
    return Job(task, least_kb, peak_kb, peak_from, "", copies)


def _peak(evidence: Evidence, task: Task, copies: Collection[Process]) -> tuple[int | None, str]:
    """What the inventory expects; else the most that a copy which is alive ever held."""
    peaks = evidence.get(Peaks)
    if isinstance(peaks, Missing):
        peaks = Peaks({}, {})
    expected = next(
        (
            kb
            for name, kb in peaks.expected_kb.items()
            if name == task.comm or task.unit in (name, f"{name}.service")
        ),
        None,
    )
    if expected is not None:
        return expected, "expected_peak in the inventory"
    held = {
        "VmHWM of a live copy": max(
            (copy.hwm_kb for copy in copies if copy.hwm_kb is not None), default=0
        )
    }
    held["memory.peak of its cgroup"] = peaks.of_unit_kb.get(task.unit or "", 0)
    most = max(held, key=lambda name: held[name])
    return (held[most], most) if held[most] else (None, "")
