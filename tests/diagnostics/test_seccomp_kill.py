"""seccomp-kill: SIGSYS, by systemd's word and the kernel's audit line."""

from __future__ import annotations

from tests.diagnostics.service_records import assert_confirmed_by_the_kernel, assert_told_by_signal

CODE = "seccomp-kill"
LINE = (
    "audit: type=1326 audit(1795384138.021:12): auid=4294967295 uid=0 gid=0 ses=4294967295 "
    'subj=unconfined pid=388 comm="web" exe="/usr/bin/web" sig=31 arch=c000003e syscall=34 compat=0'
)


def test_fires_on_the_signal_and_on_nothing_else() -> None:
    """By systemd's word."""
    assert_told_by_signal(CODE, 31, 11)


def test_the_kernels_line_confirms_it() -> None:
    """A service can write no such line."""
    assert_confirmed_by_the_kernel(CODE, 31, LINE)
