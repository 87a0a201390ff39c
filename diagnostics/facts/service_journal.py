"""What systemd itself logged about services, from section `service-journal` (`journalctl _PID=1 -o json`).

Only records of process 1 over the journal's own socket count: the journal sets `_PID` and `_TRANSPORT`, no service can.
Message ids: sd-messages.h (unit process exit, unit OOM).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from diagnostics.bundle import Bundle, Missing
from diagnostics.model import Citation

PROCESS_EXIT = "98e322203f7a4ed290d09fe03c09fe15"
UNIT_OOM = "fe6faa94e7774663a0da52717891d8ef"


@dataclass(frozen=True)
class ServiceEvent:
    """A unit's main process was killed by a signal, or systemd saw an OOM kill in the unit's cgroup."""

    unit: str
    message_id: str
    wall: datetime | None
    status: str | None
    citation: Citation


@dataclass(frozen=True)
class ServiceJournal:
    """Events in the journal's order."""

    events: tuple[ServiceEvent, ...]


def read(bundle: Bundle) -> ServiceJournal | Missing:
    section = bundle.get("service-journal")
    if isinstance(section, Missing):
        return section
    if not section.text and (section.exit != 0 or section.notes):
        return Missing(section.notes.strip()[:200] or f"journalctl ended with status {section.exit}")
    events = [
        _read_record(number, line)
        for number, line in enumerate(section.text.split("\n") if "{" in section.text else (), 1)
        if line[:1] == "{"
    ]
    return ServiceJournal(tuple(event for event in events if event is not None))


def _read_record(number: int, line: str) -> ServiceEvent | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or record.get("_PID") != "1" or record.get("_TRANSPORT") != "journal":
        return None
    unit, message_id = record.get("UNIT"), record.get("MESSAGE_ID")
    if not isinstance(unit, str) or message_id not in (PROCESS_EXIT, UNIT_OOM):
        return None
    if message_id == PROCESS_EXIT and record.get("EXIT_CODE") != "killed":
        return None
    micros = record.get("__REALTIME_TIMESTAMP")
    wall = datetime.fromtimestamp(int(micros) / 1e6, UTC) if isinstance(micros, str) and micros.isdecimal() else None
    status = record.get("EXIT_STATUS")
    return ServiceEvent(unit, message_id, wall, status if isinstance(status, str) else None, Citation("service-journal", number, line))
