"""From bundles to a report: read the facts, ask every rule, group the hosts that say the same.
Pure: same bundle, same report.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache

from diagnostics.bundle import TIMED_OUT, Bundle, Missing
from diagnostics.bundle.broken_off import broke_off
from diagnostics.evidence import Evidence
from diagnostics.facts import read_evidence
from diagnostics.facts.clock import Clock
from diagnostics.facts.kernel_events import KernelEvents
from diagnostics.facts.kernel_log import SOURCES, KernelLog, kills_of
from diagnostics.facts.sev import Sev
from diagnostics.kernel_lines import TOO_MANY
from diagnostics.model import (
    Clear,
    Examined,
    Finding,
    Group,
    HostReport,
    Kill,
    NotExamined,
    Outcome,
    Report,
    Unknown,
    findings_of,
)
from diagnostics.probe import SECTIONS
from diagnostics.recent import is_recent
from diagnostics.rules import CODES, KERNEL_SAYS, RULES, Rule

LONG_AGO = "it did happen here, but too long ago for this"
NO_LOG = "no kernel log line in it"
NOT_A_LOG = "the text cannot be read as a kernel log"
NOTHING_CAME = "nothing was there to tell it by"
NEEDS_A_HOST = (
    "no kernel log shows this by itself; `sevbot diagnose HOST` asks the host, "
    "`sevbot diagnose --local` this machine"
)
NO_SUCH_LINE = "no line in the log says so, and it need not be all of the host's log"
PASSED_OVER = "passed over:"  # what the probe says of files that it does not read


def diagnose(bundle: Bundle) -> HostReport:
    """What one host's bundle shows."""
    evidence = read_evidence(bundle, KERNEL_SAYS)
    decided = replace(
        _decide(bundle.host, evidence), not_seen=_not_seen(bundle), broke_off=broke_off(bundle)
    )
    error = _error(bundle, evidence)
    return decided if error is None else _not_examined(decided, error)


def diagnose_log(log: KernelLog) -> HostReport:
    """What a kernel log by itself shows; the text does not say of which host. It must have been
    searched for KERNEL_SAYS.
    """
    not_seen = {"kernel-log": log.cut} if log.cut else {}
    if log.seen:
        decided = _decide(None, Evidence({KernelLog: log}))
        unknown = {code: _of_a_log(code, log) or why for code, why in decided.unknown.items()}
        return replace(decided, unknown=unknown, not_seen=not_seen)
    unread = replace(_decide(None, Evidence({KernelLog: Missing(NO_LOG)})), not_seen=not_seen)
    because = f"{NO_LOG} ({log.cut})" if log.cut else NO_LOG
    return _not_examined(unread, f"{NOT_A_LOG}: {because}")


def _of_a_log(code: str, log: KernelLog) -> str | None:
    """Why a log leaves a cause open by its nature, or None where the cause itself says why."""
    if code in _needing_a_host():
        return NEEDS_A_HOST
    says = next(rule.kernel_says for rule in RULES if rule.code == code)
    if not says or not log.others.words:
        return None
    return TOO_MANY if any(line.words in log.others.dropped for line in says) else NO_SUCH_LINE


@cache
def _needing_a_host() -> frozenset[str]:
    """The causes that even a whole kernel log leaves open, and that look for no line in it."""
    others = KernelEvents((), KERNEL_SAYS, whole=True)
    log = KernelLog((), since_boot=True, until_taken=True, others=others)
    evidence = Evidence({KernelLog: log})
    rules = (rule for rule in RULES if not rule.kernel_says)
    return frozenset(rule.code for rule in rules if isinstance(_check(rule, evidence), Unknown))


def _not_examined(decided: Examined, error: str) -> NotExamined:
    """There was nothing to decide on, so nothing is ruled out, either."""
    return NotExamined(
        host=decided.host,
        error=error,
        reached=True,
        unknown={**dict.fromkeys(decided.clear, NOTHING_CAME), **decided.unknown},
        taken_at=decided.taken_at,
        not_seen=decided.not_seen,
        broke_off=decided.broke_off,
    )


def _decide(host: str | None, evidence: Evidence) -> Examined:
    outcomes = {rule.code: _check(rule, evidence) for rule in RULES}
    clock = evidence.get(Clock)
    every = _fold(outcomes.values())
    findings = tuple(finding for finding in every if _counts(finding, evidence))
    older = tuple(finding for finding in every if not _counts(finding, evidence))
    past = {
        finding.code: LONG_AGO
        for finding in older
        if finding.code not in {found.code for found in findings}
    }
    return Examined(
        host=host,
        taken_at=clock.taken_at if isinstance(clock, Clock) else None,
        findings=findings,
        older=older,
        clear={
            code: outcome.because
            for code, outcome in outcomes.items()
            if isinstance(outcome, Clear)
        }
        | past,
        unknown={
            code: outcome.because
            for code, outcome in outcomes.items()
            if isinstance(outcome, Unknown)
        },
        saw=tuple(
            code
            for code, outcome in outcomes.items()
            if isinstance(outcome, Unknown) and outcome.saw
        ),
        unexplained=_unexplained(evidence, every),
    )


