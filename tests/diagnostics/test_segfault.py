"""segfault: SIGSEGV, by systemd's word and the kernel's."""

from __future__ import annotations

import pytest

from tests.diagnostics.kernel_logs import examine
from tests.diagnostics.service_records import ended, finding_on, host_of

CODE = "segfault"


@pytest.mark.parametrize("code", ["killed", "dumped"])
def test_fires_on_an_end_by_the_signal(code: str) -> None:
    """Three ends in a rhythm, on systemd's word."""
    journal = "".join(ended(11, at_s, code=code) for at_s in (100, 141, 182))
    finding = finding_on(CODE, host_of(journal))

    assert str(finding.confidence) == "likely"
    assert "web.service" in finding.story[0]
    assert "3 times in 82 s, every 41 s" in finding.story[0]
    assert [citation.line for citation in finding.citations] == [1, 3]


def test_fires_on_a_shells_status_for_it() -> None:
    """A script exits with 128 and the signal of the command in it."""
    assert "139" in finding_on(CODE, host_of(ended(139, code="exited"))).story[0]


def test_stays_clear_of_other_ends() -> None:
    """Another signal, and an exit status that is the signal's number."""
    host = host_of(ended(6) + ended(11, code="exited"))

    assert CODE in host.clear


def test_cannot_tell_without_the_journal() -> None:
    """Its absence is not health."""
    assert CODE in host_of("").clear
    assert CODE in examine("").unknown


def test_confirmed_where_the_kernel_says_so_too() -> None:
    """A second sign that no service can write; the same words of a user's are none."""
    line = "web[388]: segfault at 8 ip 0000000000401136 sp 00007ffd4f5f8e50 error 6 in web[401000+1000]"

    assert str(finding_on(CODE, host_of(ended(11), f"kern  :info  : [   99.000000] {line}\n")).confidence) == "confirmed"
    assert str(finding_on(CODE, host_of(ended(11), f"user  :info  : [   99.000000] {line}\n")).confidence) == "likely"


def test_a_fault_at_another_time_is_no_sign() -> None:
    """Some other program's."""
    line = "web[388]: segfault at 8 ip 0000000000401136 sp 00007ffd4f5f8e50 error 6 in web[401000+1000]"

    assert str(finding_on(CODE, host_of(ended(11), f"kern  :info  : [   40.000000] {line}\n")).confidence) == "likely"


def test_an_end_of_hours_ago_is_no_cause_of_now() -> None:
    """It is not what the SEV is about."""
    assert CODE in host_of(ended(11, -7200)).clear
