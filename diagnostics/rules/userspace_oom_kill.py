"""userspace-oom-kill: a daemon that watches memory (earlyoom, nohang, oomd) ended a process, ahead
of the kernel's OOM killer.

Fires when the daemon logged that it sent SIGTERM or SIGKILL, or killed a cgroup. Journald says
whose line it is. It is `confirmed` where systemd recorded an end by that signal within seconds, of
a unit of that name; `likely` on the daemon's line alone, since systemd takes an end by SIGTERM for
a clean one.
Stays clear when no such line is in the journal. Cannot tell when the journal of daemons cannot be
read.
Looks like, but is not: systemd-oomd, which has a cause of its own; an OOM kill of the kernel's.

Source: earlyoom kill.c; nohang(8); oomd's BaseKillPlugin.cpp.
"""

from __future__ import annotations

import re
from signal import Signals

from diagnostics.bundle import Missing
from diagnostics.evidence import Evidence
from diagnostics.facts.daemon_journal import DaemonEvent, DaemonJournal
from diagnostics.facts.oom_report import unit_of_cgroup
from diagnostics.facts.service_journal import ServiceEvent
from diagnostics.model import Clear, Moment, Outcome, Remedy, Unknown
from diagnostics.recent import say_moment, say_since, seen_since
from diagnostics.services.ends import is_at
from diagnostics.services.service_case import Told, daemon_events, end_of, finding, journal_of

CODE = "userspace-oom-kill"
NAME = "kill by a memory daemon"
DAEMONS = ("earlyoom", "nohang", "nohang-desktop", "oomd")
SIGNALS = {Signals.SIGTERM, Signals.SIGKILL}
_EARLYOOM = re.compile(r'sending (SIG\w+) to process (\d+) uid \d+ "(.*)": (.*)')
_NOHANG_SENDS = re.compile(r"\W*Sending (SIG\w+) to the victim")
_NOHANG_FOUND = re.compile(r"\W*PID: +\d+, name: (.*), (?:badness|state): ")
_NOHANG_CGROUP = re.compile(r"\W*cgroup_v2: (\S+)")
_OOMD = re.compile(r"(?:.*\] )?oomd kill: [0-9.]+ [0-9.]+ [0-9.]+ (\S+)")
REMEDY = Remedy(
    action="tune-the-daemon",
    says=(
        "Find what used the memory; if the process is to be spared, tell the daemon (earlyoom "
        "--avoid, its thresholds -m and -s)."
    ),
    because=(
        "Such a daemon acts on thresholds of its own, before memory is quite used up, and "
        "often on the largest process."
    ),
)


def check(evidence: Evidence) -> Outcome:
    """One finding for each daemon, or why there is none."""
    daemons = evidence.get(DaemonJournal)
    if isinstance(daemons, Missing):
        return Unknown(
            "what earlyoom, nohang or oomd did is in the journal, and that was not seen "
            f"({daemons.because})"
        )
    found = {daemon: killed for daemon in DAEMONS if (killed := _killed_by(daemon, evidence))}
    if not found and not seen_since(evidence, daemons.back_to):
        return Unknown(
            "the journal of these daemons was read back to "
            f"{say_moment(Moment(wall=daemons.back_to))} only"
        )
    if not found:
        return Clear(f"neither earlyoom nor nohang nor oomd logged a kill {say_since(evidence)}")
    journal = journal_of(evidence)
    ends = () if isinstance(journal, Unknown) else journal.ended_by(SIGNALS)
    findings = []
    for daemon, killed in found.items():
        signs = [end.citation for end in ends if any(_is_of(end, event) for event in killed)]
        why = f"{daemon} says: {killed[-1].text.strip()}."
        findings.append(
            finding(
                evidence,
                Told(
                    code=CODE,
                    headline=f"killed by {daemon}",
                    did=f"was ended by {daemon}",
                    why=why,
                    remedy=REMEDY,
                ),
                killed,
                signs[:1],
            )
        )
    return tuple(findings)


def _is_of(end: ServiceEvent, event: ServiceEvent) -> bool:
    """Whether systemd's record may be of this kill: at its time, of a unit that the daemon names or
    that bears the process' name.
    """
    name = event.unit.partition(", pid ")[0]
    return is_at(end.wall, event.wall) and (
        f"({end.unit})" in event.unit or (name != "" and end.unit == f"{name}.service")
    )


def _killed_by(daemon: str, evidence: Evidence) -> list[ServiceEvent]:
    """Its kills; nohang names the process and its cgroup in lines before."""
    killed, victim = [], "a process"
    for event in daemon_events(evidence, daemon):
        if found := _NOHANG_FOUND.match(event.text):
            victim = found[1]
        elif found := _NOHANG_CGROUP.match(event.text):
            victim = f"{victim} ({unit_of_cgroup(found[1]) or found[1]})"
        elif who := _victim(event, victim):
            killed.append(end_of(event, who, _sent(event)))
    return killed


def _sent(event: DaemonEvent) -> Signals | None:
    """The signal that the daemon says it sent; oomd names none."""
    found = _EARLYOOM.match(event.text) or _NOHANG_SENDS.match(event.text)
    return Signals[found[1]] if found and found[1] in Signals.__members__ else None


def _victim(event: DaemonEvent, found_before: str) -> str | None:
    if found := _EARLYOOM.match(event.text):
        return f"{found[3]}, pid {found[2]}"
    if found := _OOMD.match(event.text):
        return found[1]
    return found_before if _NOHANG_SENDS.match(event.text) else None
