"""application-exit: a status of the program's own."""

from __future__ import annotations

from tests.diagnostics.kernel_logs import ONE_LINE, examine
from tests.diagnostics.service_records import ended, finding_on, host_of

CODE = "application-exit"


def test_fires_on_a_status_of_its_own() -> None:
    """Never more than likely: why is in the program's log."""
    finding = finding_on(
        CODE, host_of("".join(ended(78, at_s, code="exited") for at_s in (100, 110, 121)))
    )

    assert (finding.headline, str(finding.confidence)) == (
        "the program exits by itself with status 78",
        "likely",
    )
    assert "3 times in 21 s, every 10 s" in finding.story[0]


def test_stays_clear_of_signals_and_failed_starts() -> None:
    """137 is a shell's word for SIGKILL, 203 systemd's for execve."""
    assert (
        CODE
        in host_of(
            ended(9)
            + ended(137, code="exited")
            + ended(203, code="exited")
            + ended(127, code="exited")
        ).clear
    )


def test_cannot_tell_without_the_journal() -> None:
    """Its absence is not health."""
    assert CODE in examine(ONE_LINE).unknown
