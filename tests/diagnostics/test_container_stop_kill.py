"""container-stop-kill: what dockerd and podman say when a stop timed out."""

from __future__ import annotations

import pytest

from tests.diagnostics.kernel_logs import ONE_LINE, examine
from tests.diagnostics.service_records import BOOTED_S, daemon_said, ended, finding_on, host_of

CODE = "container-stop-kill"
ID = "4f1c" * 16
DOCKER = (
    'time="…" level=info msg="Container failed to exit within 10s of signal 15 - using the '
    f'force" container={ID}'
)
PODMAN = (
    'level=warning msg="StopSignal SIGTERM failed to stop container web in 2 seconds, '
    'resorting to SIGKILL"'
)


def container(status: int, at: str = "06:47:49") -> str:
    return f'docker ["{ID}","/web","exited",{status},false,"2026-11-22T{at}.5Z",3,0]\n'


def test_the_stamp_of_these_tests() -> None:
    """100 s after boot."""
    assert BOOTED_S + 100 == 1795384069  # 2026-11-22T21:47:49Z


@pytest.mark.parametrize(
    ("by", "line", "who", "sure"),
    [
        ("docker", DOCKER, "container 4f1c4f1c4f1c", "likely"),
        ("podman", PODMAN, "web (podman)", "possible"),
    ],
)
def test_what_the_engines_line_alone_is_worth(by: str, line: str, who: str, sure: str) -> None:
    """The container is named as well as it can be; podman's containers write as podman."""
    words = (
        daemon_said(line, by="web", _EXE="/usr/bin/podman")
        if by == "podman"
        else daemon_said(line, by=by)
    )
    finding = finding_on(CODE, host_of("", daemons_journal=words))

    assert str(finding.confidence) == sure
    assert finding.story[0].startswith(who)


def test_confirmed_by_the_containers_own_record() -> None:
    """Exit code 137 at that time, and no other."""
    words = daemon_said(DOCKER, by="docker")
    found = finding_on(
        CODE, host_of("", daemons_journal=words, containers=container(137, "21:47:49"))
    )
    assert (str(found.confidence), found.story[0].startswith("web (docker)")) == ("confirmed", True)
    for other in (container(0, "21:47:49"), container(137, "21:40:00")):
        assert (
            str(finding_on(CODE, host_of("", daemons_journal=words, containers=other)).confidence)
            == "likely"
        )


def test_lines_that_mean_something_else() -> None:
    """A health check that timed out, and docker kill."""
    for other in (
        "Container a, process b failed to exit within 10s of signal 15 - using the force",
        "failed to exit within 10s of kill",
    ):
        assert CODE in host_of("", daemons_journal=daemon_said(other, by="docker")).clear


def test_likely_by_systemds_record_of_the_service_that_runs_it() -> None:
    """Podman's command runs in the service itself."""
    words = daemon_said(PODMAN, by="web", _EXE="/usr/bin/podman")
    journal = ended(137, 100.5, code="exited")
    assert str(finding_on(CODE, host_of(journal, daemons_journal=words)).confidence) == "likely"
    assert (
        str(
            finding_on(
                CODE, host_of(journal.replace("web.service", "db.service"), daemons_journal=words)
            ).confidence
        )
        == "possible"
    )


def test_stays_clear_of_what_others_write() -> None:
    """A container's own words among docker's."""
    assert (
        CODE in host_of("", daemons_journal=daemon_said(DOCKER, by="docker", CONTAINER_ID=ID)).clear
    )
    assert (
        CODE
        in host_of(
            "", containers=container(137), daemons_journal=daemon_said("a", by="docker")
        ).clear
    )


def test_cannot_tell_without_the_journal() -> None:
    """Its absence is not health."""
    assert CODE in examine(ONE_LINE).unknown
