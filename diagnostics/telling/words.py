"""A report as headings and paragraphs: the one wording that the terminal and the thread share.

`tell` turns a report into a `Telling`; `render` prints it for a terminal, `bot.slack.blocks` for
Slack. Nothing here knows a cause by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from diagnostics.bundle.copies import REMARKS
from diagnostics.model import (
    Citation,
    Confidence,
    Examined,
    Finding,
    Group,
    HostReport,
    NotExamined,
    Report,
)
from diagnostics.telling.alike import UNNAMED, told_once
from diagnostics.telling.beside import beside, how_long_ago, of_looks
from diagnostics.telling.names import listed
from diagnostics.telling.picture import draw
from diagnostics.telling.reasons import by_reason

NAMED_CAUSES = 3
SHOWN_REMEDIES = 3  # at night three are enough to choose from; programs get all
NO_CAUSE = "none of the causes that sevbot knows"
UNEXPLAINED = "an OOM kill that could not be put down to a cause"
NOT_TOLD = "could not tell"
PARTLY = "no cause found, but not all could be checked"
NOT_EXAMINED = "could not be examined"


@dataclass(frozen=True)
class Step:
    """Something to do; `code` can be copied."""

    says: str
    code: str | None


@dataclass(frozen=True)
class Quoted:
    """A line of evidence and where it stands."""

    host: str | None
    citation: Citation


@dataclass(frozen=True)
class Part:
    """What is told of one group of hosts: those with the same finding, or those with none.
    `picture` is for monospaced text.
    """

    headline: str
    subtitle: str
    story: tuple[str, ...] = ()
    picture: tuple[str, ...] = ()
    how_sure: str | None = None
    steps: tuple[Step, ...] = ()
    ruled_out: tuple[str, ...] = ()
    not_checked: tuple[str, ...] = ()
    evidence: tuple[Quoted, ...] = ()


@dataclass(frozen=True)
class Telling:
    """The whole message: `headline` is free of text from hosts."""

    headline: str
    parts: tuple[Part, ...]


def tell(report: Report) -> Telling:
    """One part for each group, one for the hosts without a finding, one for those that could not be
    reached.
    """
    parts = [_found(group, report) for group in report.groups]
    quiet = [host for host in report.hosts if isinstance(host, Examined) and not host.findings]
    parts.extend(_quiet(hosts, report, headline) for headline, hosts in _by_headline(quiet).items())
    silent = [host for host in report.hosts if isinstance(host, NotExamined)]
    if silent:
        parts.append(_silent(silent, report))
    return Telling(headline_of(report), tuple(_said_once(parts)))


def _said_once(parts: Sequence[Part]) -> Iterator[Part]:
    """What was ruled out on the same hosts is said in the last of their parts only."""
    for place, part in enumerate(parts):
        again = any(
            (part.ruled_out, part.not_checked) == (other.ruled_out, other.not_checked)
            for other in parts[place + 1 :]
        )
        yield replace(part, ruled_out=(), not_checked=()) if again else part


def headline_of(report: Report) -> str:
    """The diagnosis in a line, free of text from hosts."""
    if len(report.groups) == 1:
        return report.groups[0].headline
    if report.groups:
        named = [group.headline for group in report.groups[:NAMED_CAUSES]]
        more = (
            [f"and {len(report.groups) - len(named)} more"]
            if len(report.groups) > len(named)
            else []
        )
        return f"{len(report.groups)} causes found: {'; '.join((*named, *more))}"
    quiet = {_quiet_headline(host) for host in report.hosts if isinstance(host, Examined)}
    alarming = (headline for headline in (NOT_TOLD, UNEXPLAINED, PARTLY) if headline in quiet)
    otherwise = NO_CAUSE if quiet else NOT_EXAMINED if report.hosts else NOT_TOLD
    return next(alarming, otherwise)


def pairs_of(group: Group, report: Report) -> list[tuple[Examined, Finding]]:
    """The group's findings with their hosts, in the order asked."""
    return [
        (host, finding)
        for host in report.hosts
        if isinstance(host, Examined)
        for finding in host.findings
        if _is_of(finding, group)
    ]


def best_of(pairs: Sequence[tuple[Examined, Finding]]) -> tuple[Examined, Finding]:
    """The surest of a group's findings, whose numbers stand for all."""
    return max(pairs, key=lambda pair: list(reversed(Confidence)).index(pair[1].confidence))