def _counts(finding: Finding, evidence: Evidence) -> bool:
    """Whether one of its kills counts for the SEV; without a SEV all do. What names no kill has
    looked at times itself.
    """
    if isinstance(evidence.get(Sev), Missing):
        return True
    walls = [kill.at.wall if kill.at is not None else None for kill in finding.kills]
    return not walls or any(is_recent(evidence, wall) for wall in walls)


def not_reached(host: str, missing: Missing) -> HostReport:
    """The report on a host that could not be asked: every code is unknown."""
    unknown = {rule.code: "the host could not be reached" for rule in RULES}
    return NotExamined(host=host, error=missing.because, reached=False, unknown=unknown)


def report_on(hosts: Sequence[HostReport]) -> Report:
    """All hosts, with those of the same diagnosis in one group; the group with most hosts first."""
    groups: dict[tuple[str, str], list[str | None]] = {}
    for host in hosts:
        for finding in findings_of(host):
            names = groups.setdefault((finding.code, finding.headline), [])
            if host.host not in names:
                names.append(host.host)
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    return Report(
        tuple(hosts),
        tuple(Group(code, headline, tuple(names)) for (code, headline), names in ordered),
    )


def _check(rule: Rule, evidence: Evidence) -> Outcome:
    """A rule that fails is a defect of ours: its cause is unknown, and all others still answer."""
    try:
        outcome = rule.check(evidence)
        _only_causes(outcome)
        return outcome
    except Exception as error:  # one rule's defect must not cost the SEV its answer
        return Unknown(
            f"sevbot failed on it ({type(error).__name__}: {error}); "
            "please report this as a defect",
            saw=True,
        )


def _only_causes(outcome: Outcome) -> None:
    """Raise ValueError where a finding says that it explains what is no cause."""
    for finding in outcome if isinstance(outcome, tuple) else ():
        for one in finding.explains:
            if one.code not in CODES:
                raise ValueError(f"it explains {one.code}, which is no cause")


def _fold(outcomes: Iterable[Outcome]) -> tuple[Finding, ...]:
    """All findings; one that another explains comes after it."""
    findings = [
        finding for outcome in outcomes if isinstance(outcome, tuple) for finding in outcome
    ]
    explained = [one for finding in findings for one in finding.explains]
    return tuple(sorted(findings, key=lambda finding: any(one.fits(finding) for one in explained)))


def _error(bundle: Bundle, evidence: Evidence) -> str | None:
    """Why nothing could be examined at all, or None."""
    log = evidence.get(KernelLog)
    if bundle.host is None and isinstance(log, Missing) and bundle.sections.keys() <= set(SOURCES):
        return f"{NOT_A_LOG}: {log.because}"
    came = any(section.text for section in bundle.sections.values())
    return None if came else "the probe ran, but no section of its output came back"


def _unexplained(evidence: Evidence, findings: Sequence[Finding]) -> tuple[Kill, ...]:
    """Kills in the kernel log that are in no finding: they happened, whatever their cause."""
    log = evidence.get(KernelLog)
    explained = {(kill.task.comm, kill.task.pid) for finding in findings for kill in finding.kills}
    kills = kills_of(log.reports) if isinstance(log, KernelLog) else ()
    return tuple(kill for kill in kills if (kill.task.comm, kill.task.pid) not in explained)


def _not_seen(bundle: Bundle) -> dict[str, str]:
    """What is to be told of the probe itself, then the sections that are missing or came
    incomplete, with the reason.
    """
    reasons = dict(bundle.missing)
    for section in bundle.sections.values():
        if section.cut:
            reasons[section.name] = (
                "cut: it was larger than the probe may send, or the connection broke"
            )
        elif section.exit in TIMED_OUT and section.text:
            reasons[section.name] = "incomplete: it did not end within its time limit"
        elif not section.text and (section.exit != 0 or section.notes):
            reasons[section.name] = _why_failed(section.exit, section.notes)
        elif section.notes.startswith(PASSED_OVER):
            reasons[section.name] = section.notes.strip()[:200]
    return {
        **bundle.remarks,
        **{name: reasons[name] for name in sorted(reasons, key=_in_probes_order)},
    }


def _in_probes_order(name: str) -> int:
    return SECTIONS.index(name) if name in SECTIONS else len(SECTIONS)


def _why_failed(status: int | None, notes: str) -> str:
    if notes.startswith("not started"):
        return notes.strip()[:200]
    if status in TIMED_OUT:
        return "it did not end within its time limit"
    if status == 127:
        return "its command is not installed"
    said = " ".join(notes.split())[:200]
    return f"its command said: {said}" if said else f"its command ended with status {status}"
