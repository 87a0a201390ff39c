"""pids-limit: the kernel's line on a refused fork."""

from __future__ import annotations

from tests.diagnostics.kernel_logs import examine
from tests.diagnostics.service_records import BOOT, finding_on, host_of

CODE = "pids-limit"
LINE = "[   99.000000] cgroup: fork rejected by pids controller in /system.slice/web.service\n"


def test_fires_on_the_kernels_line() -> None:
    """It names the cgroup."""
    finding = finding_on(CODE, host_of("", f"kern  :info  : {LINE}"))

    assert str(finding.confidence) == "confirmed"
    assert "/system.slice/web.service" in finding.story[0]


def test_a_users_line_is_not_believed() -> None:
    """Anybody may write these words to /dev/kmsg."""
    assert CODE in host_of("", f"user  :info  : {LINE}").clear
    assert CODE in host_of("", LINE).clear
    users = f"user  :info  : [   98.000000] hello\n{' ' * 32}kern  :info  : {LINE}"
    assert CODE in host_of("", users).clear  # dmesg indents the further lines of a record


def test_a_refusal_of_hours_ago_leaves_it_open() -> None:
    """Later ones of the same cgroup are not logged."""
    clock = "now 1795384570\nuptime 90000.92 537.49\nbtime 1795294569\n"
    host = examine(f"{BOOT}kern  :info  : {LINE}", clock=clock, service_journal="")

    assert "more than an hour ago" in host.unknown[CODE]


def test_cannot_tell_where_the_log_does_not_go_back() -> None:
    """The line may be gone."""
    assert CODE in examine("kern  :info  : [86400.000000] eth0: link up\n").unknown
