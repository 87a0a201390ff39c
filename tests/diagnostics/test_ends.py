"""Ends as data: whose, how, how often, and which of two is meant."""

from __future__ import annotations

import pytest

from diagnostics.model import End
from tests.diagnostics.service_records import daemon_said, ended, failed, finding_on, host_of, said

LATE = said("start operation timed out. Terminating.", 101)
HUNG = said("Watchdog timeout (limit 2s)!", 99)
GIVEN_UP = said("Start request repeated too quickly.", 110)


def only_end(code: str, journal: str, **sections: str) -> End:
    (end,) = finding_on(code, host_of(journal, **sections)).ends
    return end


def test_an_end_before_the_record_is_not_its() -> None:
    """A service that crashed, came again and then timed out did not crash by the time-out."""
    assert (
        only_end(
            "start-timeout-kill", ended(11, 95, code="dumped") + LATE + failed("timeout", 101.2)
        ).how
        is None
    )
    assert only_end("watchdog-kill", ended(9, 95) + HUNG).how is None
    assert (
        only_end("watchdog-kill", ended(9, 95) + HUNG + ended(6, 99.2, code="dumped")).how
        == "SIGABRT"
    )


def test_an_end_before_the_record_confirms_nothing() -> None:
    """What follows does."""
    assert str(finding_on("watchdog-kill", host_of(ended(9, 95) + HUNG)).confidence) == "likely"
    assert (
        str(finding_on("watchdog-kill", host_of(HUNG + ended(6, 99.2, code="dumped"))).confidence)
        == "confirmed"
    )


def test_giving_up_is_no_end_by_itself() -> None:
    """Nothing ended at that moment, so no signal is told of it."""
    end = only_end("start-limit-hit", ended(11, 109, code="dumped") + GIVEN_UP)

    assert (end.unit, end.how, end.times) == ("web.service", None, 1)


@pytest.mark.parametrize(
    ("by", "lines", "unit", "how"),
    [
        (
            "earlyoom",
            ['sending SIGTERM to process %d uid 0 "ranker": badness 905, VmRSS 3276 MiB'],
            "ranker",
            "SIGTERM",
        ),
        (
            "oomd",
            ["oomd kill: 81.28 80.05 42.78 system.slice/ranker.service 1000 ruleset:[r]"],
            "ranker.service",
            None,
        ),
        (
            "nohang",
            [
                "  PID:       %d, name: ranker, state: S",
                "  cgroup_v2: /system.slice/ranker.service",
                "  Sending SIGKILL to the victim",
            ],
            "ranker.service",
            "SIGKILL",
        ),
    ],
)
def test_daemons_kills_of_one_program_are_together(
    by: str, lines: list[str], unit: str, how: str | None
) -> None:
    """Each run has another pid, so a pid in the name would hide the rhythm; the signal is what the
    daemon says it sent.
    """
    words = "".join(
        daemon_said(line % pid if "%d" in line else line, at_s, by=by)
        for pid, at_s in ((321, 100), (533, 108), (720, 116))
        for line in lines
    )
    end = only_end("userspace-oom-kill", "", daemons_journal=words)

    assert (end.unit, end.how, end.teller, end.times, end.every_s) == (unit, how, by, 3, 8.0)


def test_what_is_explained_is_of_the_same_unit() -> None:
    """Of another one it is not; where a daemon names a process only, of any."""
    host = host_of(ended(11, 100, code="dumped") + GIVEN_UP)
    given_up = finding_on("start-limit-hit", host)
    of_db = finding_on(
        "start-limit-hit",
        host_of(said("Start request repeated too quickly.", 110, unit="db.service")),
    )
    explains = finding_on("segfault", host).explains
    assert any(one.fits(given_up) for one in explains)
    assert not any(one.fits(of_db) for one in explains)

    earlyoom = daemon_said(
        'sending SIGTERM to process 388 uid 0 "ranker": badness 905, VmRSS 3276 MiB', by="earlyoom"
    )
    killed = finding_on("userspace-oom-kill", host_of("", daemons_journal=earlyoom))
    assert any(one.fits(of_db) for one in killed.explains)


def test_what_a_log_that_anybody_writes_says_is_told_apart() -> None:
    """The kernel's line confirms the crash that systemd recorded, and no other that was written
    beside it.
    """
    kernel = "kern  :info  : [   99.900000] web[388]: segfault at 0 ip 0 sp 0 error 4 in web[0+1]\n"
    forged = "/etc/sevbot/logs/a:2026-11-22T21:47:49Z payments exited on signal 11\n"
    host = host_of(ended(11, 100, code="dumped"), kernel, runner_logs=forged)
    own, told = (finding for finding in host.findings if finding.code == "segfault")

    assert (str(own.confidence), [end.unit for end in own.ends]) == ("confirmed", ["web.service"])
    assert (str(told.confidence), [end.teller for end in told.ends]) == ("likely", ["a job runner"])
    assert told.headline != own.headline
