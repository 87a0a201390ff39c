"""A report out of its JSON: the inverse of `report_json`, for whoever keeps reports. Schema 1 is
read as far as it goes.
"""

from __future__ import annotations

from datetime import UTC, datetime

from diagnostics.model import (
    Citation,
    Confidence,
    Disk,
    End,
    Examined,
    Explained,
    Finding,
    Group,
    Growing,
    Holder,
    HostReport,
    Judgement,
    Kill,
    MemoryPicture,
    Moment,
    NodeMemory,
    NotExamined,
    ReachedLimit,
    Remedy,
    Report,
    Task,
    Victim,
)
from diagnostics.telling.report_json import SCHEMA
from diagnostics.telling.said import ReportError, Said, damaged, load

__all__ = ["ReportError", "from_json"]


def from_json(text: str) -> Report:
    """The report that `to_json` wrote, in this or an older version; keys that are not known are
    passed over. Raises ReportError.
    """
    said = load(text)
    schema = said.whole("schema")
    if not 1 <= schema <= SCHEMA:
        raise ReportError(
            f"not a report of sevbot that this one reads: schema {schema}, and it reads 1 "
            f"to {SCHEMA}: upgrade sevbot"
        )
    groups = tuple(
        Group(group.text("code"), group.text("headline"), group.names("hosts"))
        for group in said.each("groups")
    )
    return Report(tuple(map(_host, said.each("hosts"))), groups)


def _host(said: Said) -> HostReport:
    taken = _time(said, "taken", "taken_at")
    unknown, not_seen = (
        _reasons("code", said.each("unknown")),
        _reasons("section", _later(said, "not_seen")),
    )
    host, broke_off, shared_age_s = (
        said.text_or_none("host"),
        said.text_or_none("broke_off"),
        said.whole_or_none("shared_age_s"),
    )
    if said.has("error"):
        return NotExamined(
            host=host,
            error=said.text("error"),
            reached=said.flag("reached"),
            unknown=unknown,
            taken_at=taken,
            not_seen=not_seen,
            broke_off=broke_off,
            shared_age_s=shared_age_s,
        )
    return Examined(
        host=host,
        taken_at=taken,
        findings=tuple(map(_finding, said.each("findings"))),
        older=tuple(map(_finding, _later(said, "older"))),
        clear=_reasons("code", said.each("clear_because"))
        if said.has("clear_because")
        else dict.fromkeys(said.texts("clear"), ""),
        unknown=unknown,
        saw=tuple(each.text("code") for each in said.each("unknown") if each.has("saw")),
        unexplained=tuple(map(_kill, _later(said, "unexplained"))),
        not_seen=not_seen,
        broke_off=broke_off,
        shared_age_s=shared_age_s,
    )


def _later(said: Said, key: str) -> list[Said]:
    """A list of objects that schema 1 did not have."""
    return said.each(key) if said.has(key) else []


def _reasons(of: str, said: list[Said]) -> dict[str, str]:
    return {entry.text(of): entry.text("because") for entry in said}


def _finding(said: Said) -> Finding:
    victim, culprit, memory, growth = (
        said.inside_or_none(key) for key in ("victim", "culprit", "memory", "growth")
    )
    return Finding(
        code=said.text("code"),
        headline=said.text("headline"),
        judged=Judgement(_confidence(said.text("confidence")), said.text_or_none("caveat")),
        kills=tuple(map(_kill, said.each("incidents"))),
        story=said.texts("story") if said.has("story") else (),
        citations=tuple(
            Citation(one.text("source"), one.whole("line"), one.text("text"))
            for one in said.each("citations")
        ),
        node=said.whole_or_none("node"),
        victim=Victim(_task(victim), victim.whole_or_none("rss_kb")) if victim else None,
        culprit=_task(culprit) if culprit else None,
        memory=_memory(memory) if memory else None,
        remedies=tuple(map(_remedy, said.each("remedies"))),
        ends=tuple(map(_end, _later(said, "ends"))),
        disks=tuple(map(_disk, _later(said, "disks"))),
        limits=tuple(map(_limit, _later(said, "limits"))),
        growth=_growth(growth) if growth else None,
        explains=_explained(said),
    )


def _confidence(word: str) -> Confidence:
    try:
        return Confidence(word)
    except ValueError as error:
        raise damaged(str(error)[:200]) from error


