"""What daemons logged that end processes, and sudo where it was told to, from section
`daemons-journal`.

    sending SIGTERM to process 388 uid 0 "ranker": badness 905, VmRSS 3276 MiB     earlyoom, kill.c
    PID:   801, name: ranker, ... | cgroup_v2: /... | Sending SIGTERM to the victim      nohang
    oomd kill: 81.28 80.05 42.78 system.slice/ranker.service 1000 ...      oomd, BaseKillPlugin.cpp
    Killed /a.slice/a.service due to memory pressure for /a.slice being 93.42% > ...    systemd-oomd
    Container failed to exit within 10s of signal 15 - using the force      dockerd, daemon/stop.go
    root : TTY=pts/0 ; PWD=/root ; USER=root ; COMMAND=/usr/bin/pkill -9 ranker                 sudo

`by` is who wrote it, by journald's own fields: the unit's name without its end, or `sudo` or
`podman` by the path of the program.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from diagnostics.bundle import Bundle, Missing
from diagnostics.facts import clock
from diagnostics.facts.journal_records import Record, back_to, records, why_nothing
from diagnostics.model import Citation

PROGRAMS = {"/usr/bin/sudo": "sudo", "/usr/bin/podman": "podman"}


@dataclass(frozen=True)
class DaemonEvent:
    """One line of a daemon's. `unit` is the one in which it ran."""

    by: str
    unit: str
    wall: datetime | None
    text: str
    citation: Citation


@dataclass(frozen=True)
class DaemonJournal:
    """In the journal's order."""

    events: tuple[DaemonEvent, ...]
    back_to: datetime | None = None  # where older records were not read

    def of(self, *daemons: str) -> tuple[DaemonEvent, ...]:
        """The events that one of these daemons wrote, named as in `DaemonEvent.by`, in the
        journal's order.
        """
        return tuple(event for event in self.events if event.by in daemons)


def read(bundle: Bundle) -> DaemonJournal | Missing:
    """What daemons that kill, container engines, kubelet and sudo logged. Empty when the journal
    was read and has no record of theirs; Missing where the section did not come, or where nothing
    came and the journal could not be read (by what journalctl says here or for `service-journal`).
    `back_to` is set where older records were left out.
    """
    section = bundle.get("daemons-journal")
    if isinstance(section, Missing):
        return section
    read_records = list(records(section, clock.booted_at(bundle)))
    events = [event for record in read_records if (event := _read_event(record))]
    return why_nothing(bundle, section) or DaemonJournal(
        tuple(events), back_to(section, read_records)
    )


def _read_event(record: Record) -> DaemonEvent | None:
    said = record.fields
    unit = said.get("_SYSTEMD_UNIT", "")
    by = PROGRAMS.get(said.get("_EXE", "")) or unit.removesuffix(".service")
    if not by or "CONTAINER_ID" in said:  # of a container's own words, which docker logs for it
        return None
    # what it runs writes to its standard output
    if by == "sudo" and said.get("_TRANSPORT") != "syslog":
        return None
    return DaemonEvent(
        by, unit, record.wall, record.text, Citation("daemons-journal", record.number, record.text)
    )
