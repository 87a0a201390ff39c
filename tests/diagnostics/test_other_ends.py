"""Ends as container engines, supervisors and job runners tell them, and what the rules make of
them.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from diagnostics.bundle import Bundle, Section
from diagnostics.facts.other_ends import OtherEnds, read
from diagnostics.facts.service_journal import ServiceEvent
from tests.diagnostics.kernel_logs import examine
from tests.diagnostics.service_records import CLOCK, daemon_said, ended, finding_on, host_of

SUPERVISORD = "/var/log/supervisor/supervisord.log"
ID = "4f1c" * 16
AT = datetime(2026, 11, 22, 21, 47, 49, tzinfo=UTC)
CONTAINER = f'docker ["{ID}","/web","exited",139,false,"2026-11-22T21:47:49.5Z",3,0]\n'


def ends_of(**sections: str) -> tuple[ServiceEvent, ...]:
    found = read(
        Bundle(
            "web1",
            {
                name.replace("_", "-"): Section(name.replace("_", "-"), text)
                for name, text in sections.items()
            },
        )
    )
    assert isinstance(found, OtherEnds)
    return found.ends


def told(end: ServiceEvent) -> tuple[str, str | None, int | None, datetime | None]:
    return end.unit, end.code, end.status, end.wall.replace(microsecond=0) if end.wall else None


@pytest.mark.parametrize(
    ("line", "end"),
    [
        ((
            f"{SUPERVISORD}:2026-11-22 21:47:49,123 INFO exited: web (terminated by "
            "SIGKILL)"
        ), ("web (supervisord)", "killed", 9)),
        ((
            f"{SUPERVISORD}:2026-11-22 21:47:49,123 WARN exited: web (exit status 3; not "
            "expected)"
        ), ("web (supervisord)", "exited", 3)),
        ("/run/service/web:@400000006b03632a12345678 signal SIGSEGV", ("web (s6)", "killed", 11)),
        ("/run/service/web:@400000006b03632a12345678 exitcode 7", ("web (s6)", "exited", 7)),
        ((
            "/etc/sevbot/logs/a:2026-11-22T21:47:49Z job ranker ended: signal "
            "9"
        ), ("ranker (job log)", "killed", 9)),
        ((
            "/etc/sevbot/logs/a:2026-11-22 21:47:49 ranker (pid 388) was killed by signal "
            "SIGKILL"
        ), ("ranker (job log)", "killed", 9)),
        ((
            "/etc/sevbot/logs/a:[2026-11-22T22:47:49+0100] task=ranker exited with status "
            "137"
        ), ("ranker (job log)", "exited", 137)),
    ],
)  # fmt: skip
def test_who_ended_how_and_when(line: str, end: tuple[str, str, int]) -> None:
    """Each in its own words."""
    (found,) = ends_of(runner_logs=f"{line}\n")
    unit, code, status, wall = told(found)

    assert (unit, code, status) == end
    assert wall is not None
    assert wall == AT


def test_a_log_without_its_zone_is_in_the_hosts_local_time() -> None:
    """As supervisord writes it."""
    line = (
        "/var/log/supervisord.log:2026-11-22 22:47:49,123 INFO exited: web (exit status 3; "
        "not expected)\n"
    )
    (found,) = ends_of(runner_logs=line, clock=CLOCK + "zone +0100\n")

    assert told(found)[3] == AT


@pytest.mark.parametrize(
    "line",
    [
        (
            "/var/log/supervisord.log:2026-11-22 21:47:49,123 INFO exited: web (exit status 0; "
            "expected)"
        ),
        "/etc/sevbot/logs/a:2026-11-22T21:47:49Z job ranker started, will be killed on signal",
        "/etc/sevbot/logs/a:",
        "no colon",
    ],
)
def test_what_is_no_end(line: str) -> None:
    """An expected exit, and lines that speak of other things."""
    assert ends_of(runner_logs=f"{line}\n") == ()


def test_own_patterns_take_the_place_of_the_usual_ones() -> None:
    """A group name, and signal or status."""
    line = "/etc/sevbot/logs/a:2026-11-22T21:47:49Z <ranker> rc:-9\n"
    assert ends_of(runner_logs=line) == ()
    (found,) = ends_of(runner_logs=line, job_patterns="<(?P<name>\\w+)> rc:-(?P<signal>\\d+)\n")
    assert told(found) == ("ranker (job log)", "killed", 9, AT)


def test_a_container_counts_once_and_only_when_it_ended() -> None:
    """A host may have both commands for one engine; a running container's exit code is of no
    end.
    """
    (found,) = ends_of(containers=CONTAINER + CONTAINER.replace("docker", "podman"))
    assert told(found) == ("web (docker)", "exited", 139, AT)
    assert ends_of(containers=CONTAINER.replace("exited", "running")) == ()
    (found,) = ends_of(
        containers=CONTAINER.replace("2026-11-22T21:47:49.5Z", "0001-01-01T00:00:00Z")
    )
    assert told(found)[3] is None


def test_the_rules_on_ends_take_them() -> None:
    """And say who tells."""
    finding = finding_on("segfault", host_of("", containers=CONTAINER))

    assert finding.story[0].startswith("web (docker) ended with status 139")
    assert finding.caveat is not None
    assert finding.caveat.startswith("docker recorded it")


def test_an_end_that_systemd_tells_too_counts_once() -> None:
    """The engine's own service ends with its container."""
    for journal in (ended(139, code="exited", unit="web.service"), ended(11, unit="web.service")):
        assert "once" in finding_on("segfault", host_of(journal, containers=CONTAINER)).story[0]
    journal = ended(139, code="exited", unit="web.service")

    assert "once" in finding_on("segfault", host_of(journal, containers=CONTAINER)).story[0]
    assert (
        "2 times"
        in finding_on(
            "segfault", host_of(ended(139, 300, code="exited"), containers=CONTAINER)
        ).story[0]
    )


