"""Ends of processes as others than systemd tell them, from sections `containers`, `runner-logs` and
`daemons-journal`.

    docker ["4f1c…","/web","exited",137,false,"2026-11-23T07:00:00.1Z",3,0]
        its id, name, state, exit code, OOMKilled, end, restarts, pid
    /var/log/supervisor/supervisord.log:2026-11-23 07:00:00,123 INFO exited: web (terminated by ...)
    /var/log/supervisor/supervisord.log:2026-11-23 07:00:00,123 WARN killing 'web' (388) with ...
    /run/service/web:@400000006a0f1c2e12345678 signal SIGKILL                             s6-svdt
    "Generic (PLEG): container finished" podID="..." containerID="4f1c..." exitCode=137
        kubelet's, in section `daemons-journal`
    /etc/sevbot/logs/runner.log:2026-11-23T07:00:00Z job ranker ended: signal 9
        by the patterns of section `job-patterns`

Container engines name a signal as 128 and its number, as a shell does. A log without its zone is in
the host's local time.
"""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.bundle.redact import JOB_LOGS
from diagnostics.facts import clock, daemon_journal
from diagnostics.facts.daemon_journal import DaemonEvent, DaemonJournal
from diagnostics.facts.service_journal import JOB_RUNNER, PROCESS_EXIT, ServiceEvent
from diagnostics.model import Citation

if TYPE_CHECKING:
    import re2

# states in which a container's exit code is that of its last end
ENDED = ("exited", "restarting", "dead", "stopped")
_WHO = (
    r"(?P<name>[\w.@-]+)\W+(?:\(?pid[ =:]*\d+\)?\W+)?(?:was )?(?:exited|ended|died|killed"
    r"|terminated|failed)\b.{0,40}\b"
)
DEFAULT_PATTERNS = (
    _WHO + r"(?:signal|sig)[ =:]*(?P<signal>\d{1,2}|[A-Z][A-Z0-9]{1,8})\b",
    _WHO + r"(?:status|code|rc)[ =:]*(?P<status>\d{1,3})",
)
KUBELETS = ("kubelet", "k3s", "k3s-agent", "rke2-server", "rke2-agent")
_PLEG = re.compile(
    r'[IWEF]\d{4} [^\]"]{1,100}\] "Generic \(PLEG\): container finished" '
    r'podID="[^"]{1,100}" containerID="([0-9a-f]{12,64})" exitCode=(\d{1,3})'
)
_CONTAINER = re.compile(r"(docker|podman) (\[.{1,2000}\])")
_TIME = re.compile(
    r"\[?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d{1,9})? ?(Z|UTC|[+-]\d\d:?\d\d)?"
)
_SUPERVISORD = re.compile(
    r" exited: (?P<name>\S{1,100}) \((?:terminated by (?P<signal>SIG\w+)"
    r"|exit status (?P<status>\d{1,3}))(?:; (?P<expected>\w+))?"
)
_S6 = re.compile(
    r"@4(?P<label>[0-9a-f]{15})[0-9a-f]{8} (?:signal (?P<signal>\w+)|exitcode (?P<status>\d{1,3}))"
)
_TAI_BEFORE_UTC_S = 10 + 27  # TAI64N labels count from 1970 TAI; 37 leap seconds since 2017


@dataclass(frozen=True)
class OtherEnds:
    """In the order of the sections; an end whose time is not told has none."""

    ends: tuple[ServiceEvent, ...]


def read(bundle: Bundle) -> OtherEnds | Missing:
    """Ends that kubelet, then container engines, then job runners' logs tell. Empty when none of
    these that came tells of an end; Missing where none of the three sections came, with the reason
    of `runner-logs`.
    """
    host_clock = clock.read(bundle)
    zone = host_clock.zone if isinstance(host_clock, clock.Clock) else UTC
    containers, logs, patterns = (
        bundle.get(name) for name in ("containers", "runner-logs", "job-patterns")
    )
    daemons = daemon_journal.read(bundle)
    if (
        isinstance(containers, Missing)
        and isinstance(logs, Missing)
        and isinstance(daemons, Missing)
    ):
        return logs
    ends = [end for event in _of_kubelet(daemons) if (end := _of_pleg(event))]
    if isinstance(containers, Section):
        ends.extend(_of_containers(containers))
    if isinstance(logs, Section):
        own = patterns.text.split("\n")[:-1] if isinstance(patterns, Section) else DEFAULT_PATTERNS
        ends.extend(_of_logs(logs, zone, own))
    return OtherEnds(tuple(ends))


def _of_kubelet(daemons: DaemonJournal | Missing) -> tuple[DaemonEvent, ...]:
    return daemons.of(*KUBELETS) if isinstance(daemons, DaemonJournal) else ()


