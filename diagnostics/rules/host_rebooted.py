"""host-rebooted: the machine itself was restarted, and with it everything that ran on it.

Fires when the machine booted within the time that counts, and the journal of the boot before goes
on to within an hour of it: services ran, and then the machine went down. It is `confirmed`: the
time of boot is the kernel's, the journal's last record journald's. If that record is the journal's
orderly stop, somebody or something asked for the restart; if not, the machine may have been cut
off.
Stays clear when the machine has been up since before, or when its journal is on disk and knows no
earlier boot. Cannot tell when it booted within that time, and the journal is not kept over boots;
or when services ended after the boot, since a restart explains one end and not the next.
Looks like, but is not: a service that restarts.

Source: /proc/stat btime; journalctl(1) -b -1; systemd's sd-messages.h.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from diagnostics.bundle import Missing
from diagnostics.confidence import of_own_decision
from diagnostics.evidence import Evidence
from diagnostics.facts.boots import Boots
from diagnostics.facts.clock import Clock
from diagnostics.facts.kernel_log import KernelLog, kills_of
from diagnostics.facts.service_journal import ServiceJournal
from diagnostics.model import Clear, Finding, Moment, Outcome, Remedy, Unknown
from diagnostics.recent import is_recent, say_moment

CODE = "host-rebooted"
NAME = "host restart"
LONGEST_DOWN = timedelta(hours=1)
ORDERLY = Remedy(
    action="find-who-restarted",
    says=(
        "Look for who asked: “journalctl -b -1 -n 100”, “last -x”, automatic upgrades, the "
        "provider's maintenance notices."
    ),
    because="The journal was stopped orderly, so the machine was told to go down.",
)
SUDDEN = Remedy(
    action="look-below-the-machine",
    says=(
        "Look for a panic (/sys/fs/pstore, the console), for power, and at the provider's or "
        "the hypervisor's events at that time."
    ),
    because=(
        "The journal ends without a stop: the machine was cut off, or its journal could not "
        "be written until the end."
    ),
)


def check(evidence: Evidence) -> Outcome:
    """One finding, or why there is none."""
    clock, boots = evidence.get(Clock), evidence.get(Boots)
    if isinstance(clock, Missing) or clock.booted is None:
        return Unknown("when the machine booted was not seen")
    if not is_recent(evidence, clock.booted):
        return Clear(f"the machine has been up since {say_moment(Moment(wall=clock.booted))}")
    if isinstance(boots, Missing):
        return Unknown(
            f"the machine booted at {_say(clock.booted)}; whether it was up before was not "
            f"seen ({boots.because})"
        )
    if boots.last_seen is None and boots.kept:
        return Clear(
            f"the machine booted at {_say(clock.booted)}, for the first time that the "
            "journal on its disk knows of"
        )
    if boots.last_seen is None:
        return Unknown(
            f"the machine booted at {_say(clock.booted)}, and the journal keeps no boot before that"
        )
    if boots.last_seen - clock.booted > LONGEST_DOWN:
        return Unknown(
            f"the machine booted at {_say(clock.booted)}, and the clock was another in the "
            "boot before",
            saw=True,
        )
    if clock.booted - boots.last_seen > LONGEST_DOWN:
        return Clear(
            f"the machine booted at {_say(clock.booted)}, and had been off since "
            f"{_say(boots.last_seen)}"
        )
    if since := _ended_since(evidence):
        return Unknown(
            f"the machine was restarted at {_say(clock.booted)}, which does not explain why "
            f"{since} ended after that",
            saw=True,
        )
    return (_finding(clock.booted, boots, boots.last_seen),)


def _ended_since(evidence: Evidence) -> str | None:
    """A service that ended, or a process that was killed, in this boot."""
    journal, log = evidence.get(ServiceJournal), evidence.get(KernelLog)
    ends = journal.ends if isinstance(journal, ServiceJournal) else ()
    kills = kills_of(log.reports) if isinstance(log, KernelLog) else ()
    return ends[-1].unit if ends else kills[-1].task.comm if kills else None


def _finding(booted: datetime, boots: Boots, last_seen: datetime) -> Finding:
    how = (
        "It was told to go down" if boots.orderly else "No orderly shutdown is in its last records"
    )
    return Finding(
        code=CODE,
        headline="the machine was restarted",
        judged=of_own_decision([boots.citation] if boots.citation else []),
        story=(
            (
                f"The machine booted at {_say(booted)}. The journal of the boot before ends at "
                f"{_say(last_seen)}. {how}."
            ),
            "Whatever ran on it before that ended with it.",
        ),
        citations=tuple(citation for citation in (boots.citation,) if citation),
        remedies=(ORDERLY if boots.orderly else SUDDEN,),
    )


def _say(wall: datetime) -> str:
    return say_moment(Moment(wall=wall))
