"""What the rules on memory that belongs to no process share: reports in which much of a full node
was held so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from diagnostics.confidence import AGREE, of_kills, second_signs
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_log import KernelLog, SourcedReport, kills_of
from diagnostics.facts.oom_report import MEMCG, OomReport
from diagnostics.memory.kills import no_report, of_reports, say_kills
from diagnostics.memory.node_memory import is_near_high, shown_nodes, zones_of
from diagnostics.model import Clear, Explained, Finding, Remedy, Unknown
from diagnostics.sizes import human

MUCH = 0.25  # of a node: see docs/adr/0002
EXPLAINED = ("membind-oom", "cpuset-oom", "global-oom")


class Held(NamedTuple):
    """A report, the node (None for all of the machine), and what was held of how much, in kB."""

    sourced: SourcedReport
    node: int | None
    kb: int
    managed_kb: int


Found = tuple[Held, ...] | Clear | Unknown


def held(evidence: Evidence, of_node: Callable[[OomReport, int], int | None], what: str) -> Found:
    """Each report on a node that was full while much of it was held so; or why there is none."""
    return held_in(
        evidence,
        lambda sourced: (
            held_of(sourced, node, of_node(sourced.report, node)) for node in _nodes(sourced)
        ),
        what,
    )


def held_in(
    evidence: Evidence, of_report: Callable[[SourcedReport], Iterable[Held | None]], what: str
) -> Found:
    """The same for whatever `of_report` finds in a report."""
    log = no_report(evidence)
    if not isinstance(log, KernelLog):
        return log
    shown = [
        sourced
        for sourced in log.reports
        if sourced.report.zones and sourced.report.constraint != MEMCG
    ]
    if not shown:
        limited = all(sourced.report.constraint == MEMCG for sourced in log.reports)
        return (
            Clear("every OOM kill was for a cgroup's limit")
            if limited
            else Unknown("no report shows the zones of its nodes", saw=True)
        )
    found = tuple(one for sourced in shown for one in of_report(sourced) if one is not None)
    return found or Clear(f"in no OOM report did {what} hold a quarter of a full node")


def _nodes(sourced: SourcedReport) -> list[int]:
    return sorted(shown_nodes(sourced.report))


def held_of(sourced: SourcedReport, node: int | None, kb: int | None) -> Held | None:
    """`kb` of the node, or of all together (None), where that is much of it and it was full."""
    nodes = _nodes(sourced) if node is None else [node]
    managed = [zone.managed_kb for zone in zones_of(sourced.report, nodes)]
    total_kb = sum(size for size in managed if size is not None)
    full = all(is_near_high(sourced.report, node) for node in nodes)
    if not kb or None in managed or kb < MUCH * total_kb or not full:
        return None
    return Held(sourced, node, kb, total_kb)


def holder_finding(
    evidence: Evidence,
    found: Sequence[Held],
    *,
    code: str,
    headline: str,
    says: str,
    remedy: Remedy,
) -> Finding:
    """One finding for a node; the node goes on from `headline`, and `says` from `of node 1 (8.0
    GiB), 50 %: `.
    """
    first = found[0]
    sourced = list(dict.fromkeys(one.sourced for one in found))
    kills = kills_of(sourced)
    signs = second_signs(evidence, kills)
    where = "the machine's memory" if first.node is None else f"node {first.node}"
    share = 100 * first.kb // first.managed_kb
    return Finding(
        code=code,
        headline=f"{headline} of {where}",
        # the numbers are what made it one that is held
        judged=of_kills([one.report for one in sourced], signs, lambda _: AGREE),
        story=(
            say_kills(kills),
            f"{human(first.kb)} of {where} ({human(first.managed_kb)}), {share} %: {says}",
        ),
        **of_reports(sourced, signs),
        node=first.node,
        remedies=(remedy,),
        explains=tuple(Explained(code=code, node=first.node) for code in EXPLAINED),
    )


def by_node(found: Sequence[Held]) -> list[list[Held]]:
    """Those of one node together."""
    nodes: dict[int | None, list[Held]] = {}
    for one in found:
        nodes.setdefault(one.node, []).append(one)
    return list(nodes.values())


def sum_of(entries: Sequence[tuple[int, int]], node: int) -> int | None:
    """The kB that (node, kB) entries have for the node, together; None where no entry is of it."""
    sizes = [kb for number, kb in entries if number == node]
    return sum(sizes) if sizes else None
