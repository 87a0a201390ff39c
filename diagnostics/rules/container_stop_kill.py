"""container-stop-kill: a container was told to stop, did not in time, and its engine killed it by
SIGKILL.

Fires when dockerd or podman logged that a container failed to stop and was killed. It is
`confirmed` where the container's own record, or systemd's of the service that runs it, says that it
ended with exit code 137 within seconds, `likely` on dockerd's line alone. What podman says is one
step less sure, since its containers' own words stand in the journal as podman's.
Stays clear when no such line is in the journal. Cannot tell when the journal of daemons cannot be
read.
Looks like, but is not: an OOM kill, which has the exit code 137, too.

Source: moby daemon/stop.go; podman libpod/oci_conmon_common.go; docker stop --time.
"""

from __future__ import annotations

import re
from signal import Signals

from diagnostics.bundle import Missing
from diagnostics.confidence import of_coincidence
from diagnostics.evidence import Evidence
from diagnostics.facts.daemon_journal import DaemonEvent, DaemonJournal
from diagnostics.facts.other_ends import OtherEnds
from diagnostics.facts.service_journal import ServiceEvent, ServiceJournal
from diagnostics.model import Clear, Moment, Outcome, Remedy, Unknown
from diagnostics.recent import say_moment, say_since, seen_since
from diagnostics.services.ends import is_at, wrapped_signal
from diagnostics.services.service_case import Told, daemon_events, end_of, finding

CODE = "container-stop-kill"
NAME = "container stop timed out"
DAEMONS = ("docker", "snap.docker.dockerd", "podman")
_LATE = re.compile(
    r"failed to exit within \S+(?: seconds)? of signal \d+ - using the force"
    r"|failed to stop container \S+ in \d+ seconds, resorting to SIGKILL"
)
_ID = re.compile(r"\b[0-9a-f]{64}\b")
_NAME = re.compile(r"failed to stop container (\S+) in")
REMEDY = Remedy(
    action="stop-in-time",
    says=(
        "Make it end on SIGTERM (a shell as its first process does not pass it on), or give it "
        "longer: --stop-timeout, stop_grace_period."
    ),
    because=(
        "What asked for the stop (a deploy, compose, a person) is in the engine's events at "
        "that time."
    ),
)


def check(evidence: Evidence) -> Outcome:
    """One finding for all containers, or why there is none."""
    daemons = evidence.get(DaemonJournal)
    if isinstance(daemons, Missing):
        return Unknown(
            "what container engines did is in the journal, and that was not seen "
            f"({daemons.because})"
        )
    others = evidence.get(OtherEnds)
    ends = others.ends if isinstance(others, OtherEnds) else ()
    lines = [
        event
        for event in daemon_events(evidence, *DAEMONS)
        if _LATE.search(event.text) and ", process " not in event.text
    ]
    if not lines and not seen_since(evidence, daemons.back_to):
        return Unknown(
            "the journal of container engines was read back to "
            f"{say_moment(Moment(wall=daemons.back_to))} only"
        )
    if not lines:
        return Clear(f"no container engine logged that a stop timed out {say_since(evidence)}")
    late = [end_of(line, _who(line, ends), Signals.SIGKILL) for line in lines]
    signs = [
        end.citation
        for end in (*ends, *_of_systemd(evidence))
        if any(_is_of(end, *both) for both in zip(lines, late, strict=True))
    ]
    why = "It was told to stop (SIGTERM), and was still there when its time was up."
    did = "was killed by its engine (SIGKILL), since it did not stop in time"
    told = Told(
        code=CODE,
        headline="container killed when its stop timed out",
        did=did,
        why=why,
        remedy=REMEDY,
    )
    # podman prints what its containers print to the same journal
    if all(line.by == "podman" for line in lines):
        judged = of_coincidence(
            "A container's own words may stand where podman's do.", agrees=bool(signs)
        )
        return (finding(evidence, told, late, signs[:1], judged=judged),)
    return (finding(evidence, told, late, signs[:1]),)


def _of_systemd(evidence: Evidence) -> tuple[ServiceEvent, ...]:
    journal = evidence.get(ServiceJournal)
    return journal.ends if isinstance(journal, ServiceJournal) else ()


def _who(event: DaemonEvent, ends: tuple[ServiceEvent, ...]) -> str:
    """The container's name where its record tells it, else its id."""
    if found := _NAME.search(event.text):
        return f"{found[1]} (podman)"
    found = _ID.search(event.text)
    named = next((end.unit for end in ends if found and end.container == found[0]), None)
    return named or (f"container {found[0][:12]}" if found else "a container")


def _is_of(end: ServiceEvent, line: DaemonEvent, event: ServiceEvent) -> bool:
    """Whether it is the container's own end, or that of the service in which the engine's command
    ran.
    """
    return (
        end.unit in (event.unit, line.unit)
        and wrapped_signal(end) == Signals.SIGKILL
        and is_at(end.wall, event.wall)
    )