def _found(group: Group, report: Report) -> Part:
    pairs = pairs_of(group, report)
    hosts = list({id(host): host for host, _ in pairs}.values())
    host, finding = best_of(pairs)
    sure = str(finding.confidence)
    return Part(
        headline=group.headline,
        subtitle=" · ".join(
            (
                _subtitle(group.hosts, report, sure),
                *_of_whom(group.hosts, host),
                *how_long_ago(host, finding),
            )
        ),
        story=(*finding.story, *beside(hosts), *of_looks(hosts)),
        picture=draw(finding),
        how_sure=f"{sure.capitalize()}. {finding.caveat}" if finding.caveat else None,
        steps=tuple(
            # two boxes in a row would both be pasted
            Step(
                f"{'Or: ' if place else ''}{remedy.says} {remedy.because}",
                remedy.edit if place == 0 else None,
            )
            for place, remedy in enumerate(finding.remedies[:SHOWN_REMEDIES])
        ),
        ruled_out=_ruled_out(hosts),
        not_checked=_not_checked(hosts),
        evidence=tuple(Quoted(host.host, citation) for citation in finding.citations),
    )


def _of_whom(names: Sequence[str | None], host: Examined) -> tuple[str, ...]:
    return (f"numbers of {host.host}",) if len(names) > 1 else ()


def _is_of(finding: Finding, group: Group) -> bool:
    return (finding.code, finding.headline) == (group.code, group.headline)


def _by_headline(hosts: Iterable[Examined]) -> dict[str, list[Examined]]:
    """Hosts without a finding: with kills of another cause, with something that could not be told,
    or with neither.
    """
    kinds: dict[str, list[Examined]] = {}
    for host in hosts:
        kinds.setdefault(_quiet_headline(host), []).append(host)
    return kinds


def _quiet_headline(host: Examined) -> str:
    if host.unexplained:
        return NOT_TOLD if host.unknown else UNEXPLAINED
    if not host.unknown:
        return NO_CAUSE
    is_outlying = not open_questions(host) and len(host.unknown) < len(host.clear)
    return PARTLY if is_outlying else NOT_TOLD


def open_questions(host: Examined) -> tuple[str, ...]:
    """Why causes could not be told although what tells of them was there: what was seen may be one
    of them. Where a source alone is missing, nothing was.
    """
    return tuple(
        dict.fromkeys(because for code, because in host.unknown.items() if code in host.saw)
    )


_QUIET_STORY = {
    NOT_TOLD: (
        "What was needed to tell was not there. Below is what is missing and what would help."
    ),
    PARTLY: (
        "Nothing was found in what could be checked. Below is what could not be. This does not say "
        "that the service is healthy."
    ),
    UNEXPLAINED: "The kernel's OOM killer did kill here.",
    NO_CAUSE: (
        "Nothing that sevbot looks for was found. This does not say that the service is healthy."
    ),
}


def _quiet(hosts: list[Examined], report: Report, headline: str) -> Part:
    return Part(
        headline=headline,
        subtitle=_subtitle([host.host for host in hosts], report, None),
        story=(_QUIET_STORY[headline], *beside(hosts), *of_looks(hosts)),
        ruled_out=_ruled_out(hosts),
        not_checked=_not_checked(hosts),
    )


def _silent(hosts: list[NotExamined], report: Report) -> Part:
    return Part(
        headline=NOT_EXAMINED,
        subtitle=_subtitle([host.host for host in hosts], report, None),
        story=(
            *told_once((host.host, host.error or "") for host in hosts),
            *_of_probes(hosts),
            *of_looks(hosts),
        ),
    )


def _of_probes(hosts: Sequence[NotExamined]) -> Iterator[str]:
    """What is told of the probe itself, with the cure, which may be all that a host needs."""
    for remark in REMARKS:
        yield from told_once(
            (host.host, host.not_seen[remark]) for host in hosts if remark in host.not_seen
        )


def _subtitle(names: Sequence[str | None], report: Report, sure: str | None) -> str:
    if len(report.hosts) == 1 and names[0] is None:
        return sure or ""
    hosts = f"{len(names)} of {len(report.hosts)} hosts" if len(report.hosts) > 1 else "1 host"
    who = f"{hosts}: {listed([name or UNNAMED for name in names])}"
    return f"{sure} · {who}" if sure else who


def _ruled_out(hosts: Sequence[Examined]) -> tuple[str, ...]:
    return by_reason(_names(hosts), [host.clear for host in hosts])


def _not_checked(hosts: Sequence[Examined]) -> tuple[str, ...]:
    """Causes that could not be told, then the sections that did not come."""
    names = _names(hosts)
    return (
        *by_reason(names, [host.unknown for host in hosts]),
        *by_reason(names, [host.not_seen for host in hosts]),
    )


def _names(hosts: Iterable[HostReport]) -> list[str]:
    return [host.host or UNNAMED for host in hosts]