def _of_pleg(event: DaemonEvent) -> ServiceEvent | None:
    """What kubelet says of a container that ended, whatever runs it; one that ended with 0 was
    done.
    """
    found = _PLEG.fullmatch(event.text)
    if found is None or int(found[2]) == 0:
        return None
    who = f"container {found[1][:12]} (kubelet)"
    return ServiceEvent(
        who,
        PROCESS_EXIT,
        event.wall,
        event.text,
        event.citation,
        "exited",
        int(found[2]),
        teller="kubelet",
        container=found[1],
    )


def _of_containers(section: Section) -> Iterator[ServiceEvent]:
    seen: set[object] = set()
    for number, line in enumerate(section.text.split("\n"), 1):
        found = _CONTAINER.fullmatch(line)
        if found is None or (fields := _list_of(found[2])) is None:
            continue
        identity, name, state, code, oom_killed, finished = fields[:6]
        if (
            str(identity) in seen
            or state not in ENDED
            or not isinstance(code, int)
            or isinstance(code, bool)
        ):
            continue
        seen.add(str(identity))  # a host may have both commands for one engine
        yield ServiceEvent(
            unit=f"{str(name).strip('/')} ({found[1]})",
            message_id=PROCESS_EXIT,
            wall=_wall(str(finished), UTC),
            text=(
                "container ended with exit code "
                f"{code}{', OOMKilled' if oom_killed is True else ''}"
            ),
            citation=Citation("containers", number, line),
            code="exited",
            status=code,
            teller=found[1],
            container=str(identity),
            oom_killed=oom_killed is True,
        )


def _list_of(text: str) -> list[object] | None:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, list) and len(fields) >= 6 else None


def _of_logs(section: Section, zone: tzinfo, patterns: Iterable[str]) -> Iterator[ServiceEvent]:
    import re2  # noqa: PLC0415  # slow to load, and most hosts have no such log

    compiled = [re2.compile(pattern) for pattern in patterns] if JOB_LOGS in section.text else []
    for number, line in enumerate(section.text.split("\n"), 1):
        file, colon, said = line.partition(":")
        if not colon:
            continue
        citation = Citation("runner-logs", number, line)
        if file.startswith(JOB_LOGS):
            yield from _of_job_log(said, citation, zone, compiled)
        elif found := _SUPERVISORD.search(said):
            if found["expected"] != "expected":
                yield _told(
                    f"{found['name']} (supervisord)",
                    "supervisord",
                    found.groupdict(),
                    citation,
                    _wall(said, zone),
                )
        elif found := _S6.search(said):
            yield _told(
                f"{file.rpartition('/')[2]} (s6)",
                "s6",
                found.groupdict(),
                citation,
                _tai(found["label"]),
            )


def _of_job_log(
    said: str, citation: Citation, zone: tzinfo, patterns: Iterable[re2._Regexp[str]]
) -> Iterator[ServiceEvent]:
    for pattern in patterns:
        if found := pattern.search(said):
            end = _told(
                f"{found['name']} (job log)",
                JOB_RUNNER,
                found.groupdict(),
                citation,
                _wall(said, zone),
            )
            if end.status is not None:
                yield end
            return


def _told(
    who: str,
    teller: str,
    groups: Mapping[str, str | None],
    citation: Citation,
    wall: datetime | None,
) -> ServiceEvent:
    number = _signal(groups.get("signal"))
    status = int(groups.get("status") or 0) if groups.get("status") else None
    return ServiceEvent(
        unit=who,
        message_id=PROCESS_EXIT,
        wall=wall,
        text=citation.text,
        citation=citation,
        code="exited" if number is None else "killed",
        status=status if number is None else number,
        teller=teller,
    )


def _tai(label: str) -> datetime | None:
    """A TAI64 label's time; they count the leap seconds."""
    seconds = int(label, 16) - _TAI_BEFORE_UTC_S
    return datetime.fromtimestamp(seconds, UTC) if 0 <= seconds < 1 << 36 else None


def _signal(word: str | None) -> int | None:
    """A signal's number, from it or from its name."""
    if not word:
        return None
    if word.isascii() and word.isdigit():
        return int(word) if len(word) <= 2 else None
    name = word.upper() if word.upper().startswith("SIG") else f"SIG{word.upper()}"
    return signal.Signals[name].value if name in signal.Signals.__members__ else None


def _wall(text: str, zone: tzinfo) -> datetime | None:
    found = _TIME.search(text)
    if found is None or found[1].startswith("0001"):  # Go's zero time: it never ended
        return None
    try:
        plain = datetime.fromisoformat(f"{found[1]}T{found[2]}")
        offset = found[3]
        if offset in ("Z", "UTC"):
            return plain.replace(tzinfo=UTC)
        if offset:
            hours, minutes = int(offset[1:3]), int(offset[-2:])
            behind = timedelta(hours=hours, minutes=minutes)
            return plain.replace(tzinfo=UTC) - (behind if offset[0] == "+" else -behind)
        return plain.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
