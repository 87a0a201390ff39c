"""What is older than the SEV's hour is told apart, whatever the clocks say."""

from __future__ import annotations

from diagnostics.engine import report_on
from diagnostics.model import Examined
from diagnostics.telling.render import to_text
from tests.diagnostics.kernel_logs import membind_report
from tests.diagnostics.service_records import BOOTED_S, ended, host_of

UP_FOR_A_DAY = f"now {BOOTED_S + 86400}\nuptime 86400.00 1.00\n"


def host_up_for_a_day(kill_at_s: int, sev: str | None = None, journal: str = "") -> Examined:
    log = membind_report(prefix=f"kern  :warn  : [{kill_at_s:5}.000000] ")
    sections = {"sev": sev} if sev is not None else {}
    return host_of(journal, log, clock=UP_FOR_A_DAY, vmstat="oom_kill 1\n", **sections)


def test_a_kill_of_hours_before_the_sev_is_told_apart() -> None:
    """It is no cause of it, and it is not forgotten."""
    host = host_up_for_a_day(40000, sev="ago 60\n")

    assert host.findings == ()
    assert [finding.code for finding in host.older] == ["membind-oom"]
    assert "too long ago" in host.clear["membind-oom"]
    assert "Longer ago" in to_text(report_on([host]))
    assert "last kill 12 h 53 min before this look" in to_text(report_on([host]))


def test_a_kill_of_the_hour_before_the_sev_counts() -> None:
    """Also when the look comes long after the SEV."""
    assert [finding.code for finding in host_up_for_a_day(86000, sev="ago 60\n").findings] == [
        "membind-oom"
    ]
    assert [finding.code for finding in host_up_for_a_day(40000, sev="ago 45000\n").findings] == [
        "membind-oom"
    ]


def test_without_a_sev_kills_of_any_age_count() -> None:
    """And their age is told."""
    host = host_up_for_a_day(40000)

    assert [finding.code for finding in host.findings] == ["membind-oom"]
    assert "12 h 53 min before" in to_text(report_on([host]))


def test_ends_of_services_count_from_the_sev() -> None:
    """Or from the look, where no SEV is known."""
    journal = ended(1, 40000, code="exited")
    assert "application-exit" in {
        finding.code
        for finding in host_up_for_a_day(86000, sev="ago 45000\n", journal=journal).findings
    }
    assert "application-exit" in host_up_for_a_day(86000, journal=journal).clear


def test_a_clock_that_was_set_does_not_part_what_belongs_together() -> None:
    """Three hours ahead: the journal's stamps are old, its time since boot is not."""
    journal = ended(9, 100.3, unit="job.service").replace(
        "}", ', "__MONOTONIC_TIMESTAMP": "100300000"}'
    )
    ahead = f"now {BOOTED_S + 10800 + 601}\nuptime 601.00 1.00\n"
    host = host_of(journal, membind_report(), clock=ahead)

    (finding,) = host.findings
    assert str(finding.confidence) == "confirmed"
    assert "the OOM killer's" in host.clear["sigkill-not-by-kernel"]


def test_nothing_in_a_journal_that_does_not_go_back_is_no_answer() -> None:
    """So many records, or so many bytes: what is older was not read."""
    oldest = '{"SEVBOT_OLDEST":"1","__MONOTONIC_TIMESTAMP":"500000000"}\n'
    host = host_of(oldest, daemons_journal=oldest)
    for code in ("segfault", "stop-timeout-kill", "userspace-oom-kill", "container-stop-kill"):
        assert "only" in host.unknown[code]
    assert "segfault" in host_of(oldest.replace("500", "-500")).clear
    long_ago = oldest.replace("500000000", "1000000")
    assert "segfault" in host_of(long_ago, clock=UP_FOR_A_DAY).clear
