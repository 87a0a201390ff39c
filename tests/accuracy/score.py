"""Marks for one log of the corpus: what sevbot (or a peer) says beside the label."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from diagnostics.engine import diagnose_log
from diagnostics.facts.kernel_log import KernelLog, kills_of, read_log
from diagnostics.facts.log_regions import of_stream
from diagnostics.memory.limit import limit_of
from diagnostics.model import Finding, Kill, findings_of
from diagnostics.node_list import parse_nodes

COLUMNS = ("kills", "constraint", "node", "victim", "verdict")
CODES = {  # the label's word, and the causes that it covers: "none" is a machine as a whole
    "memory_policy": {"membind-oom"},
    "cpuset": {"cpuset-oom"},
    "memcg": {"memcg-oom"},
    "none": {"global-oom", "lowmem-oom", "fragmentation-oom"},
}
SIZES = ("total_vm_kb", "anon_rss_kb", "file_rss_kb", "shmem_rss_kb")
Label = Mapping[str, Any]
DISPUTED = {  # labels that we hold to be wrong; such logs are not counted
    "gpud-dmesg-decode-iso": "a test fixture of pasted lines. Its last summary line names pid "
    "863987, and the kernel prints that line only "
    "for a task that it is about to kill (mm/oom_kill.c, oom_kill_process), so it is a kill "
    "although its kill line was left out; pid 456 "
    "was chosen, but the line that follows says that 123 died",
}


class Mark(Enum):
    """Right, wrong, or no answer where there is one."""

    RIGHT = "right"
    WRONG = "wrong"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Answer:
    """What sevbot says of one log."""

    log: KernelLog
    findings: tuple[Finding, ...]

    @property
    def codes(self) -> set[str]:
        return {finding.code for finding in self.findings}

    def beyond(self, allowed: set[str]) -> set[str]:
        """Causes other than these, and other than what explains one of these (slab that filled the
        machine).
        """
        others = [finding for finding in self.findings if finding.code not in allowed]
        return {
            finding.code
            for finding in others
            if not allowed & {one.code for one in finding.explains}
        }


Row = tuple[Label, Mapping[str, Mark | None]]


def score(corpus: Path) -> list[Row]:
    """Every log of the corpus with its label and its marks."""
    lines = (corpus / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    labels = [label for label in map(json.loads, lines) if label["id"] not in DISPUTED]
    return [(label, marks(label, answer(corpus / f"{label['id']}.log"))) for label in labels]


def completeness(label: Label) -> str:
    """complete: header, state of the memory and outcome are all there; retyped: typed from a
    page.
    """
    if label.get("how") == "retyped":
        return "retyped"
    return "complete" if label.get("complete") else "partial"


def answer(path: Path) -> Answer:
    with path.open("rb") as file:
        log = read_log("kernel-log", of_stream(file))
    return Answer(log, findings_of(diagnose_log(log)))


def marks(label: Label, said: Answer) -> Mapping[str, Mark | None]:
    """A mark for each column, None where the label has nothing to compare."""
    return {
        "kills": _kills(label, kills_of(said.log.reports)),
        "constraint": _constraint(label, said),
        "node": _node(label, said),
        "victim": _victim(label, said),
        "verdict": _verdict(label, said),
    }


def _kills(label: Label, kills: Sequence[Kill]) -> Mark:
    """Each victim with its name and every size that is printed; a pid that nobody killed is
    wrong.
    """
    expected = {(kill["pid"], kill["comm"]): kill for kill in label["killed"]}
    found = {(kill.task.pid, kill.task.comm): kill for kill in kills}
    if found.keys() - expected.keys() or any(
        _differs(expected[key], kill) for key, kill in found.items()
    ):
        return Mark.WRONG
    whole = all(
        key in found and all(getattr(found[key], size) == kill.get(size) for size in SIZES)
        for key, kill in expected.items()
    )
    return Mark.RIGHT if whole else Mark.UNKNOWN


def _differs(expected: Label, kill: Kill) -> bool:
    return any(getattr(kill, size) not in (None, expected.get(size)) for size in SIZES)


def _constraint(label: Label, said: Answer) -> Mark | None:
    """The first one that is printed."""
    printed = [
        sourced.report.summary.constraint for sourced in said.log.reports if sourced.report.summary
    ]
    if label.get("constraint") is None:
        return Mark.WRONG if printed else None
    if not printed:
        return Mark.UNKNOWN
    return Mark.RIGHT if _plain(printed[0]) == _plain(label["constraint"]) else Mark.WRONG


def _plain(constraint: str) -> str:
    return constraint.removeprefix("CONSTRAINT_").lower()


def _node(label: Label, said: Answer) -> Mark | None:
    """The nodes that were allowed, where the label has a limit to nodes."""
    kind = label.get("inferred_constraint")
    expected = parse_nodes(
        label.get({"memory_policy": "nodemask", "cpuset": "mems_allowed"}.get(kind or "", ""))
    )
    if expected is None:
        return None
    found = [limit_of(sourced.report) for sourced in said.log.reports]
    nodes = {limit.nodes for limit in found if limit.kind.name.lower() == kind}
    if not nodes:
        return Mark.UNKNOWN
    return Mark.RIGHT if expected in nodes else Mark.WRONG


def _victim(label: Label, said: Answer) -> Mark | None:
    """The process that the first finding names."""
    if not label["killed"]:
        return None
    victims = [finding.victim.task for finding in said.findings if finding.victim]
    if not victims:
        return None if label.get("inferred_constraint") in (None, "unknown") else Mark.UNKNOWN
    named = {(kill["pid"], kill["comm"]) for kill in label["killed"]}
    return (
        Mark.RIGHT if all((victim.pid, victim.comm) in named for victim in victims) else Mark.WRONG
    )


def _verdict(label: Label, said: Answer) -> Mark:
    """A cause that the label does not cover is wrong; none at all is right only where nobody could
    tell, or nobody was killed.
    """
    allowed = CODES.get(label.get("inferred_constraint") or "", set())
    if not label["killed"] or not allowed:
        return Mark.WRONG if said.codes else Mark.RIGHT
    if said.beyond(allowed):
        return Mark.WRONG
    return Mark.RIGHT if said.codes else Mark.UNKNOWN
