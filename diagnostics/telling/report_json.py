"""The report for programs: the versioned JSON contract of docs/json.md, which `report_reader` reads
back without loss.

What a key meant in schema 1 it means still; what that left out stands under names of its own
(`taken` beside `taken_at`, `clear_because` beside `clear`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from diagnostics.model import (
    Disk,
    End,
    Examined,
    Explained,
    Finding,
    Growing,
    HostReport,
    Kill,
    MemoryPicture,
    Moment,
    NotExamined,
    ReachedLimit,
    Remedy,
    Report,
    Task,
)

SCHEMA = 2
Json = dict[str, object]


def to_json(report: Report) -> str:
    """The contract as text, the same bytes for the same report."""
    return json.dumps(as_dict(report), indent=2) + "\n"


def as_dict(report: Report) -> Json:
    """The contract (docs/json.md) as objects that `json` can write, keys in their order."""
    return {
        "schema": SCHEMA,
        "hosts": [_host(host) for host in report.hosts],
        "groups": [
            {"code": group.code, "headline": group.headline, "hosts": list(group.hosts)}
            for group in report.groups
        ],
    }


def _host(host: HostReport) -> Json:
    decided = (
        host
        if isinstance(host, Examined)
        else Examined(host=host.host, taken_at=host.taken_at, unknown=host.unknown)
    )
    return {
        "host": host.host,
        "taken_at": host.taken_at.iso() if host.taken_at else None,
        "taken": _exact(host.taken_at),
        "reached": host.reached if isinstance(host, NotExamined) else True,
        "error": host.error if isinstance(host, NotExamined) else None,
        "broke_off": host.broke_off,
        "shared_age_s": host.shared_age_s,
        "findings": [_finding(finding) for finding in decided.findings],
        "older": [_finding(finding) for finding in decided.older],
        "clear": list(decided.clear),
        "clear_because": _reasons("code", decided.clear),
        "unknown": [
            {**reason, "saw": True} if reason["code"] in decided.saw else reason
            for reason in _reasons("code", host.unknown)
        ],
        "unexplained": [_incident(kill) for kill in decided.unexplained],
        "not_seen": _reasons("section", host.not_seen),
    }


def _reasons(of: str, reasons: Mapping[str, str]) -> list[Json]:
    return [{of: name, "because": because} for name, because in reasons.items()]


def _finding(finding: Finding) -> Json:
    moments = [_moment(kill.at) for kill in finding.kills if kill.at is not None]
    victim = finding.victim
    return {
        "code": finding.code,
        "headline": finding.headline,
        "confidence": str(finding.confidence),
        "caveat": finding.caveat,
        "story": list(finding.story),
        "node": finding.node,
        "kills": finding.victims,
        "first_at": moments[0] if moments else None,
        "last_at": moments[-1] if moments else None,
        "victim": {**_named(victim.task), "rss_kb": victim.rss_kb, "unit": victim.task.unit}
        if victim
        else None,
        "culprit": _task(finding.culprit) if finding.culprit else None,
        "incidents": [_incident(kill) for kill in finding.kills],
        "ends": [_end(end) for end in finding.ends],
        "disks": [_disk(disk) for disk in finding.disks],
        "limits": [_limit(limit) for limit in finding.limits],
        "growth": _growth(finding.growth) if finding.growth else None,
        "memory": _memory(finding.memory) if finding.memory else None,
        "remedies": [_remedy(remedy) for remedy in finding.remedies],
        "citations": [
            {"source": c.source, "line": c.line, "text": c.text} for c in finding.citations
        ],
        "explains": list(dict.fromkeys(one.code for one in finding.explains)),
        "explains_whose": [_explained(one) for one in finding.explains],
    }


def _incident(kill: Kill) -> Json:
    return {
        "at": _moment(kill.at),
        "when": _exact(kill.at),
        "pid": kill.task.pid,
        "comm": kill.task.comm,
        "unit": kill.task.unit,
        "total_vm_kb": kill.total_vm_kb,
        "anon_rss_kb": kill.anon_rss_kb,
        "file_rss_kb": kill.file_rss_kb,
        "shmem_rss_kb": kill.shmem_rss_kb,
        "invoker": _named(kill.invoker) if kill.invoker else None,
        "line": kill.line,
    }


def _end(end: End) -> Json:
    return {
        "unit": end.unit,
        "how": end.how,
        "teller": end.teller,
        "times": end.times,
        "first": _exact(end.first_at),
        "last": _exact(end.last_at),
        "every_s": end.every_s,
        "restarts": end.restarts,
    }


def _disk(disk: Disk) -> Json:
    named = {"mount": disk.mount, "kind": disk.kind, "what": disk.what}
    return {**named, "free": disk.free, "total": disk.total, "used_percent": disk.used_percent}


def _limit(limit: ReachedLimit) -> Json:
    return {
        "what": limit.what,
        "whose": limit.whose,
        "unit": limit.unit,
        "limit": limit.limit,
        "used": limit.used,
    }


def _growth(growth: Growing) -> Json:
    sizes = {
        "before_kb": growth.before_kb,
        "after_kb": growth.after_kb,
        "seconds": growth.seconds,
        "kb_per_s": growth.kb_per_s,
    }
    return {**_task(growth.task), **sizes}


def _explained(one: Explained) -> Json:
    return {"code": one.code, "units": list(one.units), "node": one.node}


def _memory(memory: MemoryPicture) -> Json:
    return {
        "free_elsewhere_kb": memory.free_elsewhere_kb,
        "nodes": {
            str(number): {
                "free_kb": node.free_kb,
                "min_kb": node.min_kb,
                "managed_kb": node.managed_kb,
                "hugepages_kb": node.hugepages_kb,
                "shmem_kb": node.shmem_kb,
                "holders": [
                    {**_task(h.task), "kb": h.kb, "policy": h.policy, "basis": h.basis}
                    for h in node.holders
                ],
            }
            for number, node in memory.nodes.items()
        },
    }


def _remedy(remedy: Remedy) -> Json:
    headroom = remedy.headroom_kb
    return {
        "action": remedy.action,
        "says": remedy.says,
        "why": remedy.because,
        "edit": remedy.edit,
        "fits": remedy.fits,
        "headroom_kb": {str(node): kb for node, kb in headroom.items()}
        if headroom is not None
        else None,
        "because": f"{remedy.says} {remedy.because}",
    }


def _task(task: Task) -> Json:
    return {**_named(task), "unit": task.unit}


def _named(task: Task) -> Json:
    return {"comm": task.comm, "pid": task.pid}


def _moment(moment: Moment | None) -> object:
    """Wall time as ISO 8601 UTC, else seconds since boot."""
    if moment is None:
        return None
    return moment.iso() or ({"boot_s": moment.boot_s} if moment.boot_s is not None else None)


def _exact(moment: Moment | None) -> Json | None:
    """Both clocks, with all their digits; each is null where it is not known."""
    if moment is None:
        return None
    return {"boot_s": moment.boot_s, "wall": moment.wall.isoformat() if moment.wall else None}