def test_an_end_without_a_time_is_no_evidence() -> None:
    """It may be of any."""
    assert (
        "segfault" in host_of("", runner_logs="/etc/sevbot/logs/a:web exited on signal 11\n").clear
    )


def test_without_systemds_journal_the_others_still_tell() -> None:
    """What they do not tell is unknown, not clear."""
    host = examine("", containers=CONTAINER, clock=CLOCK)

    assert [finding.code for finding in host.findings] == ["segfault"]
    assert "abort" in host.unknown


KILLED_BY_11 = "2026-11-22 21:47:49,123 INFO exited: web (terminated by SIGSEGV; not expected)"
JOB_LOG = "/etc/sevbot/logs/a:2026-11-22T21:47:49Z web exited on signal 11{}\n"


def test_what_a_job_runners_log_says_is_never_confirmed() -> None:
    """Anybody may have written it: neither the kernel's line of that moment nor systemd's words in
    it make it so.
    """
    kernel = (
        "kern  :info  : [  100.000000] web[388]: segfault at 8 ip 00 sp 00 error 6 in web[55+10]\n"
    )
    assert (
        str(finding_on("segfault", host_of("", kernel, runner_logs=JOB_LOG.format(""))).confidence)
        == "likely"
    )
    # a status is its own word
    assert (
        str(finding_on("segfault", host_of("", kernel, containers=CONTAINER)).confidence)
        == "likely"
    )
    assert (
        str(
            finding_on(
                "segfault", host_of("", kernel, runner_logs=f"{SUPERVISORD}:{KILLED_BY_11}\n")
            ).confidence
        )
        == "confirmed"
    )
    forged = JOB_LOG.format(" State 'stop-sigterm' timed out. Killing.")
    assert "stop-timeout-kill" in host_of("", runner_logs=forged).clear


def test_what_kubelet_says_of_containers() -> None:
    """Whatever runs them; its own unit only, and no container that was done."""
    text = (
        'I1122 21:47:49 777 generic.go:334] "Generic (PLEG): container finished" podID="a" '
        f'containerID="{ID}" exitCode=139'
    )
    finding = finding_on("segfault", host_of("", daemons_journal=daemon_said(text, by="kubelet")))
    assert finding.story[0].startswith("container 4f1c4f1c4f1c (kubelet) ended with status 139")
    assert "segfault" in host_of("", daemons_journal=daemon_said(text, by="docker")).clear
    assert (
        "application-exit"
        in host_of("", daemons_journal=daemon_said(text.replace("139", "0"), by="kubelet")).clear
    )


def test_systemds_own_statuses_are_of_systemd_only() -> None:
    """203 of a container is the program's own."""
    assert "exec-failed" in host_of("", containers=CONTAINER.replace("139", "203")).clear


def test_a_containers_kill_by_the_kernel_is_known_by_its_id() -> None:
    """Its cgroup bears it."""
    killed = CONTAINER.replace("139", "137")
    assert "did not send it" in host_of("", containers=killed).unknown["sigkill-not-by-kernel"]
