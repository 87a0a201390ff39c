"""pids-limit: a cgroup reached its limit of processes and threads, and a new one was refused.

Fires when the kernel logged that the pids controller rejected a fork. It is `confirmed`: the line
is the kernel's own; `likely` in a log file, which anybody may have written. The kernel logs
only the first refusal in each cgroup, so how often it happened is not told.
Stays clear when a kernel log that goes back to boot has no such line. Cannot tell when it cannot be
read or does not go back.
Looks like, but is not: memory that cannot be allocated; the message of the program is often the
same (Resource temporarily unavailable).

Kernel: kernel/cgroup/pids.c pids_event; systemd: TasksMax= in systemd.resource-control(5).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from diagnostics.confidence import of_kernels_lines
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_events import KernelEvent, Wording
from diagnostics.facts.oom_report import unit_of_cgroup
from diagnostics.facts.units import Units
from diagnostics.kernel_lines import kernel_lines, no_kernel_line
from diagnostics.model import Finding, Outcome, ReachedLimit, Remedy, Unknown
from diagnostics.recent import is_recent, say_moment

CODE = "pids-limit"
NAME = "process limit"
REJECTED = Wording(
    "fork rejected by pids controller in",
    re.compile(r"^cgroup: fork rejected by pids controller in (?P<group>.*)"),
)
KERNEL_SAYS = (REJECTED,)
REMEDY = Remedy(
    action="raise-tasks-max",
    says=(
        "Find what starts so many processes or threads (systemd-cgls, ps -eLf); if it may, "
        "raise TasksMax= of the unit or --pids-limit."
    ),
    because="More memory does not help; a leak of threads reaches any limit.",
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all cgroups, or why there is none."""
    refused = kernel_lines(evidence, REJECTED)
    if isinstance(refused, Unknown):
        return refused
    if not refused:
        return no_kernel_line(evidence, REJECTED)
    refused = tuple(line for line in refused if is_recent(evidence, line.event.wall))
    if not refused:
        return Unknown(
            "the kernel refused a fork more than an hour ago, and logs only the first "
            "refusal of each cgroup",
            saw=True,
        )
    groups = list(dict.fromkeys(found["group"].strip() for _, found in refused))
    named = ", ".join(groups[:3]) + (f" and {len(groups) - 3} more" if len(groups) > 3 else "")
    return (
        Finding(
            code=CODE,
            headline="a cgroup reached its limit of processes",
            judged=of_kernels_lines([event for event, _ in refused]),
            story=(
                f"{named} may have no more processes and threads{_say_limit(evidence, groups)}.",
                (
                    "So the kernel refused a new "
                    f"one{_say_when(refused[-1].event)}{_say_lines(len(refused))}."
                ),
            ),
            citations=tuple(event.citation for event, _ in refused[-2:]),
            limits=tuple(
                ReachedLimit(
                    what="pids.max", whose=group, unit="tasks", limit=_limit_of(evidence, group)
                )
                for group in groups
            ),
            remedies=(REMEDY,),
        ),
    )


def _say_limit(evidence: Evidence, groups: Sequence[str]) -> str:
    """` than 5`, where the only cgroup's unit has a limit."""
    limit = _limit_of(evidence, groups[0]) if len(groups) == 1 else None
    return f" than {limit}" if limit is not None else ""


def _limit_of(evidence: Evidence, group: str) -> int | None:
    """What the cgroup's unit may have."""
    units = evidence.get(Units)
    unit = units.by_name.get(unit_of_cgroup(group) or "") if isinstance(units, Units) else None
    limit = unit.properties.get("TasksMax", "") if unit else ""
    return int(limit) if limit.isascii() and limit.isdigit() else None


def _say_when(event: KernelEvent) -> str:
    return f", last at {say_moment(event.at)}" if event.at else ""


def _say_lines(count: int) -> str:
    return (
        " (it logs the first refusal of each cgroup only)"
        if count == 1
        else f" ({count} lines; it logs the first of each cgroup only)"
    )
