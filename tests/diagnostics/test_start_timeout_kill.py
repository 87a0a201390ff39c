"""start-timeout-kill: systemd's own record of a start that took too long."""

from __future__ import annotations

from tests.diagnostics.kernel_logs import ONE_LINE, examine
from tests.diagnostics.service_records import ended, failed, finding_on, host_of, said

CODE = "start-timeout-kill"
RECORD = said("start operation timed out. Terminating.")


def test_confirmed_where_the_end_follows() -> None:
    """The unit's own setting is in the story."""
    unit = "Id=web.service\nTimeoutStartUSec=2s\n\n"
    finding = finding_on(CODE, host_of(RECORD + failed("timeout", 100.2), units=unit))

    assert str(finding.confidence) == "confirmed"
    assert "TimeoutStartSec 2s" in finding.story[1]


def test_likely_on_the_record_alone() -> None:
    """And another unit's end is no sign."""
    assert str(finding_on(CODE, host_of(RECORD)).confidence) == "likely"
    assert (
        str(
            finding_on(
                CODE, host_of(RECORD + failed("timeout", 100.2, unit="db.service"))
            ).confidence
        )
        == "likely"
    )


def test_stays_clear_of_other_ends() -> None:
    """Nothing timed out so."""
    assert CODE in host_of(ended(15) + said("State 'stop-sigterm' timed out. Killing.")).clear


def test_a_service_that_writes_these_words_is_not_systemd() -> None:
    """Only process 1 counts."""
    assert CODE in host_of(RECORD.replace('"_PID": "1"', '"_PID": "388"')).clear


def test_cannot_tell_without_the_journal() -> None:
    """Its absence is not health."""
    assert CODE in examine(ONE_LINE).unknown
