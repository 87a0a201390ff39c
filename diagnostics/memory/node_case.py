"""What the rules on full nodes share: all reports on one set of nodes, whether their numbers agree,
and who asked.
"""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.bundle import Missing
from diagnostics.confidence import AGREE, Numbers, of_kills, second_signs
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_log import SourcedReport, kills_of
from diagnostics.facts.oom_report import OomReport
from diagnostics.facts.processes import Process, Processes
from diagnostics.facts.units import Unit, Units
from diagnostics.memory import node_picture
from diagnostics.memory.kills import Limited, of_reports, say_kills, say_task
from diagnostics.memory.node_memory import is_full, shown_nodes
from diagnostics.memory.surroundings import say_surroundings
from diagnostics.model import Citation, Finding, Kill, MemoryPicture, Remedy, Task

UNNAMED = (
    "The kernel names no constraint here: MGLRU has it kill for a node that is short "
    "(min_ttl_ms). So this rests on the node's own numbers and on the binding that was seen."
)
NOT_SHOWN = Numbers(
    agree=False,
    because=(
        "No report shows the zones of these nodes, so that they were full is the kernel's "
        "word and not checked."
    ),
)
NOT_FULL = Numbers(
    agree=False,
    because=(
        "By their own zone lines these nodes were not full, so the report does not agree "
        "with itself."
    ),
)


@dataclass(frozen=True)
class NodeCase:
    """All reports on one set of nodes that limited the asker, and what the host's state adds to
    them.
    """

    evidence: Evidence
    nodes: frozenset[int]
    sourced: tuple[SourcedReport, ...]
    unnamed: bool = False

    def finding(
        self,
        *,
        code: str,
        headline: str,
        limit: str,
        remedies: tuple[Remedy, ...],
        signs: tuple[Citation, ...] = (),
    ) -> Finding:
        """The finding; `limit` says what kept the asker on its nodes, `signs` are the rule's own
        beside those of every kill.

        Where the kernel itself names no constraint, it is never more than likely.
        """
        signs = (*second_signs(self.evidence, self.kills), *signs)
        memory = self.memory()
        return Finding(
            code=code,
            headline=headline,
            judged=of_kills(self._placed_first(), signs, self._numbers),
            story=(
                say_kills(self.kills),
                self._say_limit(limit, memory),
                *(node_picture.say_holders(memory) if memory else ()),
                *say_surroundings(self.evidence, self.unit(), self._live_copy(), memory),
            ),
            **of_reports(self.sourced, (*self._last_kill(), *signs)),
            node=min(self.nodes) if len(self.nodes) == 1 else None,
            culprit=self.culprit(),
            memory=memory,
            remedies=remedies,
        )

    @property
    def kills(self) -> tuple[Kill, ...]:
        """The kills of all reports of this case, in the log's order."""
        return kills_of(self.sourced)

    def memory(self) -> MemoryPicture | None:
        """Who holds the nodes, by the report that shows them; None where no picture can be made of
        it.
        """
        return node_picture.picture(self.evidence, self.placed(), self.nodes)

    def placed(self) -> OomReport:
        """The first report that shows the bound nodes, or just the first."""
        complete = (sourced.report for sourced in self.sourced if self._shows_nodes(sourced.report))
        return next(complete, self.sourced[0].report)

    def _shows_nodes(self, report: OomReport) -> bool:
        return self.nodes <= shown_nodes(report)

    def _last_kill(self) -> tuple[Citation, ...]:
        last = self.sourced[-1]
        return (
            tuple(last.cite(line) for line in last.report.kill_lines[-1:])
            if last is not self.sourced[0]
            else ()
        )

    def _placed_first(self) -> list[OomReport]:
        placed = self.placed()
        return [
            placed,
            *(sourced.report for sourced in self.sourced if sourced.report is not placed),
        ]

    def _numbers(self, report: OomReport) -> Numbers:
        """Whether the report shows each of the nodes, and shows it full."""
        if self.unnamed:
            return Numbers(agree=True, because=UNNAMED)
        if not self._shows_nodes(report):
            return NOT_SHOWN
        return AGREE if all(is_full(report, node) for node in self.nodes) else NOT_FULL

    def culprit(self) -> Task | None:
        """The task that asked, where it is another process than the first victim.

        The report gives the asking thread's id. The task table lists processes, so an id that it
        lists is one; an id that a table lacks is a thread of some process, and which one is not
        known.
        """
        report = self.sourced[0].report
        if self.unnamed:
            return None  # a kernel thread asked, for nobody in particular
        asker, victim = report.invoker, report.kills[0].task
        if asker is None or asker.pid == victim.pid:
            return None
        listed = asker.pid in {row.pid for row in report.tasks}
        if not listed and (report.tasks or asker.comm == victim.comm):
            return None
        return Task(asker.comm, asker.pid, self._unit_of(asker.comm))

    def _unit_of(self, comm: str) -> str | None:
        units = {
            process.task.unit for process in self.bound_processes() if process.task.comm == comm
        }
        return units.pop() if len(units) == 1 else None

    def bound_processes(self) -> tuple[Process, ...]:
        """Live processes that may use no other nodes than these."""
        seen = self.evidence.get(Processes)
        if isinstance(seen, Missing):
            return ()
        return tuple(
            process
            for process in seen.all
            if process.bound_to is not None and process.bound_to <= self.nodes
        )

    def _live_copy(self) -> Process | None:
        """The largest live process of the victim's name and unit."""
        seen, task = (
            self.evidence.get(Processes),
            self.culprit() or self.sourced[0].report.kills[0].task,
        )
        live = seen.all if isinstance(seen, Processes) else ()
        return next(
            (
                process
                for process in live
                if process.task.comm == task.comm and task.unit in (None, process.task.unit)
            ),
            None,
        )

    def unit(self) -> Unit | None:
        """The unit of the task that asked, as systemd starts it."""
        units = self.evidence.get(Units)
        culprit = self.culprit()
        name = culprit.unit if culprit else self.sourced[0].report.kills[0].task.unit
        return units.by_name.get(name or "") if isinstance(units, Units) else None

    def _say_limit(self, limit: str, memory: MemoryPicture | None) -> str:
        asker = self.culprit()
        who = f"{say_task(asker)}, asked for memory and" if asker else "It"
        if memory is None:
            return f"{who} may use {limit}. How full that was, the log no longer shows."
        return f"{who} may use {limit}. {node_picture.say_free(memory, self.placed())}"


def cases(evidence: Evidence, limited: Limited, *, unnamed: bool = False) -> tuple[NodeCase, ...]:
    """The reports, those on the same nodes together; `unnamed` where no constraint is in them."""
    by_nodes: dict[frozenset[int], list[SourcedReport]] = {}
    for sourced, limit in limited:
        by_nodes.setdefault(limit.nodes, []).append(sourced)
    return tuple(
        NodeCase(evidence, nodes, tuple(reports), unnamed) for nodes, reports in by_nodes.items()
    )
