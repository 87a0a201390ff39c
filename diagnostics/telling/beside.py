"""What is told of hosts beside a cause: kills that no finding covers, what is older, and answers
that are not whole or not new.

It is said of all hosts of a part, never dropped: of many with a few names, and how many others
there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from diagnostics.model import Examined, Finding, HostReport, Kill
from diagnostics.sizes import human
from diagnostics.telling.alike import UNNAMED
from diagnostics.telling.names import among, hosts_of, largest, listed

MOST_TOLD = 8  # reasons, or causes that are older


def beside(hosts: Sequence[Examined]) -> tuple[str, ...]:
    """What happened too long ago, and kills that no finding covers."""
    return (*_longer_ago(hosts), *_unexplained(hosts))


def of_looks(hosts: Sequence[HostReport]) -> tuple[str, ...]:
    """Answers that are not whole, and answers that were not got for this report."""
    shared = [
        f"{_name(host)} {host.shared_age_s} s ago"
        for host in hosts
        if host.shared_age_s is not None
    ]
    asked = (
        [
            (
                "Shared with an earlier question, since a host is looked at once in a minute: "
                f"{listed(shared)}."
            )
        ]
        if shared
        else []
    )
    return (*_broken(hosts), *asked)


def how_long_ago(host: HostReport, finding: Finding) -> tuple[str, ...]:
    """Where both times are known: a SEV of now need not come from a kill of this morning."""
    last = finding.kills[-1].at if finding.kills else None
    if last is None or last.wall is None or host.taken_at is None or host.taken_at.wall is None:
        return ()
    minutes = max(round((host.taken_at.wall - last.wall).total_seconds() / 60), 0)
    ago = (
        f"{minutes // 60} h {minutes % 60} min"
        if minutes >= 60
        else f"{minutes} min"
        if minutes
        else "less than a minute"
    )
    return (f"last kill {ago} before this look",)


def _broken(hosts: Iterable[HostReport]) -> tuple[str, ...]:
    groups = _grouped((host.broke_off, _name(host)) for host in hosts if host.broke_off is not None)
    kept, rest = largest(groups, MOST_TOLD)
    others = [name for why in rest for name in groups[why]]
    told = [
        (
            f"The answer{'s' if len(groups[why]) > 1 else ''} of {hosts_of(groups[why])} broke "
            f"off: {why}."
        )
        for why in kept
    ]
    return (
        *told,
        *(
            [f"The answers of {hosts_of(others)} broke off, too, for {len(rest)} other reasons."]
            if others
            else []
        ),
    )


def _longer_ago(hosts: Sequence[Examined]) -> tuple[str, ...]:
    """Findings that are no cause of this, since they are older; of one that many hosts have, who
    has it stands in place of when.
    """
    older: dict[str, list[tuple[Examined, Finding]]] = {}
    for host in hosts:
        for finding in host.older:
            older.setdefault(finding.headline, []).append((host, finding))
    told = [
        _older(headline, having, whose=len(hosts) > 1)
        for headline, having in list(older.items())[:MOST_TOLD]
    ]
    told += [f"and {len(older) - len(told)} more"] if len(older) > len(told) else []
    return (
        (f"Longer ago, and so not taken for a cause of this: {'; '.join(told)}.",) if told else ()
    )


def _older(headline: str, having: Sequence[tuple[Examined, Finding]], *, whose: bool) -> str:
    names = list(dict.fromkeys(_name(host) for host, _ in having))
    when = how_long_ago(*having[-1]) if len(names) == 1 else ()
    return f"{', '.join((headline, *when))}{f' ({among(names)})' if whose else ''}"


def _unexplained(hosts: Sequence[Examined]) -> tuple[str, ...]:
    having = [host for host in hosts if host.unexplained]
    if not having:
        return ()
    kills = [
        _kill(kill, _name(host) if len(having) > 1 else None)
        for host in having
        for kill in host.unexplained
    ]
    count = "one OOM kill" if len(kills) == 1 else f"{len(kills)} OOM kills"
    names = [_name(host) for host in having]
    logs = (
        "The log holds"
        if len(hosts) == 1
        else (
            f"The log{'s' if names[1:] else ''} of {hosts_of(names)} hold{'' if names[1:] else 's'}"
        )
    )
    return (f"{logs} {count} that could not be put down to a cause ({listed(kills)}).",)


def _kill(kill: Kill, host: str | None) -> str:
    size = f", {human(kill.rss_kb)}" if kill.rss_kb else ""
    told = f"{kill.task.comm}, pid {kill.task.pid}{size}, line {kill.line}"
    return told if host is None else f"{host}: {told}"


def _grouped(pairs: Iterable[tuple[str | None, str]]) -> Mapping[str, list[str]]:
    """Names by what is said of them, in the order in which it is said first."""
    groups: dict[str, list[str]] = {}
    for said, name in pairs:
        groups.setdefault(str(said), []).append(name)
    return groups


def _name(host: HostReport) -> str:
    return host.host or UNNAMED
