"""external-kill: systemd's record of a signal that it sent on request."""

from __future__ import annotations

from tests.diagnostics.kernel_logs import examine
from tests.diagnostics.service_records import ended, finding_on, host_of, said

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


def test_cannot_tell_without_the_journal() -> None:
    """Its absence is not health."""
    assert CODE in examine("").unknown
