"""A report for somebody who was just woken up and reads on a phone: who died, the cause, its
numbers and one step, in at most `VISIBLE_CHARS` characters whatever the report holds.

It is made of the data of findings, never of a cause's name. Where there is no room the picture
goes first, then sentences from the last; title, who, the numbers and the step stay. A command that
has no room is not cut: the brief says where it stands.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from diagnostics.model import Examined, Finding, Group, NotExamined, Remedy, Report
from diagnostics.plain import plain, plain_lines
from diagnostics.sizes import human
from diagnostics.telling.alike import UNNAMED, told_once
from diagnostics.telling.cause_names import name_of
from diagnostics.telling.happened import killed, last_wall, name, rhythm, say_wall, who
from diagnostics.telling.names import NAMED, listed
from diagnostics.telling.numbers import numbers
from diagnostics.telling.picture import draw
from diagnostics.telling.words import Step, best_of, headline_of, open_questions, pairs_of

VISIBLE_CHARS = 900
TITLE_CHARS = 150  # what a chat's header takes
WHO_CHARS, SAYS_CHARS, STEP_CHARS, ALSO_CHARS = 200, 300, 250, 80
MOST_SENTENCES = 4
QUESTIONS = 2  # what was seen, and is not told for a cause
ELSEWHERE = "Evidence has the command."
_NOTE = " # "  # behind a command: what is to be done by hand


@dataclass(frozen=True)
class Brief:
    """What stands above the fold. `title` is free of text from hosts, `picture` is monospaced
    lines.

    `ruled_out` counts causes, `not_checked` names them in words, `evidence` counts lines. `times`
    are moments, each with the text that stands for it in `says`: a chat may show it in its own way.
    """

    title: str
    who: str
    says: tuple[str, ...]
    picture: tuple[str, ...]
    step: Step | None
    ruled_out: int
    not_checked: tuple[str, ...]
    evidence: int
    times: tuple[tuple[str, datetime], ...] = ()


def brief(report: Report) -> Brief:
    """The report above the fold; the largest group leads, and what else there is gets a
    sentence.
    """
    examined = [host for host in report.hosts if isinstance(host, Examined)]
    whole = _found(report) if report.groups else _quiet(report, examined)
    found = {finding.code for host in examined for finding in host.findings}
    unknown = dict.fromkeys(code for host in examined for code in host.unknown)
    clear = (
        set(examined[0].clear).intersection(*(host.clear for host in examined[1:]))
        if examined
        else set()
    )
    return _fitted(
        replace(
            whole,
            title=plain(whole.title, TITLE_CHARS),
            who=plain(whole.who, WHO_CHARS),
            says=tuple(plain(text, SAYS_CHARS) for text in whole.says[:MOST_SENTENCES]),
            ruled_out=len(clear - found),
            not_checked=tuple(name_of(code) for code in unknown if code not in found),
        )
    )


def visible_chars(told: Brief) -> int:
    """How many characters a reader sees above the fold, each line's end counted as one."""
    step = (told.step.says, *(told.step.code or "").split("\n")) if told.step else ()
    lines = (told.title, told.who, *told.says, *told.picture, *step)
    return sum(len(line) + 1 for line in lines)


def _fitted(told: Brief) -> Brief:
    """The same without what there is no room for."""
    pieces = [told]
    if told.picture:
        pieces.append(replace(told, picture=()))
    pieces += [
        replace(told, picture=(), says=told.says[:count])
        for count in range(len(told.says) - 1, 0, -1)
    ]
    if told.step is not None and told.step.code is not None:
        short = replace(told, step=Step(f"{told.step.says} {ELSEWHERE}", None))
        pieces += [replace(piece, step=short.step) for piece in pieces]
    fitting = (piece for piece in pieces if visible_chars(piece) <= VISIBLE_CHARS)
    return next(fitting, None) or _with_less_said(pieces[-1])


def _with_less_said(told: Brief) -> Brief:
    """The same with its one sentence cut: title, who and step leave room for half of it at
    least.
    """
    too_many = visible_chars(told) - VISIBLE_CHARS
    return replace(told, says=tuple(plain(text, len(text) - too_many) for text in told.says))


def _found(report: Report) -> Brief:
    group = report.groups[0]
    pairs = pairs_of(group, report)
    host, finding = best_of(pairs)
    on_host = f"On {name(host.host or UNNAMED)}: " if len(group.hosts) > 1 else ""
    data = list(filter(None, (*numbers(finding), rhythm(finding))))
    also = list(_also(report, group))
    # behind a sentence on other hosts it is said again whose the numbers are
    told_again = on_host if also else ""
    says = (
        *(f"{on_host}{text}" for text in data[:1]),
        *also,
        *(f"{told_again}{text}" for text in data[1:]),
    )
    happened = who([finding for _, finding in pairs])
    where = _where(group.hosts, report)
    return Brief(
        title=headline_of(report),
        who=f"{' '.join(filter(None, (happened, where)))} · {_how_sure(pairs, finding)}",
        says=says,
        picture=draw(finding),
        step=_step(finding),
        ruled_out=0,
        not_checked=(),
        evidence=_evidence(report),
        times=_times(finding),
    )


