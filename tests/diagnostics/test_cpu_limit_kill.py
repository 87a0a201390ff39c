"""cpu-limit-kill: SIGXCPU."""

from __future__ import annotations

from tests.diagnostics.service_records import assert_told_by_signal

CODE = "cpu-limit-kill"


def test_fires_on_the_signal_and_on_nothing_else() -> None:
    """By systemd's word."""
    assert_told_by_signal(CODE, 24, 9)
