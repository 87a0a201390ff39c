"""abort: SIGABRT of the program's own."""

from __future__ import annotations

from tests.diagnostics.service_records import assert_told_by_signal, ended, host_of, said

CODE = "abort"


def test_fires_on_the_signal_and_on_nothing_else() -> None:
    """By systemd's word."""
    assert_told_by_signal(CODE, 6, 11)


def test_the_watchdogs_signal_is_no_abort_of_the_program() -> None:
    """systemd sent it."""
    assert CODE in host_of(said("Watchdog timeout (limit 2s)!", 100) + ended(6, 100.5)).clear
