"""hung-task: a task waits in the kernel for what does not come, and cannot even be killed.

Fires when the kernel's watchdog logged in the last hour that a task was blocked for longer than
kernel.hung_task_timeout_secs. It is `confirmed`: the line is the kernel's own; `likely` in a log
file, which anybody may have written. What it waits in is read off the call trace below the line.
Stays clear when a kernel log that goes back to boot has no such line. The watchdog may be off (a
time of 0), and of the lines it writes it counts down kernel.hung_task_warnings, ten by default.
Cannot tell when the log cannot be read or does not go back.
Looks like, but is not: a service that is slow, or waits for another one: that is no wait in the
kernel. Why what it waits for does not come, a disk, a server, a file system that was frozen, the
kernel does not say.

Kernel: kernel/hung_task.c check_hung_task, Documentation/admin-guide/sysctl/kernel.rst.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from diagnostics.confidence import of_kernels_lines
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_events import KernelEvent, Said, Wording
from diagnostics.kernel_lines import recent_kernel_lines
from diagnostics.model import Citation, Finding, Outcome, Remedy, Task
from diagnostics.recent import say_moment

CODE = "hung-task"
BLOCKED = Wording(
    "blocked for more than",
    re.compile(
        r"^INFO: task (?P<comm>.{1,15}):(?P<pid>\d{1,9}) "
        r"blocked for more than (?P<s>\d{1,9}) seconds\."
    ),
)
KERNEL_SAYS = (BLOCKED,)
NAMED_TASKS, NAMED_CALLS = 3, 3
_CALL = re.compile(r"^(?P<name>[\w.]{1,64})\+0x[0-9a-f]{1,8}/0x[0-9a-f]{1,8}")
_SCHEDULER = re.compile(r"_*(?:preempt_|io_)?schedule(?:_\w+)?")  # kernel/sched/core.c
REMEDY = Remedy(
    action="see-what-it-waits-for",
    says=(
        "See what it waits for: “cat /proc/PID/stack” now, then the disk or the server behind it "
        "(dmesg, multipath -ll, mount -t nfs,nfs4); “fsfreeze -u DIR” thaws a file system."
    ),
    because="SIGKILL does not end it before that comes; a restart of the service waits, too.",
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all tasks, or why there is none."""
    blocked = recent_kernel_lines(evidence, BLOCKED)
    if not isinstance(blocked, tuple):
        return blocked
    waited_s = {_task(found): int(found["s"]) for _, found in blocked}  # the last time of each
    last, task = blocked[-1][0], _task(blocked[-1][1])
    when = f", last at {say_moment(last.at)}" if last.at else ""
    return (
        Finding(
            code=CODE,
            headline="a task waits in the kernel and does not come back",
            judged=of_kernels_lines([event for event, _ in blocked]),
            story=(
                _say_who(waited_s, when),
                _say_where(task, _calls(last)),
            ),
            citations=_last_of_each(blocked),
            culprit=task,
            remedies=(REMEDY,),
        ),
    )


def _last_of_each(blocked: Sequence[Said]) -> tuple[Citation, ...]:
    """The last line of each of the tasks that are named, in the order of the log."""
    last = {_task(found): event.citation for event, found in blocked}
    return tuple(sorted(list(last.values())[:NAMED_TASKS], key=lambda cited: cited.line))


def _task(found: re.Match[str]) -> Task:
    return Task(found["comm"], int(found["pid"]))


def _say_who(waited_s: Mapping[Task, int], when: str) -> str:
    """Of several the time that holds for each."""
    named = [f"{task.comm}, pid {task.pid}" for task in list(waited_s)[:NAMED_TASKS]]
    more = [f"{len(waited_s) - NAMED_TASKS} more"] if len(waited_s) > NAMED_TASKS else []
    *most, last = [*named, *more]
    who = f"{'; '.join(most)} and {last}" if most else last
    return f"{who} waited in the kernel for more than {min(waited_s.values())} s{when}."


def _say_where(task: Task, calls: Sequence[str]) -> str:
    if not calls:
        return f"What {task.comm} waits in is not in the log: the call trace is lost."
    by = f", called by {' and '.join(calls[1:])}" if calls[1:] else ""
    return f"{task.comm} waits in the kernel's {calls[0]}{by}."


def _calls(event: KernelEvent) -> tuple[str, ...]:
    """The innermost calls below the scheduler's own."""
    names = [found["name"] for text in event.below if (found := _CALL.match(text))]
    return tuple(name for name in names if not _SCHEDULER.fullmatch(name))[:NAMED_CALLS]
