"""sigkill-not-by-kernel: every SIGKILL that systemd saw is the OOM killer's, or it is said that it
was not.
"""

from __future__ import annotations

import json

from tests.diagnostics.kernel_logs import examine, membind_report

CODE = "sigkill-not-by-kernel"
BOOT = "kern  :info  : [    0.000000] Linux version 6.1\n"
NOW_S, UPTIME_S = 1795384570, 600
CLOCK = f"now {NOW_S}\nuptime {UPTIME_S}.00 537.49\n"


def ended(boot_s: float, unit: str = "job.service", status: str = "9", code: str = "killed") -> str:
    """systemd's own record of a main process' end."""
    record = {
        "MESSAGE_ID": "98e322203f7a4ed290d09fe03c09fe15",
        "UNIT": unit,
        "EXIT_CODE": code,
        "EXIT_STATUS": status,
        "_PID": "1",
        "_TRANSPORT": "journal",
        "__REALTIME_TIMESTAMP": str(int((NOW_S - UPTIME_S + boot_s) * 1e6)),
    }
    return json.dumps(record) + "\n"


def test_is_clear_where_each_follows_an_oom_kill_of_its_unit() -> None:
    """The report is at 100 s."""
    host = examine(BOOT + membind_report(), clock=CLOCK, service_journal=ended(101))

    assert host.clear[CODE] == "each SIGKILL that ended a service was the OOM killer's (1 of 1)"


def test_says_so_where_the_kernel_did_not_send_it() -> None:
    """The log reaches from boot to now and holds no kill of that time."""
    host = examine(
        BOOT + membind_report(), clock=CLOCK, service_journal=ended(101) + ended(300) + ended(400)
    )

    assert "SIGKILL ended job.service 2 times, last at 21:52:50 UTC" in host.unknown[CODE]
    assert "the kernel's OOM killer did not send it" in host.unknown[CODE]


def test_a_kill_of_another_unit_explains_nothing() -> None:
    """At the same moment, but elsewhere."""
    host = examine(
        BOOT + membind_report(), clock=CLOCK, service_journal=ended(101, unit="web.service")
    )

    assert "SIGKILL ended web.service" in host.unknown[CODE]


def test_other_signals_are_not_its_question() -> None:
    """Nor is an exit with status 9."""
    journal = ended(300, status="15") + ended(310, status="9", code="exited")

    assert CODE in examine(BOOT, clock=CLOCK, service_journal=journal).clear


def test_never_blames_somebody_where_the_log_may_have_lost_the_kill() -> None:
    """It begins a day after boot."""
    host = examine(
        "kern  :info  : [86400.000000] eth0: link up\n", clock=CLOCK, service_journal=ended(300)
    )

    assert "rotated" in host.unknown[CODE]
    assert "did not send it" not in host.unknown[CODE]


def test_cannot_tell_without_systemds_journal() -> None:
    """A kernel log does not say how services ended."""
    assert "was not seen" in examine(BOOT, clock=CLOCK).unknown[CODE]
