"""hardware-memory-error: the kernel's line on broken memory."""

from __future__ import annotations

from tests.diagnostics.kernel_logs import examine
from tests.diagnostics.service_records import finding_on, host_of

CODE = "hardware-memory-error"
LINE = (
    "[   99.000000] Memory failure: 0x1a2b3: Sending SIGBUS to web:388 due to hardware memory "
    "corruption\n"
)


def test_fires_on_the_kernels_line() -> None:
    """It names the process."""
    finding = finding_on(CODE, host_of("", f"kern  :err   : {LINE}"))

    assert str(finding.confidence) == "confirmed"
    assert finding.victim is not None
    assert (finding.victim.task.comm, finding.victim.task.pid) == ("web", 388)


def test_a_page_that_was_taken_out_of_use_in_time_killed_nobody() -> None:
    """Only a line that names a process counts, and only the kernel's."""
    recovered = (
        "kern  :err   : [   99.000000] Memory failure: 0x1a2b3: recovery action for "
        "clean LRU page: Recovered\n"
    )

    assert CODE in host_of("", recovered).clear
    assert CODE in host_of("", f"user  :err   : {LINE}").clear


def test_cannot_tell_where_the_log_does_not_go_back() -> None:
    """The line may be gone."""
    assert CODE in examine("kern  :info  : [86400.000000] eth0: link up\n").unknown
