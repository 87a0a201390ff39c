"""The list of rules: one file for each cause, in the order in which a report names them. Adding a cause adds one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from diagnostics.evidence import Evidence
from diagnostics.model import Outcome
from diagnostics.rules import (
    cpuset_oom,
    fragmentation_oom,
    global_oom,
    lowmem_oom,
    membind_oom,
    memcg_oom,
    no_kill_seen,
    sigkill_not_by_kernel,
)


@dataclass(frozen=True)
class Rule:
    """A cause's stable code, the pure function that decides on it, and its page: what it is, what decides it, what it is not."""

    code: str
    check: Callable[[Evidence], Outcome]
    page: str


RULES: tuple[Rule, ...] = tuple(
    Rule(module.CODE, module.check, module.__doc__ or "")
    for module in (
        membind_oom,
        cpuset_oom,
        memcg_oom,
        global_oom,
        lowmem_oom,
        fragmentation_oom,
        no_kill_seen,
        sigkill_not_by_kernel,
    )
)
