"""Other placements for a job that a memory policy killed: what to change, whether it would fit, and why we think so."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from diagnostics.evidence import Evidence
from diagnostics.facts.nodes import Nodes
from diagnostics.facts.oom_report import OomReport
from diagnostics.facts.processes import Processes
from diagnostics.facts.units import Unit
from diagnostics.fit import headroom_at_kill_kb, headroom_now_kb
from diagnostics.model import Remedy, Task
from diagnostics.node_list import parse_nodes
from diagnostics.numactl import Membind
from diagnostics.sizes import human

_UNIT_NAME = re.compile(r"[\w@:.-]{1,255}\.service", re.ASCII)
_PLAIN_WORDS = re.compile(r"[\w=,!+/.-]+(?: [\w=,!+/.-]+)*", re.ASCII)
_UNIT_FILE = re.compile(r"/[\w@:./-]{1,255}", re.ASCII)


@dataclass(frozen=True)
class Plan:
    """Remedies, best first; `fits` is the first one's."""

    fits: bool | None
    remedies: tuple[Remedy, ...]


def same_job(one: Task, other: Task) -> bool:
    """Whether two processes are copies of one job: the same unit or, where a unit is not known, the same name."""
    if one.unit and other.unit:
        return one.unit == other.unit
    return one.comm == other.comm


def plan(evidence: Evidence, report: OomReport, bound: Collection[int], launcher: tuple[Membind, Unit] | None) -> Plan:
    """Interleave over all nodes, and no policy at all."""
    job = report.kills[0]
    allowed = parse_nodes(report.summary.mems_allowed) if report.summary else None
    headroom = _headroom(evidence, report, bound, allowed or frozenset())
    fits, because = _judge(job.rss_kb, headroom, forbidden=allowed is not None and allowed <= set(bound))
    where = _where_to_look(job.task) if launcher is None else ""
    interleave = Remedy(
        action="interleave",
        says="Start the job with --interleave=all in place of --membind, so that its memory comes from all nodes.",
        edit=_edit(launcher, "interleave"),
        fits=fits,
        headroom_kb=headroom,
        because=f"{because}{where}",
    )
    unbind = Remedy(
        action="unbind",
        says="Or drop --membind: memory then comes from the CPU's own node first and spills over to the others.",
        edit=_edit(launcher, "unbind"),
        fits=fits,
        headroom_kb=headroom,
        because="It has the same room as interleave; CPU flags of numactl can stay.",
    )
    return Plan(fits, (interleave, unbind))


def _headroom(evidence: Evidence, report: OomReport, bound: Collection[int], allowed: Collection[int]) -> Mapping[int, int] | None:
    nodes, seen = evidence.get(Nodes), evidence.get(Processes)
    job = report.kills[0]
    if isinstance(nodes, Nodes):
        processes = seen.all if isinstance(seen, Processes) else ()
        room = headroom_now_kb(nodes, [process for process in processes if same_job(process.task, job.task)])
        return {node: kb for node, kb in room.items() if node in allowed} if allowed else room
    return headroom_at_kill_kb(report, bound, job.rss_kb, allowed) if job.rss_kb is not None else None


def _judge(rss_kb: int | None, headroom: Mapping[int, int] | None, *, forbidden: bool) -> tuple[bool | None, str]:
    """Whether the job fits. Its size at death is the least that it needs: enough to say no, never enough to say yes."""
    if forbidden:
        return False, "The job's cpuset allows no other nodes, so it must be widened first."
    if headroom is None:
        return None, "How much room the other nodes have cannot be computed from what was collected."
    ceiling_kb = sum(headroom.values())
    room = f"All nodes together have room for about {human(ceiling_kb)} of it"
    if rss_kb is None:
        return None, f"{room}; how much it needs is not known."
    if ceiling_kb < rss_kb:
        return False, f"{room}, and it already held {human(rss_kb)} when it was killed."
    return None, f"{room}. Its peak is not known ({human(rss_kb)} is what it had when it was killed), so watch it after the change."


def _where_to_look(task: Task) -> str:
    unit = task.unit if task.unit and _UNIT_NAME.fullmatch(task.unit) else None
    first = f"“systemctl cat {unit}”" if unit else "the unit's ExecStart"
    return f" Who bound it is not in what was collected: look for numactl in {first}, in the scripts it starts, and for NUMAPolicy=."


def _edit(launcher: tuple[Membind, Unit] | None, action: str) -> str | None:
    """The change of the unit file, to be pasted: what it does as comments, then the commands. Arguments behind the program stay.

    Every word on a command line is checked against what such a word may hold; a unit from a package is edited by systemctl.
    """
    if launcher is None:
        return None
    membind, unit = launcher
    path = unit.properties.get("FragmentPath", "")
    if not _UNIT_NAME.fullmatch(unit.name) or not _UNIT_FILE.fullmatch(path):
        return None
    words = membind.interleaved() if action == "interleave" else membind.removed()
    diff = [f"# {path}", f"# - ExecStart={' '.join(membind.words)}", f"# + ExecStart={' '.join(words)}"]
    old, new = _changed(membind.words, words)
    restart = f"systemctl daemon-reload && systemctl restart {unit.name}"
    if path.startswith("/etc/") and _PLAIN_WORDS.fullmatch(old) and (not new or _PLAIN_WORDS.fullmatch(new)):
        sed = f"s| {old} | {new} |" if new else f"s|{old} ||"
        # a line that did not match changes nothing, and then nothing is restarted
        return "\n".join((*diff, f"sed -i.bak '/^ExecStart=/{sed}' {path}", f"! cmp -s {path} {path}.bak && {restart}"))
    return "\n".join((*diff, f"systemctl edit --full {unit.name}   # make the change above by hand", restart))


def _changed(before: Sequence[str], after: Sequence[str]) -> tuple[str, str]:
    """The words that differ between two command lines."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return " ".join(before[start : len(before) - end]), " ".join(after[start : len(after) - end])
