"""seccomp-kill: SIGSYS, by systemd's word and the kernel's audit line."""

from __future__ import annotations

import pytest

from tests.diagnostics.kernel_logs import examine
from tests.diagnostics.service_records import ended, finding_on, host_of

CODE = "seccomp-kill"


@pytest.mark.parametrize("code", ["killed", "dumped"])
def test_fires_on_an_end_by_the_signal(code: str) -> None:
    """Three ends in a rhythm, on systemd's word."""
    journal = "".join(ended(31, at_s, code=code) for at_s in (100, 141, 182))
    finding = finding_on(CODE, host_of(journal))

    assert str(finding.confidence) == "likely"
    assert "web.service" in finding.story[0]
    assert "3 times in 82 s, every 41 s" in finding.story[0]
    assert [citation.line for citation in finding.citations] == [1, 3]


def test_fires_on_a_shells_status_for_it() -> None:
    """A script exits with 128 and the signal of the command in it."""
    assert "159" in finding_on(CODE, host_of(ended(159, code="exited"))).story[0]


def test_stays_clear_of_other_ends() -> None:
    """Another signal, and an exit status that is the signal's number."""
    host = host_of(ended(11) + ended(31, code="exited"))

    assert CODE in host.clear


def test_cannot_tell_without_the_journal() -> None:
    """Its absence is not health."""
    assert CODE in host_of("").clear
    assert CODE in examine("").unknown


def test_confirmed_where_the_kernel_says_so_too() -> None:
    """A second sign that no service can write; the same words of a user's are none."""
    line = "audit: type=1326 audit(1795384138.021:12): uid=0 pid=388 comm=web sig=31 arch=c000003e syscall=34 code=0x80000000"

    assert str(finding_on(CODE, host_of(ended(31), f"kern  :info  : [   99.000000] {line}\n")).confidence) == "confirmed"
    assert str(finding_on(CODE, host_of(ended(31), f"user  :info  : [   99.000000] {line}\n")).confidence) == "likely"
