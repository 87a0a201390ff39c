"""The last lines that services wrote themselves, redacted, from section `last-words`. A program may
write anything: they prove nothing.

{"MESSAGE":"open /data/queue: No space left on
device","_SYSTEMD_UNIT":"web.service","_PID":"388",...}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from diagnostics.bundle import Bundle, Missing
from diagnostics.facts import clock
from diagnostics.facts.journal_records import records, why_nothing
from diagnostics.model import Citation

BEFORE = timedelta(seconds=30)
AFTER = timedelta(seconds=2)  # the journal's own stamps of two writers


@dataclass(frozen=True)
class Line:
    """One line of a service's own."""

    unit: str
    wall: datetime | None
    text: str
    citation: Citation


@dataclass(frozen=True)
class LastWords:
    """In the order of the journal, unit by unit."""

    lines: tuple[Line, ...]

    def before(self, unit: str, end: datetime | None) -> tuple[Line, ...]:
        """What the unit wrote in the half minute before it ended."""
        return tuple(
            line for line in self.lines if line.unit == unit and _just_before(line.wall, end)
        )

    def saying(self, unit: str, end: datetime | None, phrases: Sequence[str]) -> Line | None:
        """The last line before the end that has one of the phrases, however it is written."""
        said = [
            line
            for line in self.before(unit, end)
            if any(phrase in line.text.lower() for phrase in phrases)
        ]
        return said[-1] if said else None


def _just_before(wall: datetime | None, end: datetime | None) -> bool:
    return wall is not None and end is not None and -AFTER <= end - wall <= BEFORE


def read(bundle: Bundle) -> LastWords | Missing:
    """The last lines of the services whose main process ended most often; lines of systemd's own
    and blank ones are left out. Empty when no service's process ended, or none wrote anything;
    Missing where the section did not come, or where nothing came and the journal could not be read.
    """
    section = bundle.get("last-words")
    if isinstance(section, Missing):
        return section
    lines = [
        Line(unit, record.wall, record.text, Citation("last-words", record.number, record.text))
        for record in records(section, clock.booted_at(bundle))
        if (unit := record.fields.get("_SYSTEMD_UNIT"))
        and record.fields.get("_PID") != "1"
        and record.text.strip()
    ]
    return why_nothing(bundle, section) or LastWords(tuple(lines))
