"""What systemd itself logged about services, from section `service-journal` (`journalctl _PID=1 -o
json`).

    {"MESSAGE":"job.service: Main process exited, ...","UNIT":"job.service","EXIT_CODE":...}

Only records of process 1 over the journal's own socket count: the journal sets `_PID` and
`_TRANSPORT`, no service can.
Message ids: systemd's sd-messages.h. Where a text has none (src/core/service.c), it is matched by
its words.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from diagnostics.bundle import Bundle, Missing
from diagnostics.facts import clock
from diagnostics.facts.journal_records import Record, back_to, records, why_unread
from diagnostics.model import Citation

PROCESS_EXIT = "98e322203f7a4ed290d09fe03c09fe15"
UNIT_OOM = "fe6faa94e7774663a0da52717891d8ef"
OOMD_KILL = "d989611b15e44c9dbf31e3c81256e4ed"
SYSTEMD, JOB_RUNNER = "systemd", "a job runner"  # who tells of an end
_NAMES = re.compile(r"\(.*\)")
BY_SIGNAL = ("killed", "dumped")


@dataclass(frozen=True)
class ServiceEvent:
    """One record of systemd on a unit. `code` is `exited`, `killed` or `dumped` where a main
    process ended, `status` its exit status or the signal's number; `result` is the unit's where it
    failed. `teller` is who says it, if not systemd; `container` is the id of one, and `oom_killed`
    whether its engine says that a process in it was killed so.
    """

    unit: str
    message_id: str | None
    wall: datetime | None
    text: str
    citation: Citation
    code: str | None = None
    status: int | None = None
    result: str | None = None
    teller: str = SYSTEMD
    container: str | None = None
    oom_killed: bool = False

    @property
    def signal(self) -> int | None:
        """The signal that ended the main process."""
        return self.status if self.code in BY_SIGNAL else None


@dataclass(frozen=True)
class ServiceJournal:
    """Events in the journal's order."""

    events: tuple[ServiceEvent, ...]
    back_to: datetime | None = None  # where older records were not read

    @property
    def ends(self) -> tuple[ServiceEvent, ...]:
        """Each end of a main process that systemd did not take for a clean one."""
        return tuple(event for event in self.events if event.message_id == PROCESS_EXIT)

    def ended_by(self, signals: Collection[int]) -> tuple[ServiceEvent, ...]:
        """The ends by one of these signals."""
        return tuple(event for event in self.ends if event.signal in signals)

    def saying(self, words: str) -> tuple[ServiceEvent, ...]:
        """systemd's own records that have these words; not in parentheses, where names of processes
        stand.
        """
        return tuple(
            event
            for event in self.events
            if event.teller == SYSTEMD and words in _NAMES.sub("()", event.text)
        )


def read(bundle: Bundle) -> ServiceJournal | Missing:
    """systemd's own records on services. Empty when process 1 logged none of those that the probe
    asks for; Missing where the section did not come, or where journalctl printed nothing and an
    error. `back_to` is set where older records were left out.
    """
    section = bundle.get("service-journal")
    if isinstance(section, Missing):
        return section
    read_records = list(records(section, clock.booted_at(bundle)))
    events = [event for record in read_records if (event := _read_event(record))]
    return why_unread(section) or ServiceJournal(tuple(events), back_to(section, read_records))


def _read_event(record: Record) -> ServiceEvent | None:
    said = record.fields
    if said.get("_PID") != "1" or said.get("_TRANSPORT") != "journal" or "UNIT" not in said:
        return None
    return ServiceEvent(
        unit=said["UNIT"],
        message_id=said.get("MESSAGE_ID"),
        wall=record.wall,
        text=record.text,
        citation=Citation("service-journal", record.number, record.text),
        code=said.get("EXIT_CODE"),
        status=_status(said.get("EXIT_STATUS", "")),
        result=said.get("UNIT_RESULT"),
    )


def _status(text: str) -> int | None:
    """A number; old versions write a signal's name."""
    if text == "KILL":
        return 9
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
