"""no-kill-seen: whether the kernel's OOM killer killed here at all. It is an answer, never a cause.

Fires when never: a SEV without a kill has another cause, which this one does not name.
Stays clear when it is settled: kills were seen, or log and counter were there from boot to now and
show none.
Cannot tell when the log was rotated, cut, not readable or a file by itself, or when the kernel's
counter and the log disagree.
Looks like, but is not: health. A process may end in many ways without an OOM kill.

Source: /proc/vmstat oom_kill (4.14 and later); the kernel log.
"""

from __future__ import annotations

from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_log import KernelLog, kills_of
from diagnostics.memory.kills import no_report
from diagnostics.model import Clear, Outcome

CODE = "no-kill-seen"
NAME = "unseen OOM kill"


def check(evidence: Evidence) -> Outcome:
    """Clear or unknown, with the reason."""
    seen = no_report(evidence)
    if not isinstance(seen, KernelLog):
        return seen
    victims = len({kill.task.pid for kill in kills_of(seen.reports)})
    return Clear(
        f"the kernel's OOM killer did kill here ({victims} "
        f"{'process' if victims == 1 else 'processes'})"
    )
