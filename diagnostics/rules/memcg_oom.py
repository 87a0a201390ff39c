"""memcg-oom: a cgroup reached its memory limit, and the kernel killed inside it.

Fires when a report names CONSTRAINT_MEMCG or a kill line begins with `Memory cgroup out of memory`.
The limit may be the victim's own cgroup's or a parent's: `oom_memcg=` (up to 4.19 `killed as a
result of limit of`) names whose. It is `likely` where limit and usage are printed and meet,
`confirmed` where the lines are the kernel's own and a second sign agrees, `possible` for a bare
kill line.
Stays clear when every kill names another constraint. Cannot tell when the log cannot be read or
does not reach back.
Looks like, but is not: Docker's OOMKilled or systemd's Result=oom-kill, which any OOM kill inside
the cgroup sets.

Kernel: mm/memcontrol.c mem_cgroup_print_oom_context and mem_cgroup_print_oom_meminfo.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.confidence import AGREE, Numbers, of_kills, second_signs
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_log import KernelLog, SourcedReport, kills_of
from diagnostics.facts.oom_report import OomReport, unit_of_cgroup
from diagnostics.memory.kills import limited_by, of_reports, say_kills, say_largest
from diagnostics.memory.limit import Kind
from diagnostics.model import Clear, Finding, Outcome, ReachedLimit, Remedy, Unknown
from diagnostics.sizes import human

CODE = "memcg-oom"
NAME = "cgroup's memory limit"
NOT_SHOWN = Numbers(
    agree=False,
    because=(
        "The report around the kill line is not complete, so how the limit came to be "
        "reached cannot be checked."
    ),
)
NOT_REACHED = Numbers(
    agree=False, because="By the report's own lines the usage had not reached the limit."
)
UNLIMITED_KB = 1 << 52  # PAGE_COUNTER_MAX prints as 9007199254740988kB: no limit


def check(evidence: Evidence) -> Outcome:
    """One finding for each limit that was reached, or why there is none."""
    limited = limited_by(evidence, Kind.MEMCG)
    if isinstance(limited, tuple):
        by_cgroup: dict[str | None, list[SourcedReport]] = {}
        for sourced, _ in limited:
            by_cgroup.setdefault(sourced.report.limited_cgroup, []).append(sourced)
        return tuple(_finding(evidence, cgroup, reports) for cgroup, reports in by_cgroup.items())
    log = evidence.get(KernelLog)
    if (
        isinstance(limited, Unknown)
        and isinstance(log, KernelLog)
        and log.reports
        and all(_worded(s.report) for s in log.reports)
    ):
        return Clear(
            "no kill line says “Memory cgroup out of memory”, and no report names a cgroup's limit"
        )
    return limited


def _worded(report: OomReport) -> bool:
    """The kernel words a cgroup's kill differently, so a plain kill line excludes one even without
    its report.
    """
    return report.constraint is not None or bool(report.kill_lines)


def _finding(evidence: Evidence, cgroup: str | None, sourced: Sequence[SourcedReport]) -> Finding:
    best = next(
        (one for one in sourced if one.report.memcg_limit_kb is not None), sourced[0]
    ).report
    kills = kills_of(sourced)
    signs = second_signs(evidence, kills)
    limit = f", limit {human(best.memcg_limit_kb)}" if best.memcg_limit_kb is not None else ""
    return Finding(
        code=CODE,
        headline=f"memcg OOM{limit}, raise the limit or shrink the job",
        judged=of_kills(
            [best, *(one.report for one in sourced if one.report is not best)], signs, _numbers
        ),
        story=(
            say_kills(kills),
            _say_limit(best, cgroup),
            _say_scope(best, cgroup),
            *say_largest(best, "The largest that share the limit"),
        ),
        **of_reports(sourced, signs),
        remedies=(_remedy(cgroup),),
        limits=tuple(
            dict.fromkeys(
                _reached(one.report, cgroup)
                for one in sourced
                if one.report.memcg_limit_kb is not None
            )
        ),
    )


def _numbers(report: OomReport) -> Numbers:
    """Whether the usage had reached the limit."""
    if report.memcg_limit_kb is None or report.memcg_usage_kb is None:
        return NOT_SHOWN
    # a charge is refused a batch of pages before usage and limit are equal
    near_kb = max(report.memcg_limit_kb // 50, 1024)
    return AGREE if report.memcg_usage_kb >= report.memcg_limit_kb - near_kb else NOT_REACHED


def _reached(report: OomReport, cgroup: str | None) -> ReachedLimit:
    """One for each size that the limit had: it may have been raised between two kills."""
    return ReachedLimit(
        what="memory.max",
        whose=cgroup,
        unit="kB",
        limit=_limit_kb(report),
        used=report.memcg_usage_kb,
    )


def _limit_kb(report: OomReport) -> int | None:
    limit_kb = report.memcg_limit_kb
    return limit_kb if limit_kb is not None and limit_kb < UNLIMITED_KB else None


def _say_limit(report: OomReport, cgroup: str | None) -> str:
    whose = f"cgroup {cgroup}" if cgroup else "a cgroup that the log no longer names"
    limit_kb = _limit_kb(report)
    if limit_kb is None or report.memcg_usage_kb is None:
        return f"The memory limit of {whose} was reached; limit and usage are not in the log."
    return (
        f"The memory limit of {whose} was reached: {human(report.memcg_usage_kb)} used of "
        f"{human(limit_kb)}."
    )


def _say_scope(report: OomReport, cgroup: str | None) -> str:
    own = report.summary.task_memcg if report.summary else report.memcg_of_task
    if own and cgroup and own != cgroup:
        return (
            f"The limit is a parent's: the killed process was in {own}, and everything below "
            f"{cgroup} shares the limit."
        )
    return "The machine itself may have had memory to spare: only this cgroup was full."


def _remedy(cgroup: str | None) -> Remedy:
    unit = unit_of_cgroup(cgroup or "")
    who = (
        f"“MemoryMax=” of {unit}"
        if unit
        else "the cgroup's memory.max (systemd MemoryMax=, docker --memory, resources.limits)"
    )
    return Remedy(
        action="raise-limit",
        says=f"Raise {who}, or make what runs under it smaller.",
        because="How much they need together is not known: they were stopped while they grew.",
    )
