"""systemd-oomd-kill: systemd's record of it, and systemd-oomd's own line."""

from __future__ import annotations

from tests.diagnostics.kernel_logs import ONE_LINE, examine
from tests.diagnostics.service_records import daemon_said, ended, finding_on, host_of, said

CODE = "systemd-oomd-kill"
RECORD = said(
    "systemd-oomd killed 3 process(es) in this unit.", MESSAGE_ID="d989611b15e44c9dbf31e3c81256e4ed"
)
WHY = (
    "Killed /system.slice/web.service due to memory pressure for /system.slice being 93.42% > "
    "60.00% for > 30s with reclaim activity"
)


def test_confirmed_where_two_say_so() -> None:
    """systemd and systemd-oomd, or systemd twice; the reason is systemd-oomd's own."""
    finding = finding_on(CODE, host_of(RECORD, daemons_journal=daemon_said(WHY, by="systemd-oomd")))
    assert str(finding.confidence) == "confirmed"
    assert "93.42% > 60.00%" in finding.story[1]
    assert str(finding_on(CODE, host_of(RECORD + ended(9, 100.1))).confidence) == "confirmed"


def test_likely_on_one_of_them() -> None:
    """A scope of a user's session is told by systemd-oomd alone."""
    assert str(finding_on(CODE, host_of(RECORD)).confidence) == "likely"
    alone = finding_on(CODE, host_of("", daemons_journal=daemon_said(WHY, by="systemd-oomd")))
    assert (str(alone.confidence), "web.service" in alone.story[0]) == ("likely", True)


def test_is_no_sigkill_of_an_unknown_sender() -> None:
    """Its sender is known."""
    assert "systemd's own" in host_of(RECORD + ended(9, 100.1)).clear["sigkill-not-by-kernel"]


def test_stays_clear_of_what_others_write() -> None:
    """A service's own words, and kills of hours ago."""
    assert CODE in host_of(ended(9), daemons_journal=daemon_said(WHY, by="web")).clear
    assert CODE in host_of(RECORD.replace('"_PID": "1"', '"_PID": "388"')).clear
    assert CODE in host_of("", daemons_journal=daemon_said(WHY, -7200, by="systemd-oomd")).clear


def test_cannot_tell_without_the_journal() -> None:
    """Its absence is not health."""
    assert CODE in examine(ONE_LINE).unknown
