"""How the boot before this one ended, from section `boots` (the journal's last records of it,
without their text).

    kept on disk
    boots
    2
    {"__REALTIME_TIMESTAMP":"1795383940000000","MESSAGE_ID":"d93fb3c9c24d451a97cea615ce59c00b",...}

The journal's last record of an orderly shutdown is journald's own that it stops (sd-messages.h,
SD_MESSAGE_JOURNAL_STOP).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from diagnostics.bundle import Bundle, Missing
from diagnostics.facts.journal_records import records
from diagnostics.model import Citation

JOURNAL_STOP = "d93fb3c9c24d451a97cea615ce59c00b"
JOURNALD = "systemd-journald.service"


@dataclass(frozen=True)
class Boots:
    """`last_seen` is the last record of the boot before, None where the journal keeps none;
    `orderly` whether the journal was stopped.

    `kept` is whether the journal is on disk and could be read, and knows this boot alone.
    """

    last_seen: datetime | None
    orderly: bool
    citation: Citation | None
    kept: bool = False


def read(bundle: Bundle) -> Boots | Missing:
    """How the boot before this one ended. Empty when the journal has no record of it, as when this
    boot is the only one (`kept`): `last_seen` and `citation` are None; Missing where the section
    did not come.
    """
    section = bundle.get("boots")
    if isinstance(section, Missing):
        return section
    kept = section.text.startswith("kept on disk\nboots\n1\n")
    found = [record for record in records(section) if record.wall is not None]
    if not found:
        return Boots(None, orderly=False, citation=None, kept=kept)
    stopped = any(_is_stop(record.fields) for record in found)
    lines = section.text.split("\n")
    return Boots(
        found[-1].wall,
        stopped,
        Citation("boots", found[-1].number, lines[found[-1].number - 1]),
        kept,
    )


def _is_stop(fields: dict[str, str]) -> bool:
    """Journald's own record, which comes by no socket (transport driver)."""
    return (fields.get("MESSAGE_ID"), fields.get("_SYSTEMD_UNIT"), fields.get("_TRANSPORT")) == (
        JOURNAL_STOP,
        JOURNALD,
        "driver",
    )
