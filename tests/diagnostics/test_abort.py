"""abort: SIGABRT of the program's own."""

from __future__ import annotations

import pytest

from tests.diagnostics.kernel_logs import examine
from tests.diagnostics.service_records import ended, finding_on, host_of, said

CODE = "abort"


@pytest.mark.parametrize("code", ["killed", "dumped"])
def test_fires_on_an_end_by_the_signal(code: str) -> None:
    """Three ends in a rhythm, on systemd's word."""
    journal = "".join(ended(6, at_s, code=code) for at_s in (100, 141, 182))
    finding = finding_on(CODE, host_of(journal))

    assert str(finding.confidence) == "likely"
    assert "web.service" in finding.story[0]
    assert "3 times in 82 s, every 41 s" in finding.story[0]
    assert [citation.line for citation in finding.citations] == [1, 3]


def test_fires_on_a_shells_status_for_it() -> None:
    """A script exits with 128 and the signal of the command in it."""
    assert "134" in finding_on(CODE, host_of(ended(134, code="exited"))).story[0]


def test_stays_clear_of_other_ends() -> None:
    """Another signal, and an exit status that is the signal's number."""
    host = host_of(ended(11) + ended(6, code="exited"))

    assert CODE in host.clear


def test_cannot_tell_without_the_journal() -> None:
    """Its absence is not health."""
    assert CODE in host_of("").clear
    assert CODE in examine("").unknown


def test_the_watchdogs_signal_is_no_abort_of_the_program() -> None:
    """systemd sent it."""
    journal = said("Watchdog timeout (limit 2s)!", 100) + ended(6, 100.5)

    assert CODE in host_of(journal).clear
