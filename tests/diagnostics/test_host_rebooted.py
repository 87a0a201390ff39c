"""host-rebooted: the time of boot, and how the boot before ended."""

from __future__ import annotations

import json

from tests.diagnostics.kernel_logs import examine, membind_report
from tests.diagnostics.service_records import BOOTED_S, ended, finding_on, host_of

CODE = "host-rebooted"
JOURNAL_STOP = "d93fb3c9c24d451a97cea615ce59c00b"


def before(seconds: float, **fields: str) -> str:
    """The last record of the boot before, so long before this boot."""
    return (
        json.dumps(
            {
                "__REALTIME_TIMESTAMP": str(int((BOOTED_S - seconds) * 1e6)),
                "_SYSTEMD_UNIT": "web.service",
                **fields,
            }
        )
        + "\n"
    )


def test_confirmed_and_how_it_went_down() -> None:
    """Journald's own stop is its last record of an orderly shutdown."""
    stop = {
        "MESSAGE_ID": JOURNAL_STOP,
        "_SYSTEMD_UNIT": "systemd-journald.service",
        "_TRANSPORT": "driver",
    }
    finding = finding_on(CODE, host_of("", boots=before(30, **stop)))
    assert str(finding.confidence) == "confirmed"
    assert "It was told to go down" in finding.story[0]
    for other in ({}, {**stop, "_TRANSPORT": "journal"}, {**stop, "_SYSTEMD_UNIT": "web.service"}):
        assert (
            "No orderly shutdown"
            in finding_on(CODE, host_of("", boots=before(30, **other))).story[0]
        )


def test_cannot_tell_where_services_ended_after_the_boot() -> None:
    """A restart explains one end, not the next."""
    assert "does not explain" in host_of(ended(1, code="exited"), boots=before(30)).unknown[CODE]
    assert "does not explain" in host_of("", membind_report(), boots=before(30)).unknown[CODE]


def test_stays_clear_of_a_machine_that_was_off() -> None:
    """Or has been up for long."""
    assert CODE in host_of("", boots=before(7200)).clear
    up_for_a_day = f"now {BOOTED_S + 86400}\nuptime 86400.0 1.0\n"
    assert CODE in examine("", boots=before(30), clock=up_for_a_day).clear


def test_cannot_tell_where_the_journal_keeps_no_earlier_boot() -> None:
    """A machine's first boot looks the same."""
    assert "keeps no boot before" in host_of("", boots="").unknown[CODE]
    assert CODE in host_of("").unknown


def test_stays_clear_of_a_machines_first_boot() -> None:
    """A journal on disk would know an earlier one."""
    assert "first time" in host_of("", boots="kept on disk\nboots\n1\n").clear[CODE]
    assert (
        finding_on(CODE, host_of("", boots="kept on disk\nboots\n2\n" + before(30)))
        .citations[0]
        .line
        == 4
    )
    for unsure in ("kept on disk\n", "kept on disk\nboots\n2\n", "boots\n1\n"):
        assert CODE in host_of("", boots=unsure).unknown
    assert "clock" in host_of("", boots=before(-7200)).unknown[CODE]
