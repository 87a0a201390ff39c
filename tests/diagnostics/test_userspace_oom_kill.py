"""userspace-oom-kill: what earlyoom, nohang and oomd say of their kills."""

from __future__ import annotations

import pytest

from tests.diagnostics.kernel_logs import ONE_LINE, examine
from tests.diagnostics.service_records import daemon_said, ended, finding_on, host_of

CODE = "userspace-oom-kill"
EARLYOOM = 'sending SIGTERM to process 388 uid 0 "ran"ker": badness 905, VmRSS 3276 MiB'
NOHANG = [
    "  PID:       388, name: ranker, state: S (sleeping)",
    "  cgroup_v2: /system.slice/ranker.service",
    "  Sending SIGKILL to the victim",
]
OOMD = "oomd kill: 81.28 80.05 42.78 system.slice/ranker.service 1000 ruleset:[r]"


@pytest.mark.parametrize(
    ("by", "lines", "victim"),
    [
        ("earlyoom", [EARLYOOM], 'ran"ker, pid 388'),
        ("oomd", [OOMD], "system.slice/ranker.service"),
        ("nohang", NOHANG, "ranker (ranker.service)"),
    ],
)
def test_names_the_daemon_and_its_victim(by: str, lines: list[str], victim: str) -> None:
    """A comm may hold quotes; nohang needs two lines."""
    words = "".join(daemon_said(line, by=by) for line in lines)
    finding = finding_on(CODE, host_of("", daemons_journal=words))

    assert (finding.headline, str(finding.confidence)) == (f"killed by {by}", "likely")
    assert finding.story[0].startswith(f"{victim} was ended by {by}")


def test_confirmed_where_systemd_recorded_the_end() -> None:
    """By SIGTERM or SIGKILL, at that time, of a unit of that name."""
    words = daemon_said(EARLYOOM.replace('ran"ker', "ranker"), by="earlyoom")
    ends = {"confirmed": [ended(15, 100.5, unit="ranker.service")]}
    ends["likely"] = [
        ended(15, 160, unit="ranker.service"),
        ended(11, 100.5, unit="ranker.service"),
        ended(15, 100.5, unit="db.service"),
    ]
    for sure, journals in ends.items():
        assert {
            str(finding_on(CODE, host_of(journal, daemons_journal=words)).confidence)
            for journal in journals
        } == {sure}


def test_a_sigkill_at_that_time_may_be_its_doing() -> None:
    """Whom it met is not certain."""
    words = daemon_said(EARLYOOM.replace("TERM", "KILL"), by="earlyoom")
    assert (
        "earlyoom logged at that time"
        in host_of(ended(9), daemons_journal=words).unknown["sigkill-not-by-kernel"]
    )


def test_stays_clear_of_what_others_write() -> None:
    """Another unit, or a container whose words docker logs."""
    assert CODE in host_of("", daemons_journal=daemon_said(EARLYOOM, by="web")).clear
    assert (
        CODE
        in host_of(
            "", daemons_journal=daemon_said(EARLYOOM, by="earlyoom", CONTAINER_ID="4f1c")
        ).clear
    )
    assert CODE in host_of("", daemons_journal=daemon_said(EARLYOOM, -7200, by="earlyoom")).clear


def test_cannot_tell_without_the_journal() -> None:
    """Its absence is not health."""
    assert CODE in examine(ONE_LINE).unknown
