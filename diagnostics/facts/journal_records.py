"""Records of the journal as `journalctl -o json` prints them, one on each line.

Fields that begin with `_` are set by journald itself (systemd.journal-fields(7)): no service can
write under the unit, pid or program of another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from diagnostics.bundle import Bundle, Missing, Section

OLDEST_READ = (
    "SEVBOT_OLDEST"  # the probe's own record of the oldest that it read, where there are older ones
)
MAX_TEXT_CHARS = 1000


class Record(NamedTuple):
    """One record: its line in the section, its fields that are texts, its wall time and its
    message.
    """

    number: int
    fields: dict[str, str]
    wall: datetime | None
    text: str


def records(section: Section, booted: datetime | None = None) -> Iterator[Record]:
    """All records that can be read; a line that is none is passed over.

    With the time of boot, their wall time is that of the kernel's lines (`Clock.booted` and the
    time since boot), so that they agree when the clock was set meanwhile. All records must be of
    this boot then.
    """
    lines = section.text.split("\n") if "{" in section.text else ()
    for number, line in enumerate(lines, 1):
        if line[:1] == "{" and (record := _read(number, line, booted)):
            yield record


def back_to(section: Section, found: Sequence[Record]) -> datetime | None:
    """From when on records were read, where older ones were left out: the probe reads so many only,
    and sends so many bytes.
    """
    oldest = next((record.wall for record in found if OLDEST_READ in record.fields), None)
    first = next((record.wall for record in found), None)
    return first if section.cut else oldest


def why_nothing(bundle: Bundle, section: Section) -> Missing | None:
    """Why there is nothing in a section, which does not say itself where the account may not read
    the journal; systemd's does.
    """
    systemd = bundle.get("service-journal")
    if section.text:
        return None
    return why_unread(section) or (systemd if isinstance(systemd, Missing) else why_unread(systemd))


def why_unread(section: Section) -> Missing | None:
    """Why there is nothing, where journalctl could not look."""
    if section.text or (section.exit == 0 and not section.notes):
        return None
    return Missing(section.notes.strip()[:200] or f"journalctl ended with status {section.exit}")


def _read(number: int, line: str, booted: datetime | None) -> Record | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    fields = {name: value for name, value in record.items() if isinstance(value, str)}
    since_boot = micros_of(fields.get("__MONOTONIC_TIMESTAMP", ""))
    if booted is not None and since_boot is not None:
        wall: datetime | None = booted + timedelta(microseconds=since_boot)
    else:
        wall = wall_of(fields.get("__REALTIME_TIMESTAMP", ""))
    return Record(number, fields, wall, fields.get("MESSAGE", "")[:MAX_TEXT_CHARS])


def wall_of(micros: str) -> datetime | None:
    """Microseconds since 1970 as a time."""
    since_1970 = micros_of(micros)
    try:
        return None if since_1970 is None else datetime.fromtimestamp(since_1970 / 1e6, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def micros_of(text: str) -> int | None:
    """A field of microseconds as a number. None where it is none, or has more digits than any time
    until the year 2286.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 16 else None
