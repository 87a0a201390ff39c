"""no-kill-seen: settled one way or the other, or unknown; never a finding."""

from __future__ import annotations

from diagnostics.model import Examined
from tests.diagnostics.kernel_logs import examine, membind_report

CODE = "no-kill-seen"
BOOT = "kern  :info  : [    0.000000] Linux version 6.1\n"
CLOCK = "now 1795384570\nuptime 600.92 537.49\n"


def answer(host: Examined) -> tuple[bool, str]:
    """Whether it is clear, and why."""
    assert all(finding.code != CODE for finding in host.findings)
    return CODE in host.clear, host.clear.get(CODE) or host.unknown[CODE]


def test_is_clear_where_kills_were_seen() -> None:
    """Distinct processes are counted."""
    log = membind_report() + membind_report(pid=301)

    assert answer(examine(log)) == (True, "the kernel's OOM killer did kill here (2 processes)")


def test_is_clear_where_everything_was_there_to_see_one() -> None:
    """Read from boot to now."""
    assert answer(examine(BOOT, clock=CLOCK)) == (
        True,
        "the kernel log, read from boot on, holds no OOM kill",
    )


def test_is_unknown_where_the_log_does_not_reach_back() -> None:
    """Absence is not health."""
    clear, because = answer(examine("kern  :info  : [86400.000000] eth0: link up\n", clock=CLOCK))

    assert (clear, "rotated" in because) == (False, True)


def test_is_unknown_where_the_counter_disagrees() -> None:
    """The kernel counted a kill that the log does not show."""
    clear, because = answer(examine(BOOT, clock=CLOCK, vmstat="oom_kill 3\n"))

    assert (clear, "oom_kill 3" in because) == (False, True)


def test_a_report_without_a_victim_is_said() -> None:
    """A panic, or a cut: something did run out."""
    log = BOOT + membind_report().split("oom-kill:")[0].rpartition("kern")[0]
    clear, because = answer(examine(log, clock=CLOCK))

    assert (clear, "an OOM report begins at line 2" in because) == (False, True)
