"""illegal-instruction: SIGILL, by systemd's word and the kernel's."""

from __future__ import annotations

from tests.diagnostics.service_records import assert_confirmed_by_the_kernel, assert_told_by_signal

CODE = "illegal-instruction"
LINE = "traps: web[388] trap invalid opcode ip:401136 sp:7ffd4f5f8e50 error:0 in web[401000+1000]"


def test_fires_on_the_signal_and_on_nothing_else() -> None:
    """By systemd's word."""
    assert_told_by_signal(CODE, 4, 11)


def test_the_kernels_line_confirms_it() -> None:
    """A service can write no such line."""
    assert_confirmed_by_the_kernel(CODE, 4, LINE)