def _explained(said: Said) -> tuple[Explained, ...]:
    if not said.has("explains_whose"):
        return tuple(Explained(code=code) for code in said.texts("explains"))
    whose = said.each("explains_whose")
    return tuple(
        Explained(code=one.text("code"), units=one.texts("units"), node=one.whole_or_none("node"))
        for one in whose
    )


def _kill(said: Said) -> Kill:
    invoker = said.inside_or_none("invoker")
    return Kill(
        at=_time(said, "when", "at"),
        task=_task(said),
        total_vm_kb=said.whole_or_none("total_vm_kb"),
        anon_rss_kb=said.whole_or_none("anon_rss_kb"),
        file_rss_kb=said.whole_or_none("file_rss_kb"),
        shmem_rss_kb=said.whole_or_none("shmem_rss_kb"),
        invoker=_task(invoker) if invoker else None,
        line=said.whole_or_none("line"),
    )


def _end(said: Said) -> End:
    return End(
        unit=said.text("unit"),
        how=said.text_or_none("how"),
        teller=said.text("teller"),
        times=said.whole("times"),
        first_at=_exact(said.inside_or_none("first")),
        last_at=_exact(said.inside_or_none("last")),
        every_s=said.number_or_none("every_s"),
        restarts=said.whole_or_none("restarts"),
    )


def _disk(said: Said) -> Disk:
    total = said.whole("total")
    if total < 1:
        raise damaged("a file system's `total` is nothing")
    return Disk(
        mount=said.text("mount"),
        kind=said.text("kind"),
        what=said.text("what"),
        free=said.whole("free"),
        total=total,
    )


def _limit(said: Said) -> ReachedLimit:
    return ReachedLimit(
        what=said.text("what"),
        whose=said.text_or_none("whose"),
        unit=said.text("unit"),
        limit=said.whole_or_none("limit"),
        used=said.whole_or_none("used"),
    )


def _growth(said: Said) -> Growing:
    seconds = said.number("seconds")
    if 0 < seconds < 1e-9:  # a size by it would be no number
        raise damaged("`seconds` is almost nothing")
    return Growing(
        task=_task(said),
        before_kb=said.whole("before_kb"),
        after_kb=said.whole("after_kb"),
        seconds=seconds,
    )


def _memory(said: Said) -> MemoryPicture:
    nodes = said.inside("nodes")
    return MemoryPicture(
        said.whole_or_none("free_elsewhere_kb"),
        {number: _node(nodes.inside(key)) for number, key in nodes.numbered()},
    )


def _node(said: Said) -> NodeMemory:
    holders = (
        Holder(_task(one), one.whole("kb"), one.text_or_none("policy"), one.text("basis"))
        for one in said.each("holders")
    )
    return NodeMemory(
        free_kb=said.whole("free_kb"),
        min_kb=said.whole("min_kb"),
        managed_kb=said.whole_or_none("managed_kb"),
        holders=tuple(holders),
        hugepages_kb=said.whole_or_none("hugepages_kb"),
        shmem_kb=said.whole_or_none("shmem_kb"),
    )


def _remedy(said: Said) -> Remedy:
    headroom = said.inside_or_none("headroom_kb")
    return Remedy(
        action=said.text("action"),
        says=said.text("says") if said.has("says") else "",
        because=said.text("why" if said.has("why") else "because"),
        edit=said.text_or_none("edit"),
        fits=said.flag("fits") if said.has("fits") else None,
        headroom_kb={number: headroom.whole(key) for number, key in headroom.numbered()}
        if headroom is not None
        else None,
    )


def _task(said: Said) -> Task:
    return Task(said.text("comm"), said.whole("pid"), said.text_or_none("unit"))


def _time(said: Said, exact: str, rounded: str) -> Moment | None:
    """Both clocks; in schema 1 wall time to the second, else seconds since boot."""
    if said.has(exact) or not said.has(rounded):
        return _exact(said.inside_or_none(exact))
    if said.is_text(rounded):
        return Moment(wall=_wall(said.text(rounded)))
    return Moment(said.inside(rounded).number("boot_s"))


def _exact(said: Said | None) -> Moment | None:
    if said is None:
        return None
    wall = said.text_or_none("wall")
    return Moment(said.number_or_none("boot_s"), _wall(wall) if wall is not None else None)


def _wall(text: str) -> datetime:
    try:
        wall = datetime.fromisoformat(text)
    except ValueError as error:
        raise damaged(f"{text[:40]!r} is no time") from error
    if wall.utcoffset() != UTC.utcoffset(None):
        raise damaged(f"{text[:40]!r} is not UTC")
    return wall