def _evidence(report: Report) -> int:
    """How many lines there are in all."""
    examined = (host for host in report.hosts if isinstance(host, Examined))
    return sum(len(finding.citations) for host in examined for finding in host.findings)


def _how_sure(pairs: Sequence[tuple[Examined, Finding]], surest: Finding) -> str:
    """“confirmed”; where that holds for some of the hosts only, for how many."""
    having = len({host.host for host, _ in pairs})
    sure = {host.host for host, finding in pairs if finding.confidence == surest.confidence}
    if len(sure) == having:
        return str(surest.confidence)
    return f"{surest.confidence} on {len(sure)} of them"


def _times(finding: Finding) -> tuple[tuple[str, datetime], ...]:
    wall = last_wall(finding)
    return () if wall is None else ((say_wall(wall), wall),)


def _where(hosts: Sequence[str | None], report: Report) -> str:
    """“on web1”, “on 3 of 3 hosts”, “on 1 of 3 hosts: web2”; nothing for a log file."""
    if len(report.hosts) == 1:
        return f"on {name(hosts[0])}" if hosts[0] is not None else ""
    counted = f"on {len(hosts)} of {len(report.hosts)} hosts"
    if len(hosts) == len(report.hosts) or len(hosts) > NAMED:
        return counted
    return f"{counted}: {_hosts(hosts)}"


def _hosts(names: Sequence[str | None]) -> str:
    return listed([name(one or UNNAMED) for one in names])


def _also(report: Report, told: Group | None) -> Iterator[str]:
    """What else there is: other causes, kills without one, hosts that could not be examined."""
    others = [group for group in report.groups if group is not told]
    if len(report.hosts) == 1:
        others = []  # the title names them
    for group in others[:1]:
        where = f" {_where(group.hosts, report)}"
        more = f", and {len(others) - 1} more causes" if len(others) > 1 else ""
        yield f"Also: {plain(group.headline, ALSO_CHARS)}{where}{more}."
    kills = [
        kill for host in report.hosts if isinstance(host, Examined) for kill in host.unexplained
    ]
    if kills and told is not None:
        yield f"No cause is known for {len(kills)} more kill{'s' if kills[1:] else ''}."
    silent = [host.host for host in report.hosts if isinstance(host, NotExamined)]
    if silent:
        hosts = "1 host" if len(silent) == 1 else f"{len(silent)} hosts"
        yield f"{hosts} could not be examined: {_hosts(silent)}."


def _step(finding: Finding) -> Step | None:
    """The first remedy: what to do, whether there is room for it, and the command."""
    if not finding.remedies:
        return None
    remedy = finding.remedies[0]
    said = f"{plain(remedy.says, STEP_CHARS)}{_room(remedy)}"
    return Step(said, _command(plain_lines(remedy.edit)) if remedy.edit else None)


def _room(remedy: Remedy) -> str:
    if not remedy.headroom_kb:
        return ""
    room = human(sum(max(kb, 0) for kb in remedy.headroom_kb.values()))
    nodes = list(remedy.headroom_kb)
    whose = f"Node {nodes[0]} has" if len(nodes) == 1 else "All nodes together have"
    fits = {
        True: ": it fits.",
        False: ", but it does not fit.",
        None: ". Whether it fits is not known, so watch it.",
    }[remedy.fits]
    return f" {whose} room for about {room}{fits}"


def _command(edit: str) -> str:
    """Without the lines that only explain, unless a command asks for a change by hand."""
    lines = edit.split("\n")
    commands = [line for line in lines if not line.startswith("#")]
    return edit if any(_NOTE in line for line in commands) else "\n".join(commands)


def _quiet(report: Report, examined: Sequence[Examined]) -> Brief:
    """No cause was found, or nobody could be asked."""
    kills = [kill for host in examined for kill in host.unexplained]
    silent = [host for host in report.hosts if isinstance(host, NotExamined)]
    if kills:
        having = [host.host for host in examined if host.unexplained]
        said = f"{' '.join(filter(None, (killed(kills), _where(having, report))))} · no cause known"
    elif examined:
        said = " ".join(
            filter(None, ("No cause found", _where([host.host for host in examined], report)))
        )
    elif silent:
        said = f"Could not ask {_hosts([host.host for host in silent])}"
    else:
        said = "No host was asked"
    return Brief(
        title=headline_of(report),
        who=said,
        says=tuple(_quiet_says(report, silent if not examined else [])),
        picture=(),
        step=None,
        ruled_out=0,
        not_checked=(),
        evidence=0,
    )


def _quiet_says(report: Report, silent: Sequence[NotExamined]) -> Iterator[str]:
    if silent:
        yield from told_once((host.host, host.error) for host in silent)
        return
    hosts = [host for host in report.hosts if isinstance(host, Examined)]
    older = dict.fromkeys(finding.headline for host in hosts for finding in host.older)
    if older:
        yield f"Longer ago, and so not taken for a cause: {', '.join(older)}."
    questions = dict.fromkeys(because for host in hosts for because in open_questions(host))
    yield from (f"Not told: {because}." for because in list(questions)[:QUESTIONS])
    if hosts and not questions and not any(host.unexplained for host in hosts):
        yield "This does not say that the service is healthy."
    yield from _also(report, None)
