"""The list of rules: one file for each cause, in the order in which a report names them. Adding a cause adds one line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from diagnostics.evidence import Evidence
from diagnostics.model import Outcome
from diagnostics.rules import (
    abort,
    application_exit,
    bus_error,
    cpu_limit_kill,
    cpuset_oom,
    exec_failed,
    external_kill,
    fragmentation_oom,
    global_oom,
    hardware_memory_error,
    hugepages_hold_node,
    illegal_instruction,
    lowmem_oom,
    membind_oom,
    memcg_oom,
    no_kill_seen,
    numa_node_missing,
    pids_limit,
    seccomp_kill,
    segfault,
    sigkill_not_by_kernel,
    start_limit_hit,
    start_timeout_kill,
    stop_timeout_kill,
    tmpfs_holds_memory,
    watchdog_kill,
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
        hugepages_hold_node,
        tmpfs_holds_memory,
        no_kill_seen,
        sigkill_not_by_kernel,
        external_kill,
        stop_timeout_kill,
        start_timeout_kill,
        watchdog_kill,
        segfault,
        abort,
        bus_error,
        hardware_memory_error,
        illegal_instruction,
        seccomp_kill,
        cpu_limit_kill,
        pids_limit,
        numa_node_missing,
        exec_failed,
        application_exit,
        start_limit_hit,
    )
)
