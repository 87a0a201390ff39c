"""The report for programs: the versioned JSON contract of docs/json.md. Only ever adds; a change of meaning raises `SCHEMA`."""

from __future__ import annotations

import json

from diagnostics.model import Finding, HostReport, Kill, MemoryPicture, Moment, Remedy, Report, Task

SCHEMA = 1


def to_json(report: Report) -> str:
    """The contract as text, the same bytes for the same report."""
    return json.dumps(as_dict(report), indent=2) + "\n"


def as_dict(report: Report) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "hosts": [_host(host) for host in report.hosts],
        "groups": [{"code": group.code, "headline": group.headline, "hosts": list(group.hosts)} for group in report.groups],
    }


def _host(host: HostReport) -> dict[str, object]:
    return {
        "host": host.host,
        "taken_at": host.taken_at.iso() if host.taken_at else None,
        "reached": host.reached,
        "error": host.error,
        "broke_off": host.broke_off,
        "shared_age_s": host.shared_age_s,
        "findings": [_finding(finding) for finding in host.findings],
        "clear": list(host.clear),
        "unknown": [{"code": code, "because": because} for code, because in host.unknown.items()],
    }


def _finding(finding: Finding) -> dict[str, object]:
    moments = [_moment(kill.at) for kill in finding.kills if kill.at is not None]
    victim = finding.victim
    return {
        "code": finding.code,
        "headline": finding.headline,
        "confidence": str(finding.confidence),
        "node": finding.node,
        "kills": finding.victims,
        "first_at": moments[0] if moments else None,
        "last_at": moments[-1] if moments else None,
        "victim": {**_named(victim.task), "rss_kb": victim.rss_kb, "unit": victim.task.unit} if victim else None,
        "culprit": {**_named(finding.culprit), "unit": finding.culprit.unit} if finding.culprit else None,
        "incidents": [_incident(kill) for kill in finding.kills],
        "memory": _memory(finding.memory) if finding.memory else None,
        "remedies": [_remedy(remedy) for remedy in finding.remedies],
        "citations": [{"source": c.source, "line": c.line, "text": c.text} for c in finding.citations],
        "explains": list(finding.explains),
    }


def _incident(kill: Kill) -> dict[str, object]:
    return {
        "at": _moment(kill.at),
        "pid": kill.task.pid,
        "comm": kill.task.comm,
        "total_vm_kb": kill.total_vm_kb,
        "anon_rss_kb": kill.anon_rss_kb,
        "file_rss_kb": kill.file_rss_kb,
        "shmem_rss_kb": kill.shmem_rss_kb,
        "invoker": _named(kill.invoker) if kill.invoker else None,
        "line": kill.line,
    }


def _memory(memory: MemoryPicture) -> dict[str, object]:
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
                    {**_named(h.task), "unit": h.task.unit, "kb": h.kb, "policy": h.policy, "basis": h.basis} for h in node.holders
                ],
            }
            for number, node in memory.nodes.items()
        },
    }


def _remedy(remedy: Remedy) -> dict[str, object]:
    headroom = remedy.headroom_kb
    return {
        "action": remedy.action,
        "edit": remedy.edit,
        "fits": remedy.fits,
        "headroom_kb": {str(node): kb for node, kb in headroom.items()} if headroom is not None else None,
        "because": f"{remedy.says} {remedy.because}",
    }


def _named(task: Task) -> dict[str, object]:
    return {"comm": task.comm, "pid": task.pid}


def _moment(moment: Moment | None) -> object:
    """Wall time as ISO 8601 UTC, else seconds since boot."""
    if moment is None:
        return None
    return moment.iso() or ({"boot_s": moment.boot_s} if moment.boot_s is not None else None)
