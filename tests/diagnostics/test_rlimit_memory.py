"""rlimit-memory: a limit of address space, an end, and last words that speak of memory."""

from __future__ import annotations

from tests.diagnostics.kernel_logs import ONE_LINE, examine
from tests.diagnostics.service_records import ended, finding_on, host_of, last_words

CODE = "rlimit-memory"
UNIT = "Id=web.service\nLimitAS=209715200\n\n"
PROCESS = (
    "Name:\tweb\nPid:\t388\nVmRSS:\t 1 "
    "kB\nlimit-as\t209715200\ncgroup\t0::/system.slice/web.service\n"
)
END = ended(1, code="exited")
SAID = last_words("mmap: Cannot allocate memory")


def test_likely_where_limit_end_and_words_agree() -> None:
    """The limit is the unit's, or one that a script set on the process."""
    for sections in ({"units": UNIT}, {"processes": PROCESS}):
        finding = finding_on(CODE, host_of(END, last_words=SAID, **sections))
        assert str(finding.confidence) == "likely"
        assert "200 MiB" in finding.story[1]
        assert "Cannot allocate memory" in finding.story[1]
        assert "application-exit" in {one.code for one in finding.explains}


def test_cannot_tell_without_these_words() -> None:
    """Or when they are of another time, of another unit, or were not seen."""
    assert CODE in host_of(END, units=UNIT, last_words=last_words("bye")).unknown
    assert (
        CODE
        in host_of(END, units=UNIT, last_words=last_words("Cannot allocate memory", 20)).unknown
    )
    assert (
        CODE
        in host_of(
            END, units=UNIT, last_words=last_words("Cannot allocate memory", unit="db.service")
        ).unknown
    )
    assert CODE in host_of(END, units=UNIT).unknown


def test_stays_clear_of_services_without_such_a_limit() -> None:
    """However they end, and of SIGKILL, which this limit never sends."""
    assert CODE in host_of(END, units=UNIT.replace("209715200", "infinity"), last_words=SAID).clear
    assert CODE in host_of(ended(9), units=UNIT, last_words=SAID).clear


def test_cannot_tell_without_the_journal() -> None:
    """Its absence is not health."""
    assert CODE in examine(ONE_LINE).unknown
