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
from diagnostics.facts.kernel_events import COMM, KernelEvent, Said, Wording
from diagnostics.kernel_lines import kernel_lines, recent_kernel_lines
from diagnostics.model import Clear, Finding, Outcome, Remedy, Task, Unknown
from diagnostics.recent import say_moment

CODE = "hung-task"
BLOCKED = Wording(
    "blocked for more than",
    re.compile(
        rf"^INFO: task {COMM}:(?P<pid>\d{{1,9}}) "
        r"blocked for more than (?P<s>\d{1,9}) seconds\."
    ),
)
KERNEL_SAYS = (BLOCKED,)
NAMED_TASKS, NAMED_CALLS = 3, 3
LONGER_AGO = (
    "the kernel logged it more than an hour ago, and logs only so many of them "
    "(kernel.hung_task_warnings, 10)"
)
_SHOWN = re.compile(r"^task:.* pid:(?P<pid>\d{1,9}) ")  # sched_show_task
_ANOTHER = re.compile(r"^(?:INFO: task .* blocked for more than|rcu:|CPU:|BUG:|watchdog:|sysrq:)")
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
    if isinstance(blocked, Clear) and kernel_lines(evidence, BLOCKED):
        return Unknown(LONGER_AGO, saw=True)
    if not isinstance(blocked, tuple):
        return blocked
    newest: dict[Task, Said] = {}  # the last line of each task, the last task first
    for line in reversed(blocked):
        newest.setdefault(line.task, line)
    task, (last, _) = blocked[-1].task, blocked[-1]
    when = f", last at {say_moment(last.at)}" if last.at else ""
    return (
        Finding(
            code=CODE,
            headline="a task waits in the kernel and does not come back",
            judged=of_kernels_lines([event for event, _ in blocked]),
            story=(
                _say_who(newest, when),
                _say_where(task, _calls(last, task)),
            ),
            citations=tuple(
                line.event.citation for line in reversed(list(newest.values())[:NAMED_TASKS])
            ),
            culprit=task,
            remedies=(REMEDY,),
        ),
    )


def _say_who(newest: Mapping[Task, Said], when: str) -> str:
    """Of several the time that holds for each."""
    named = [f"{task.comm}, pid {task.pid}" for task in list(newest)[:NAMED_TASKS]]
    more = [f"{len(newest) - NAMED_TASKS} more"] if len(newest) > NAMED_TASKS else []
    *most, last = [*named, *more]
    who = f"{'; '.join(most)} and {last}" if most else last
    least_s = min(int(line.found["s"]) for line in newest.values())
    return f"{who} waited in the kernel for more than {least_s} s{when}."


def _say_where(task: Task, calls: Sequence[str]) -> str:
    if not calls:
        return f"What {task.comm} waits in is not below the line: its call trace was not found."
    by = f", called by {' and '.join(calls[1:])}" if calls[1:] else ""
    return f"{task.comm} waits in the kernel's {calls[0]}{by}."


def _calls(event: KernelEvent, task: Task) -> tuple[str, ...]:
    """The innermost calls below the scheduler's own, of this task's trace: another one may
    follow.
    """
    names: list[str] = []
    is_trace = False
    for text in event.below:
        shown = _SHOWN.match(text)
        if (shown and int(shown["pid"]) != task.pid) or _ANOTHER.match(text):
            break
        if is_trace and (found := _CALL.match(text)):
            names.append(found["name"])
        is_trace = is_trace or text.startswith("Call Trace")
    return tuple(name for name in names if not _SCHEDULER.fullmatch(name))[:NAMED_CALLS]
