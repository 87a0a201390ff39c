"""external-kill: systemd's record of a signal that it sent on request."""

from __future__ import annotations

from tests.diagnostics.kernel_logs import ONE_LINE, examine, membind_report
from tests.diagnostics.service_records import daemon_said, ended, finding_on, host_of, said

CODE = "external-kill"
RECORD = said("Sent signal SIGKILL to main process 388 (web) on client request.")


def test_confirmed_where_the_end_follows() -> None:
    """And then it is no SIGKILL of an unknown sender."""
    host = host_of(RECORD + ended(9, 100.2))

    assert str(finding_on(CODE, host).confidence) == "confirmed"
    assert "systemd's own" in host.clear["sigkill-not-by-kernel"]


def test_likely_on_the_request_alone() -> None:
    """The end of another unit is no sign."""
    assert str(finding_on(CODE, host_of(RECORD)).confidence) == "likely"


def test_stays_clear_of_a_signal_that_nobody_asked_systemd_for() -> None:
    """Another sender, another signal, another writer."""
    other = said("Sent signal SIGHUP to main process 388 (web) on client request.")
    host = host_of(ended(9, 50) + other + RECORD.replace('"_PID": "1"', '"_PID": "388"'))

    assert CODE in host.clear
    assert "did not send it" in host.unknown["sigkill-not-by-kernel"]


SUDO = daemon_said(
    "root : PWD=/root ; USER=root ; COMMAND=/usr/bin/kill -9 388",
    99,
    by="ssh",
    _EXE="/usr/bin/sudo",
    _TRANSPORT="syslog",
)


DENIED = (
    SUDO.replace("root : PWD", "mallory : user NOT in sudoers ; PWD"),
    SUDO.replace("root : PWD", "web : command not allowed ; PWD"),
    SUDO.replace("/root ; USER", "/srv/kill -9 x ; USER").replace(
        "COMMAND=/usr/bin/kill -9 388", "COMMAND=/usr/bin/id"
    ),
    SUDO.replace("syslog", "stdout"),
)


def test_likely_just_after_a_kill_under_sudo() -> None:
    """It does not say whom it met; another signal, another time and another program are none."""
    finding = finding_on(CODE, host_of(ended(9), daemons_journal=SUDO))
    assert (finding.headline, str(finding.confidence)) == ("killed by hand (sudo kill)", "likely")
    for other in (
        SUDO.replace("-9", "-15"),
        SUDO.replace("/kill -9", "/kill"),
        SUDO.replace("/usr/bin/sudo", "/usr/bin/web"),
        *DENIED,
    ):
        assert CODE in host_of(ended(9), daemons_journal=other).clear
    assert CODE in host_of(ended(9, 160), daemons_journal=SUDO).clear


def test_an_oom_kill_at_the_time_of_a_sudo_kill_is_the_kernels() -> None:
    """And a time-out of systemd's is systemd's."""
    oom = host_of(ended(9, 100.3, unit="job.service"), membind_report(), daemons_journal=SUDO)
    assert [finding.code for finding in oom.findings] == ["membind-oom"]
    stop = host_of(
        said("State 'stop-sigterm' timed out. Killing.") + ended(9, 100.2), daemons_journal=SUDO
    )
    assert [finding.code for finding in stop.findings] == ["stop-timeout-kill"]


def test_cannot_tell_without_the_journal() -> None:
    """Its absence is not health."""
    assert CODE in examine(ONE_LINE).unknown
