"""memory-growth: a process takes as much memory as it is given, so that no limit and no machine is
large enough.

Fires when it is seen to grow: the largest process of a machine that ran out of memory was killed,
runs again, and grew while the probe ran. That is `likely` at most, since how far it would grow
nobody knows, and explains the kill beside it. It is `possible` where the same program of one cgroup
was killed at two different limits, each time full: it may need more than both, and no more than
that.
Stays clear when none of the largest processes grew and no limit was met at two sizes.
Cannot tell when one grew that was not killed: it may be starting. Never told from sizes at death,
which are all alike where a limit or a full node is behind them.
Looks like, but is not: a limit that is too small for a steady need; a full node, of which
membind-oom tells.

Source: /proc/PID/status VmRSS, read twice; the limits in the kernel's reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from diagnostics.bundle import Missing
from diagnostics.confidence import of_coincidence
from diagnostics.evidence import Evidence
from diagnostics.facts.growth import Grown, Growth
from diagnostics.facts.kernel_log import KernelLog, SourcedReport, kills_of
from diagnostics.facts.oom_report import OomReport
from diagnostics.facts.processes import Process, Processes
from diagnostics.memory.kills import limited_by, say_kills, say_task
from diagnostics.memory.limit import Kind
from diagnostics.model import (
    Clear,
    Explained,
    Finding,
    Growing,
    Kill,
    Outcome,
    ReachedLimit,
    Remedy,
    Task,
    Unknown,
    Victim,
)
from diagnostics.sizes import human

CODE = "memory-growth"
HEADLINE = "a process fills whatever memory it is given"
LEAST_KB, LEAST_KB_PER_S = 2048, 1024  # what is less may be its work
APART = 1.1  # times: limits that differ by less were hardly meant
CAVEAT = "It grew while it was looked at; how far it would grow is not known."
AT_BOTH = "It was stopped at both limits: it may need more than both, and no more than that."
REMEDY = Remedy(
    action="find-the-growth",
    says=(
        "Find what it keeps: a heap profile, caches without a limit, queues that fill. Until "
        "then give it a limit (MemoryMax=)."
    ),
    because="If it grows without an end, more memory only delays the next kill.",
)


def check(evidence: Evidence) -> Outcome:
    """One finding for each program, or why there is none."""
    at_limits = _at_two_limits(evidence)
    if at_limits:
        return at_limits
    growth, processes = evidence.get(Growth), evidence.get(Processes)
    if isinstance(growth, Missing) or isinstance(processes, Missing):
        return Unknown("whether a process grows was not seen: their sizes were not read twice")
    growing = [
        (process, grown)
        for process in processes.all
        if (grown := growth.by_pid.get(process.task.pid)) and _is_much(grown, growth)
    ]
    if not growing:
        return Clear(
            f"none of the {len(growth.by_pid)} largest processes grew by 1 MiB a second in "
            f"{growth.seconds:.1f} s"
        )
    kills = _of_box(evidence)
    found = [
        _live(process, grown, growth, of_it)
        for process, grown in growing
        if (of_it := _same(process, kills))
    ]
    process, grown = growing[0]
    return tuple(found) or Unknown(
        f"{_say(process, grown, growth)}; whether it will stop is not known", saw=True
    )


def _is_much(grown: Grown, growth: Growth) -> bool:
    return grown.kb >= LEAST_KB and grown.kb >= LEAST_KB_PER_S * growth.seconds


def _of_box(evidence: Evidence) -> tuple[Kill, ...]:
    """Kills for want of memory of the whole machine: no limit and no full node explains them."""
    limited = limited_by(evidence, Kind.GLOBAL)
    return (
        kills_of(sourced for sourced, _ in limited if _largest_died(sourced.report))
        if isinstance(limited, tuple)
        else ()
    )


def _largest_died(report: OomReport) -> bool:
    """Whether the victim was the largest of all; a smaller one may have died for one that is
    protected.
    """
    largest = max(report.tasks, key=lambda row: row.rss_pages, default=None)
    return largest is not None and largest.pid == report.kills[0].task.pid


def _same(process: Process, kills: Iterable[Kill]) -> tuple[Kill, ...]:
    """The kills of this program: of its unit where both have one, else of its name."""
    return tuple(
        kill
        for kill in kills
        if kill.task.comm == process.task.comm
        and (kill.task.unit is None or kill.task.unit == process.task.unit)
    )


def _live(process: Process, grown: Grown, growth: Growth, kills: tuple[Kill, ...]) -> Finding:
    return Finding(
        code=CODE,
        headline=HEADLINE,
        judged=of_coincidence(CAVEAT),
        kills=kills,
        story=(
            say_kills(kills),
            f"It runs again, and grows again: {_say(process, grown, growth)}.",
        ),
        citations=(grown.citation,),
        victim=Victim(kills[0].task, kills[0].rss_kb),
        culprit=process.task,
        remedies=(REMEDY,),
        growth=Growing(
            task=process.task,
            before_kb=grown.before_kb,
            after_kb=grown.after_kb,
            seconds=growth.seconds,
        ),
        explains=(Explained(code="global-oom"),),
    )


def _say(process: Process, grown: Grown, growth: Growth) -> str:
    sizes = f"from {human(grown.before_kb)} to {human(grown.after_kb)}"
    return (
        f"{say_task(process.task)}, grew {sizes} in {growth.seconds:.1f} s "
        f"({human(int(grown.kb / growth.seconds))} a second)"
    )


def _at_two_limits(evidence: Evidence) -> tuple[Finding, ...]:
    """Programs that filled a limit of their cgroup, and then a larger one."""
    log = evidence.get(KernelLog)
    by_program: dict[tuple[str | None, str], list[SourcedReport]] = {}
    for sourced in log.reports if isinstance(log, KernelLog) else ():
        if sourced.report.memcg_limit_kb is not None and sourced.report.kills:
            by_program.setdefault(
                (sourced.report.limited_cgroup, sourced.report.kills[0].task.comm), []
            ).append(sourced)
    return tuple(finding for reports in by_program.values() if (finding := _of_limits(reports)))


def _of_limits(reports: Sequence[SourcedReport]) -> Finding | None:
    sized = [
        (sourced.report.memcg_limit_kb or 0, sourced.report.kills[0].rss_kb or 0, sourced)
        for sourced in reports
    ]
    (low, small_kb, first), (high, large_kb, last) = (
        min(sized, key=lambda one: one[0]),
        max(sized, key=lambda one: one[0]),
    )
    if high < APART * low or large_kb < APART * small_kb:
        return None
    kills = kills_of(reports)
    task: Task = kills[-1].task
    return Finding(
        code=CODE,
        headline=HEADLINE,
        judged=of_coincidence(AT_BOTH, agrees=False),
        kills=kills,
        story=(
            say_kills(kills),
            f"{say_task(task)}, met two limits, and filled both.",
            (
                f"It was killed at a limit of {human(low)}, holding {human(small_kb)}, and at "
                f"{human(high)}, holding {human(large_kb)}."
            ),
        ),
        citations=tuple(
            sourced.cite(line)
            for sourced in (first, last)
            for line in sourced.report.kill_lines[:1]
        ),
        victim=Victim(task, large_kb),
        culprit=task,
        remedies=(REMEDY,),
        limits=tuple(
            ReachedLimit(
                what="memory.max",
                whose=one.report.limited_cgroup,
                unit="kB",
                limit=kb,
                used=one.report.memcg_usage_kb,
            )
            for kb, one in ((low, first), (high, last))
        ),
    )
