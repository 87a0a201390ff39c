"""The list of rules: one file for each cause, in the order in which a report names them. Adding a cause adds one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from diagnostics.evidence import Evidence
from diagnostics.model import Outcome
from diagnostics.rules import cpuset_oom, fragmentation_oom, global_oom, lowmem_oom, membind_oom, memcg_oom


@dataclass(frozen=True)
class Rule:
    """A cause's stable code and the pure function that decides on it."""

    code: str
    check: Callable[[Evidence], Outcome]


RULES: tuple[Rule, ...] = (
    Rule(membind_oom.CODE, membind_oom.check),
    Rule(cpuset_oom.CODE, cpuset_oom.check),
    Rule(memcg_oom.CODE, memcg_oom.check),
    Rule(global_oom.CODE, global_oom.check),
    Rule(lowmem_oom.CODE, lowmem_oom.check),
    Rule(fragmentation_oom.CODE, fragmentation_oom.check),
)
