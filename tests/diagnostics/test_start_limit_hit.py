"""start-limit-hit: systemd's own decision, and a consequence."""

from __future__ import annotations

from tests.diagnostics.kernel_logs import ONE_LINE, examine
from tests.diagnostics.service_records import ended, failed, finding_on, host_of, said

CODE = "start-limit-hit"
RECORD = said("Start request repeated too quickly.") + failed("start-limit-hit")


def test_fires_on_systemds_word_and_comes_after_its_cause() -> None:
    """What ended each start is the cause, and is told first."""
    host = host_of(ended(3, 99, code="exited") + RECORD)

    assert str(finding_on(CODE, host).confidence) == "confirmed"
    assert [finding.code for finding in host.findings] == ["application-exit", CODE]
    assert any(one.fits(host.findings[1]) for one in host.findings[0].explains)


def test_stays_clear_of_a_plain_failure() -> None:
    """It is tried again."""
    assert CODE in host_of(failed("exit-code")).clear


def test_cannot_tell_without_the_journal() -> None:
    """Its absence is not health."""
    assert CODE in examine(ONE_LINE).unknown
