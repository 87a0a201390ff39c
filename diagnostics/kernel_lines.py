"""What causes share that look for the kernel's own lines: those that there are, or why there is
none.
"""

from __future__ import annotations

from diagnostics.bundle import Missing
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_events import Said, Wording
from diagnostics.facts.kernel_log import KernelLog
from diagnostics.model import Clear, Unknown
from diagnostics.recent import is_recent

NO_SUCH_LINE = "the kernel log, read from boot on, has no such line in the last hour"
NOT_LOOKED_FOR = "the kernel log was searched for OOM kills only"
NOT_WHOLE = (
    "the kernel log does not go from boot to now, or does not tell the kernel's lines from "
    "others', so such a line may be missing"
)
TOO_MANY = "the kernel log has more lines with these words than sevbot reads"


def kernel_lines(evidence: Evidence, wording: Wording) -> tuple[Said, ...] | Unknown:
    """The kernel's lines of this wording, in the order of the log, or why they could not be looked
    for. The wording must stand in the cause's KERNEL_SAYS.
    """
    log = evidence.get(KernelLog)
    if isinstance(log, Missing):
        return Unknown(f"the kernel log was not read ({log.because})")
    return log.others.saying(wording) if log.others.words else Unknown(NOT_LOOKED_FOR)


def recent_kernel_lines(evidence: Evidence, wording: Wording) -> tuple[Said, ...] | Clear | Unknown:
    """The kernel's lines of this wording that count, at least one, or what follows where there are
    none.
    """
    said = kernel_lines(evidence, wording)
    if isinstance(said, Unknown):
        return said
    recent = tuple(line for line in said if is_recent(evidence, line.event.wall))
    return recent or no_kernel_line(evidence, wording)


def no_kernel_line(evidence: Evidence, wording: Wording) -> Clear | Unknown:
    """What follows where the kernel logged none of late: clear only where all of its log was
    read.
    """
    log = evidence.get(KernelLog)
    if isinstance(log, Missing) or not (log.is_whole and log.others.whole):
        return Unknown(NOT_WHOLE)
    return Unknown(TOO_MANY) if wording.words in log.others.dropped else Clear(NO_SUCH_LINE)
