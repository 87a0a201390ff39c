"""What rules on OOM kills share: which reports a limit of a kind is in, and how a run of kills is
told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypedDict

from diagnostics.bundle import Missing
from diagnostics.evidence import Evidence
from diagnostics.facts.counters import Counters
from diagnostics.facts.kernel_log import KernelLog, SourcedReport, kills_of
from diagnostics.facts.oom_report import NONE, OomReport
from diagnostics.memory.limit import Kind, Limit, limit_of
from diagnostics.memory.node_memory import shown_nodes
from diagnostics.model import Citation, Clear, Kill, Task, Unknown, Victim
from diagnostics.recent import say_moment, say_times
from diagnostics.sizes import human


def no_report(evidence: Evidence) -> Clear | Unknown | KernelLog:
    """What can be said before any report is looked at; the log itself where it holds reports."""
    log, counters = evidence.get(KernelLog), evidence.get(Counters)
    forged = log.forged if isinstance(log, KernelLog) else 0
    not_believed = (
        (
            f"; {forged} lines that read like an OOM report were not written by the kernel, and "
            "not believed"
        )
        if forged
        else ""
    )
    killed = counters.oom_kill if isinstance(counters, Counters) else None
    if isinstance(log, KernelLog) and log.reports:
        return log
    if killed == 0:
        return Clear(
            f"the kernel counts no OOM kill since boot (oom_kill 0 in /proc/vmstat){not_believed}"
        )
    if isinstance(log, Missing):
        return Unknown(f"the kernel log could not be read ({log.because})")
    if killed:
        return Unknown(
            f"the kernel counts OOM kills since boot (oom_kill {killed}), but the log shows none: "
            f"{log.gap or 'look in “journalctl -k” of the host'}{not_believed}",
            saw=True,
        )
    if log.gap:
        return Unknown(f"no OOM kill in the log, but {log.gap}{not_believed}")
    return Clear(f"the kernel log, read from boot on, holds no OOM kill{not_believed}")


Limited = tuple[tuple[SourcedReport, Limit], ...]


def limited_by(evidence: Evidence, kind: Kind) -> Limited | Clear | Unknown:
    """The reports whose request was limited so; or, if there is none, whether that is certain."""
    log = no_report(evidence)
    if not isinstance(log, KernelLog):
        return log
    was_short = _whole_box_was_short(log)
    limits = tuple(
        (sourced, limit_of(sourced.report, was_short=was_short)) for sourced in log.reports
    )
    found = tuple((sourced, limit) for sourced, limit in limits if limit.kind is kind)
    if found:
        return found
    unknown = next((limit for _, limit in limits if limit.kind is Kind.UNKNOWN), None)
    if unknown is not None:
        return Unknown(unknown.because, saw=True)
    others = " and ".join(sorted({limit.kind.value for _, limit in limits}))
    where = "" if log.since_boot else " that is still in the log"
    return Clear(f"every OOM report{where} shows another limit: {others}")


def short_of_one_node(evidence: Evidence) -> Limited:
    """The reports in which one node alone was short, without a constraint that says for whom."""
    log = evidence.get(KernelLog)
    limits = (
        ((sourced, limit_of(sourced.report)) for sourced in log.reports)
        if isinstance(log, KernelLog)
        else ()
    )
    return tuple(
        (sourced, limit) for sourced, limit in limits if limit.kind is Kind.UNKNOWN and limit.nodes
    )


def _whole_box_was_short(log: KernelLog) -> bool:
    """Whether the log has another report that shows all zones of a machine of one node, and these
    were full.
    """
    shown = [
        s.report
        for s in (*log.reports, *log.nameless)
        if s.report.zones and s.report.constraint in (None, NONE)
    ]
    nodes = frozenset[int]().union(*(shown_nodes(report) for report in shown))
    return len(nodes) == 1 and any(limit_of(report).kind is Kind.GLOBAL for report in shown)


def say_kills(kills: Sequence[Kill]) -> str:
    """`The kernel's OOM killer killed ranker (ranker.service) 8 times from 21:48:56 to 21:55:43
    UTC, at 6.0 GiB RSS.`
    """
    counts = Counter((kill.task.comm, kill.task.unit) for kill in kills)
    names = [
        f"{_quote(comm, unit)} {say_times(count)}" for (comm, unit), count in counts.most_common(3)
    ]
    if len(counts) > len(names):
        names.append(
            f"{sum(counts.values()) - sum(count for _, count in counts.most_common(3))} "
            "other processes"
        )
    sizes = sorted(kill.rss_kb for kill in kills if kill.rss_kb is not None)
    at = f", when it held {say_range(sizes)}" if sizes else ""
    return f"The kernel's OOM killer killed {' and '.join(names)}{_say_span(kills)}{at}."


def say_largest(report: OomReport, who: str) -> tuple[str, ...]:
    """The three largest processes of the report's table, in a sentence."""
    page_kb = report.row_kb
    if not report.tasks or page_kb is None:
        return ()
    rows = sorted(report.tasks, key=lambda row: -row.rss_pages)[:3]
    said = [f"{row.comm}, pid {row.pid}, {human(row.rss_pages * page_kb)}" for row in rows]
    return (f"{who}: {'; '.join(said)}.",)


def say_range(sizes_kb: Sequence[int]) -> str:
    """“1 GiB to 2 GiB”, from sizes in kB that are sorted and at least one; one size where both ends
    read alike.
    """
    low, high = human(sizes_kb[0]), human(sizes_kb[-1])
    return low if low == high else f"{low} to {high}"


def say_task(task: Task) -> str:
    """“ranker (ranker.service), pid 388”; without the unit where none is known."""
    return f"{_quote(task.comm, task.unit)}, pid {task.pid}"


def _quote(comm: str, unit: str | None) -> str:
    return f"{comm} ({unit})" if unit else comm


def _say_span(kills: Sequence[Kill]) -> str:
    moments = [kill.at for kill in kills if kill.at is not None]
    if not moments:
        return ""
    first, last = moments[0], moments[-1]
    if (
        first.boot_s is not None
        and last.boot_s is not None
        and first.boot_s > last.boot_s
        and first.wall is None
    ):
        return " in more than one boot"
    if len(moments) == 1:
        return f" at {say_moment(first)}"
    if first.wall is not None and last.wall is not None and first.wall.date() == last.wall.date():
        return f" from {first.wall:%H:%M:%S} to {say_moment(last)}"
    return f" from {say_moment(first)} to {say_moment(last)}"


class OfKills(TypedDict):
    """Fields of a `Finding`."""

    kills: tuple[Kill, ...]
    victim: Victim
    citations: tuple[Citation, ...]


def of_reports(sourced: Sequence[SourcedReport], signs: Sequence[Citation]) -> OfKills:
    """The kills of all reports; cited are the first report's lines that name asker, limit and
    victim, then `signs`.
    """
    first, kills = sourced[0], kills_of(sourced)
    return {
        "kills": kills,
        "victim": Victim(kills[0].task, kills[0].rss_kb),
        "citations": (*(first.cite(line) for line in first.report.key_lines), *signs),
    }
