"""The list of rules: one file for each cause, in the order in which a report names them. Adding a
cause adds one line here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_events import Wording
from diagnostics.model import Outcome
from diagnostics.rules import (
    abort,
    application_exit,
    bus_error,
    container_stop_kill,
    cpu_limit_kill,
    cpuset_oom,
    disk_full,
    exec_failed,
    external_kill,
    fragmentation_oom,
    global_oom,
    hardware_memory_error,
    host_rebooted,
    hugepages_hold_node,
    hung_task,
    illegal_instruction,
    lowmem_oom,
    membind_oom,
    memcg_oom,
    memory_growth,
    no_kill_seen,
    numa_node_missing,
    pids_limit,
    rlimit_memory,
    seccomp_kill,
    segfault,
    sigkill_not_by_kernel,
    slab_growth,
    start_limit_hit,
    start_timeout_kill,
    stop_timeout_kill,
    systemd_oomd_kill,
    tmpfs_holds_memory,
    userspace_oom_kill,
    watchdog_kill,
)


@dataclass(frozen=True)
class Rule:
    """A cause's stable code, the pure function that decides on it, and its page: what it is, what
    decides it, what it is not. `kernel_says`: the kernel's lines that it looks for. `name`: it in
    a word or a few, for a list; a rule's file has a `NAME` where its code does not read as one.
    """

    code: str
    check: Callable[[Evidence], Outcome]
    page: str
    kernel_says: tuple[Wording, ...] = ()
    name: str = ""


RULES: tuple[Rule, ...] = tuple(
    Rule(
        module.CODE,
        module.check,
        module.__doc__ or "",
        getattr(module, "KERNEL_SAYS", ()),
        getattr(module, "NAME", module.CODE.replace("-", " ")),
    )
    for module in (
        # memory
        membind_oom,
        cpuset_oom,
        memcg_oom,
        global_oom,
        lowmem_oom,
        fragmentation_oom,
        hugepages_hold_node,
        tmpfs_holds_memory,
        slab_growth,
        memory_growth,
        no_kill_seen,
        # who sent a signal
        sigkill_not_by_kernel,
        systemd_oomd_kill,
        userspace_oom_kill,
        external_kill,
        stop_timeout_kill,
        start_timeout_kill,
        watchdog_kill,
        container_stop_kill,
        # how a program crashed
        segfault,
        abort,
        bus_error,
        hardware_memory_error,
        illegal_instruction,
        seccomp_kill,
        # limits of another kind
        cpu_limit_kill,
        pids_limit,
        rlimit_memory,
        disk_full,
        # starting, and ending by itself
        numa_node_missing,
        exec_failed,
        application_exit,
        start_limit_hit,
        # the machine
        host_rebooted,
        hung_task,
    )
)
CODES = frozenset(rule.code for rule in RULES)
KERNEL_SAYS = tuple(dict.fromkeys(said.words for rule in RULES for said in rule.kernel_says))
