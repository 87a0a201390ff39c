"""exec-failed: exit statuses that only a failed start gives."""

from __future__ import annotations

from tests.diagnostics.kernel_logs import ONE_LINE, examine
from tests.diagnostics.service_records import ended, finding_on, host_of

CODE = "exec-failed"


def test_systemds_own_status_is_confirmed_and_a_shells_likely() -> None:
    """203 is given by nobody else; 127 may be anybody's."""
    assert str(finding_on(CODE, host_of(ended(203, code="exited"))).confidence) == "confirmed"
    assert "executing its program" in finding_on(CODE, host_of(ended(203, code="exited"))).story[1]
    assert str(finding_on(CODE, host_of(ended(127, code="exited"))).confidence) == "likely"


def test_two_statuses_are_two_findings() -> None:
    """The headline names the status."""
    host = host_of(ended(203, code="exited") + ended(217, code="exited"))

    assert [finding.headline[-12:] for finding in host.findings] == ["(status 203)", "(status 217)"]


def test_stays_clear_of_the_programs_own_exits() -> None:
    """And of the status that numa-node-missing tells of."""
    assert CODE in host_of(ended(3, code="exited") + ended(242, code="exited") + ended(9)).clear


def test_cannot_tell_without_the_journal() -> None:
    """Its absence is not health."""
    assert CODE in examine(ONE_LINE).unknown
