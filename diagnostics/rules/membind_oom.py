"""membind-oom: a memory policy let a task use only some nodes, these ran full, and the kernel killed for it.

Fires when a report names CONSTRAINT_MEMORY_POLICY (or, 4.14 to 4.19, a nodemask in its header). It is `likely` where the zones of each
allowed node are at their watermarks, and `confirmed` where in addition the lines are the kernel's own and a second sign agrees.
Stays clear when every report is complete and names another constraint, with all nodes at their watermarks or a cgroup's limit reached.
Cannot tell when a kill has no report, or when a report says CONSTRAINT_NONE while one node alone is short.
Looks like, but is not: a cpuset (CONSTRAINT_CPUSET); `global_oom` in the summary line, which only means "not a cgroup".
The victim may be a bystander: the kernel kills the biggest task that may use the node. The one that asked is then the culprit.

Kernel: mm/oom_kill.c constrained_alloc, oom_cpuset_eligible; mm/mempolicy.c mempolicy_in_oom_domain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from diagnostics.bundle import Missing
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_log import KernelLog, SourcedReport, kills_of
from diagnostics.facts.oom_report import MEMCG, MEMORY_POLICY, NONE, OomReport
from diagnostics.facts.processes import Process, Processes
from diagnostics.facts.units import Unit, Units
from diagnostics.model import (
    Citation,
    Clear,
    Confidence,
    Finding,
    MemoryPicture,
    Outcome,
    Task,
    Unknown,
    Victim,
)
from diagnostics.node_list import parse_nodes, say_nodes
from diagnostics.node_memory import has_room, is_full, shown_nodes
from diagnostics.numactl import Membind, find_membind
from diagnostics.rules import node_picture, placement
from diagnostics.rules.signs import NOT_PROVEN, no_report, say_kills, say_task, second_signs

CODE = "membind-oom"


def check(evidence: Evidence) -> Outcome:
    """One finding for each set of bound nodes, or why there is none."""
    log = no_report(evidence)
    if not isinstance(log, KernelLog):
        return log
    by_nodes: dict[frozenset[int], list[SourcedReport]] = {}
    for sourced in log.reports:
        nodes = parse_nodes(sourced.report.nodemask)
        if sourced.report.constraint == MEMORY_POLICY and nodes:
            by_nodes.setdefault(nodes, []).append(sourced)
    if by_nodes:
        return tuple(_Case(evidence, nodes, tuple(reports)).finding() for nodes, reports in by_nodes.items())
    return _why_not([sourced.report for sourced in log.reports], log)


def _why_not(reports: Sequence[OomReport], log: KernelLog) -> Clear | Unknown:
    """Without a report that names a memory policy: clear only if each one is complete and rules it out."""
    for report in reports:
        short = [node for node in shown_nodes(report) if not has_room(report, node)]
        roomy = [node for node in shown_nodes(report) if has_room(report, node)]
        if report.constraint is None:
            return Unknown("a kill stands in the log without its report, so what limited it cannot be seen")
        if report.constraint == MEMORY_POLICY:
            return Unknown("a report names a memory policy, but not the nodes that it allows")
        if report.constraint == NONE and not report.zones:
            return Unknown("a report names no constraint, and its zone lines are lost, so a full node cannot be excluded")
        if report.constraint == NONE and roomy and (short or (report.invoker_comm or "").startswith("kswapd")):
            return Unknown(
                f"a report names no constraint, but while memory ran out {say_nodes(roomy)} had room: one node alone may have been short"
            )
    named = {report.constraint or "" for report in reports}
    limit = "a cgroup's limit" if named == {MEMCG} else f"another limit ({', '.join(sorted(named))})"
    where = "" if log.since_boot else " that is still in the log"
    return Clear(f"every OOM report{where} names {limit}, not a memory policy")


@dataclass(frozen=True)
class _Case:
    """All reports on one set of bound nodes, and what the host's state adds to them."""

    evidence: Evidence
    nodes: frozenset[int]
    sourced: tuple[SourcedReport, ...]

    def finding(self) -> Finding:
        kills = kills_of(self.sourced)
        first = kills[0]
        confidence = self.confidence()
        memory = node_picture.picture(self.evidence, self.placed(), self.nodes)
        plan = placement.plan(self.evidence, self.placed(), self.nodes, self.launcher())
        verdict = "suggest interleave" if plan.fits is not False else "interleave does not fit"
        return Finding(
            code=CODE,
            headline=f"membind OOM of {say_nodes(self.nodes)}, {verdict}",
            confidence=confidence,
            kills=kills,
            story=(say_kills(kills), self.say_limit(memory), *(node_picture.say_holders(memory) if memory else ())),
            citations=self.citations(),
            node=min(self.nodes) if len(self.nodes) == 1 else None,
            victim=Victim(first.task, first.rss_kb),
            culprit=self.culprit(),
            memory=memory,
            remedies=plan.remedies,
            caveat=None if confidence is Confidence.CONFIRMED else self.say_caveat(),
        )

    def placed(self) -> OomReport:
        """The first report that shows the bound nodes, or just the first."""
        complete = (sourced.report for sourced in self.sourced if self.shows_nodes(sourced.report))
        return next(complete, self.sourced[0].report)

    def shows_nodes(self, report: OomReport) -> bool:
        return self.nodes <= shown_nodes(report)

    def numbers_agree(self, report: OomReport) -> bool:
        """A complete report: asker, zones and victim are there, victim and summary match, and each bound node is full."""
        named = report.summary is None or report.summary.victim.pid == report.kills[0].task.pid
        full = all(is_full(report, node) for node in self.nodes)
        return bool(report.header and report.kill_lines and named and full)

    def confidence(self) -> Confidence:
        agreeing = [sourced.report for sourced in self.sourced if self.numbers_agree(sourced.report)]
        if not agreeing:
            return Confidence.POSSIBLE
        if any(report.from_kernel for report in agreeing) and self.signs():
            return Confidence.CONFIRMED
        return Confidence.LIKELY

    def signs(self) -> tuple[Citation, ...]:
        """Independent of the log: the kernel's counter, systemd's own record, a live bind policy, the launcher's flag."""
        live = tuple(process.citation for process in self.bound_processes() if process.citation)[:2]
        launcher, unit = self.launcher() or (None, None)
        flag = (unit.exec_citation,) if launcher and unit and unit.exec_citation else ()
        return (*second_signs(self.evidence, kills_of(self.sourced)), *live, *flag)

    def citations(self) -> tuple[Citation, ...]:
        first = self.sourced[0]
        cited = [first.cite(line) for line in first.report.key_lines]
        if len(self.sourced) > 1 and self.sourced[-1].report.kill_lines:
            cited.append(self.sourced[-1].cite(self.sourced[-1].report.kill_lines[-1]))
        return (*cited, *self.signs())

    def say_caveat(self) -> str:
        placed = self.placed()
        if not self.shows_nodes(placed):
            return "No report shows the zones of the bound nodes, so that they were full is the kernel's word and not checked."
        if not all(is_full(placed, node) for node in self.nodes):
            return "By its own zone lines the bound memory was not full, so the report does not agree with itself."
        return "No second, independent sign was found." if placed.from_kernel else NOT_PROVEN

    def culprit(self) -> Task | None:
        """The task that asked, where it is another process than the first victim.

        The report gives the asking thread's id. The task table lists processes, so an id that it lists is one; an id that a table
        lacks is a thread of some process, and which one is not known.
        """
        report = self.sourced[0].report
        asker, victim = report.invoker, report.kills[0].task
        if asker is None or asker.pid == victim.pid:
            return None
        listed = asker.pid in {row.pid for row in report.tasks}
        if not listed and (report.tasks or asker.comm == victim.comm):
            return None
        return Task(asker.comm, asker.pid, self.unit_of(asker.comm))

    def unit_of(self, comm: str) -> str | None:
        units = {process.task.unit for process in self.bound_processes() if process.task.comm == comm}
        return units.pop() if len(units) == 1 else None

    def bound_processes(self) -> tuple[Process, ...]:
        """Live processes that may use no other nodes than these."""
        seen = self.evidence.get(Processes)
        if isinstance(seen, Missing):
            return ()
        return tuple(process for process in seen.all if process.bound_to is not None and process.bound_to <= self.nodes)

    def launcher(self) -> tuple[Membind, Unit] | None:
        """The numactl in ExecStart of the unit that asked."""
        units = self.evidence.get(Units)
        culprit = self.culprit()
        name = culprit.unit if culprit else self.sourced[0].report.kills[0].task.unit
        unit = units.by_name.get(name or "") if isinstance(units, Units) else None
        if unit is None:
            return None
        membind = find_membind(unit.exec_start)
        return (membind, unit) if membind else None

    def say_limit(self, memory: MemoryPicture | None) -> str:
        asker = self.culprit()
        who = f"{say_task(asker)}, asked for memory and" if asker else "It"
        bound = f"{who} may use memory of {say_nodes(self.nodes)} only (memory policy bind)"
        if memory is None:
            return f"{bound}; how full that was, the log no longer shows."
        return f"{bound}: {node_picture.say_free(memory, self.placed())}."
