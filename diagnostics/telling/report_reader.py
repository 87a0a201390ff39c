"""A report out of its JSON: the inverse of `report_json`, for whoever keeps reports. Schema 1 is read as far as it goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

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

Json = Mapping[str, Any]


class ReportError(ValueError):
    """A text is no report that this version can read; the message says why, and what would help."""


def from_json(text: str) -> Report:
    """The report that `to_json` wrote, in this or an older version. Raises ReportError."""
    try:
        return _report(json.loads(text))
    except ReportError:
        raise
    except RecursionError as error:
        raise ReportError("not a report of sevbot: it is nested too deeply") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReportError(f"not a report of sevbot, or it is damaged: {type(error).__name__}: {str(error)[:200]}") from error


def _report(said: Json) -> Report:
    schema = said["schema"]
    if not isinstance(schema, int) or not 1 <= schema <= SCHEMA:
        raise ReportError(f"a report of schema {str(schema)[:20]}, and this sevbot reads 1 to {SCHEMA}: upgrade sevbot")
    groups = (Group(group["code"], group["headline"], tuple(group["hosts"])) for group in said["groups"])
    return Report(tuple(map(_host, said["hosts"])), tuple(groups))


def _host(said: Json) -> HostReport:
    taken = _exact(said["taken"]) if "taken" in said else _moment(said["taken_at"])
    unknown, not_seen = _reasons("code", said["unknown"]), _reasons("section", said.get("not_seen", []))
    broke_off, shared_age_s = said.get("broke_off"), said.get("shared_age_s")
    if said["error"] is not None:
        return NotExamined(
            host=said["host"],
            error=said["error"],
            reached=said["reached"],
            unknown=unknown,
            taken_at=taken,
            not_seen=not_seen,
            broke_off=broke_off,
            shared_age_s=shared_age_s,
        )
    return Examined(
        host=said["host"],
        taken_at=taken,
        findings=tuple(map(_finding, said["findings"])),
        older=tuple(map(_finding, said.get("older", []))),
        clear=_reasons("code", said["clear_because"]) if "clear_because" in said else dict.fromkeys(said["clear"], ""),
        unknown=unknown,
        unexplained=tuple(map(_kill, said.get("unexplained", []))),
        not_seen=not_seen,
        broke_off=broke_off,
        shared_age_s=shared_age_s,
    )


def _reasons(of: str, said: list[Json]) -> dict[str, str]:
    return {entry[of]: entry["because"] for entry in said}


def _finding(said: Json) -> Finding:
    victim, culprit, memory, growth = said["victim"], said["culprit"], said["memory"], said.get("growth")
    explained = said.get("explains_whose", [{"code": code} for code in said["explains"]])
    return Finding(
        code=said["code"],
        headline=said["headline"],
        judged=Judgement(Confidence(said["confidence"]), said.get("caveat")),
        kills=tuple(map(_kill, said["incidents"])),
        story=tuple(said.get("story", [])),
        citations=tuple(Citation(one["source"], one["line"], one["text"]) for one in said["citations"]),
        node=said["node"],
        victim=Victim(_task(victim), victim["rss_kb"]) if victim else None,
        culprit=_task(culprit) if culprit else None,
        memory=_memory(memory) if memory else None,
        remedies=tuple(map(_remedy, said["remedies"])),
        ends=tuple(map(_end, said.get("ends", []))),
        disks=tuple(map(_disk, said.get("disks", []))),
        limits=tuple(ReachedLimit(**limit) for limit in said.get("limits", [])),
        growth=_growth(growth) if growth else None,
        explains=tuple(Explained(code=one["code"], units=tuple(one.get("units", [])), node=one.get("node")) for one in explained),
    )


def _kill(said: Json) -> Kill:
    return Kill(
        at=_exact(said["when"]) if "when" in said else _moment(said["at"]),
        task=_task(said),
        total_vm_kb=said["total_vm_kb"],
        anon_rss_kb=said["anon_rss_kb"],
        file_rss_kb=said["file_rss_kb"],
        shmem_rss_kb=said["shmem_rss_kb"],
        invoker=_task(said["invoker"]) if said["invoker"] else None,
        line=said["line"],
    )


def _end(said: Json) -> End:
    return End(
        unit=said["unit"],
        how=said["how"],
        teller=said["teller"],
        times=said["times"],
        first_at=_exact(said["first"]),
        last_at=_exact(said["last"]),
        every_s=said["every_s"],
        restarts=said["restarts"],
    )


def _disk(said: Json) -> Disk:
    return Disk(mount=said["mount"], kind=said["kind"], what=said["what"], free=said["free"], total=said["total"])


def _growth(said: Json) -> Growing:
    return Growing(task=_task(said), before_kb=said["before_kb"], after_kb=said["after_kb"], seconds=said["seconds"])


def _memory(said: Json) -> MemoryPicture:
    return MemoryPicture(said["free_elsewhere_kb"], {int(number): _node(node) for number, node in said["nodes"].items()})


def _node(said: Json) -> NodeMemory:
    holders = tuple(Holder(_task(one), one["kb"], one["policy"], one["basis"]) for one in said["holders"])
    return NodeMemory(said["free_kb"], said["min_kb"], said["managed_kb"], holders, said["hugepages_kb"], said["shmem_kb"])


def _remedy(said: Json) -> Remedy:
    headroom = said["headroom_kb"]
    return Remedy(
        action=said["action"],
        says=said.get("says", ""),
        because=said.get("why", said["because"]),
        edit=said["edit"],
        fits=said["fits"],
        headroom_kb={int(node): kb for node, kb in headroom.items()} if headroom is not None else None,
    )


def _task(said: Json) -> Task:
    return Task(said["comm"], said["pid"], said.get("unit"))


def _moment(said: str | Json | None) -> Moment | None:
    """As schema 1 has it: wall time to the second, else seconds since boot."""
    if said is None:
        return None
    return Moment(wall=datetime.fromisoformat(said)) if isinstance(said, str) else Moment(said["boot_s"])


def _exact(said: Json | None) -> Moment | None:
    if said is None:
        return None
    return Moment(said["boot_s"], datetime.fromisoformat(said["wall"]) if said["wall"] is not None else None)
