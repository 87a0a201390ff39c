"""Who died, how often, where and when: the first line of a brief, and the rhythm of it.

Made of a finding's kills and ends, whatever the cause. Where nothing died it says what was found,
from whatever else the finding holds. Text from hosts is made visible and cut.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

from diagnostics.model import End, Finding, Kill, Moment
from diagnostics.plain import plain
from diagnostics.sizes import human

NAME_CHARS = 40  # of a name from a host
COUNTED = 10_000  # ends of a unit, to find whose were most
RHYTHM_AT_LEAST = 3  # kills or ends from which an interval can be told
_UNITS = (".service", ".scope", ".slice")
_S_PER_MIN, _MIN_AT_LEAST_S = 60, 120


def name(text: str) -> str:
    """A name from a host, as much of it as a line has room for.

    >>> name("ranker"), name("a" * 50)[-3:]
    ('ranker', 'aa…')
    """
    return plain(text.strip(), NAME_CHARS) or "a process without a name"


def of_cgroup(path: str) -> str:
    """The unit in a cgroup's path, or the path where it names none.

    >>> of_cgroup("/system.slice/ranker.service"), of_cgroup("/mc"), of_cgroup("web.service")
    ('ranker.service', '/mc', 'web.service')
    """
    units = [part for part in path.split("/") if part.endswith(_UNITS)]
    return name(units[-1] if units else path)


def who(findings: Sequence[Finding]) -> str:
    """What happened to whom: “ranker was killed 8 times”. `findings` are one cause's, at least one,
    of all hosts that have it.
    """
    if kills := [kill for finding in findings for kill in finding.kills]:
        return killed(kills)
    if ends := [end for finding in findings for end in finding.ends]:
        return _ended(ends)
    return _concerned(findings[0])


def killed(kills: Sequence[Kill]) -> str:
    """“ranker was killed 8 times”; of several, those killed most are named."""
    return _say([kill.task.comm for kill in kills], "killed", times(len(kills)))


def times(count: int) -> str:
    """“once”, “8 times”."""
    return "once" if count == 1 else f"{count} times"


def _say(whose: Sequence[str], verb: str, how_often: str) -> str:
    named = [name(text) for text, _ in Counter(whose).most_common()]
    shown = " and ".join(named) if len(named) < 3 else f"{named[0]} and {len(named) - 1} others"
    return f"{shown} {'was' if len(named) == 1 else 'were'} {verb} {how_often}"


def _ended(ends: Sequence[End]) -> str:
    whose = [end.unit for end in ends for _ in range(min(end.times, COUNTED))]
    how_often = times(sum(end.times for end in ends))
    hows = {end.how for end in ends}
    how = hows.pop() if len(hows) == 1 else None
    if how == "SIGKILL":
        return _say(whose, "killed", how_often)
    said = _say(whose, "ended", how_often).replace(" was ended ", " ended ", 1)
    said = said.replace(" were ended ", " ended ", 1)
    if how is None:
        return said
    return f"{said} {'with' if how.startswith('status ') else 'by'} {name(how)}"


def _concerned(finding: Finding) -> str:
    """Nothing died: what the finding is about, in its own data's order of weight."""
    if finding.growth is not None:
        return f"{name(finding.growth.task.comm)} grows"
    if finding.culprit is not None:
        return f"{name(finding.culprit.comm)} is affected"
    if finding.disks:
        return f"{name(finding.disks[0].mount)} is affected"
    for limit in finding.limits:
        if limit.whose:
            return f"{of_cgroup(limit.whose)} met a limit"
    return "Seen"


def rhythm(finding: Finding) -> str | None:
    """“Killed every 40 s, last at 05:36:48 UTC on 23 Nov.”, with the size at death where it is
    known; None where neither time nor size is.
    """
    if finding.kills:
        # who held a node's memory tells of the dead, too
        return _of_kills(finding.kills, with_size=finding.memory is None)
    if not finding.ends:
        return None
    how_often = sum(end.times for end in finding.ends)
    units = {end.unit for end in finding.ends}
    every_s = max(finding.ends, key=lambda end: end.times).every_s if len(units) == 1 else None
    return _came("Ended", how_often, every_s, _at(_last(finding.ends)))


def _of_kills(kills: Sequence[Kill], *, with_size: bool) -> str | None:
    walls = _walls(kills)
    last = Moment(wall=walls[-1]) if walls else kills[-1].at
    at, size = _at(last), _size(kills) if with_size else None
    happened = _came("Killed", len(kills), _every_s(walls), at)
    return " ".join(filter(None, (happened, size))) or None


def last_wall(finding: Finding) -> datetime | None:
    """The wall time that `rhythm` tells, as `say_wall` says it."""
    if finding.kills:
        return max(_walls(finding.kills), default=None)
    if not finding.ends:
        return None
    last_at = _last(finding.ends)
    return last_at.wall if last_at is not None else None


def _last(ends: Sequence[End]) -> Moment | None:
    """The latest of all units; where a wall time is known of some only, the latest of these."""
    known = [end.last_at for end in ends if end.last_at is not None]
    walls = [moment for moment in known if moment.wall is not None]
    return max(walls or known, key=_sortable, default=None)


def _sortable(moment: Moment) -> float:
    return moment.wall.timestamp() if moment.wall is not None else moment.boot_s or 0.0


def say_wall(wall: datetime) -> str:
    """“05:36:48 UTC on 23 Nov”."""
    return f"{wall.astimezone(UTC):%H:%M:%S UTC on %d %b}"


def _walls(kills: Sequence[Kill]) -> list[datetime]:
    return sorted(kill.at.wall for kill in kills if kill.at is not None and kill.at.wall)


def _came(what: str, how_often: int, every_s: float | None, at: str | None) -> str | None:
    if how_often == 1 or every_s is None:
        last = "" if how_often == 1 else "last "
        return f"{what} {last}{at}." if at else None
    return f"{what} every {_seconds(every_s)}{f', last {at}' if at else ''}."


def _every_s(walls: Sequence[datetime]) -> float | None:
    if len(walls) < RHYTHM_AT_LEAST:
        return None
    return statistics.median((after - before).total_seconds() for before, after in pairwise(walls))


def _seconds(seconds: float) -> str:
    if seconds >= _MIN_AT_LEAST_S:
        return f"{seconds / _S_PER_MIN:.0f} min"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"


def _at(moment: Moment | None) -> str | None:
    if moment is None:
        return None
    if moment.wall is not None:
        return f"at {say_wall(moment.wall)}"
    return f"{moment.boot_s:.0f} s after boot" if moment.boot_s is not None else None


def _size(kills: Sequence[Kill]) -> str | None:
    sizes_kb = sorted(kill.rss_kb for kill in kills if kill.rss_kb is not None)
    if not sizes_kb:
        return None
    low, high = human(sizes_kb[0]), human(sizes_kb[-1])
    return f"It held {low if low == high else f'{low} to {high}'} when it was killed."
