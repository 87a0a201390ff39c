"""bus-error: SIGBUS without a broken page."""

from __future__ import annotations

from tests.diagnostics.service_records import assert_told_by_signal

CODE = "bus-error"


def test_fires_on_the_signal_and_on_nothing_else() -> None:
    """By systemd's word."""
    assert_told_by_signal(CODE, 7, 11)
