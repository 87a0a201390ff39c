"""hung-task: the kernel's line on a task that waits, and what it waits in."""

from __future__ import annotations

from dataclasses import replace

from diagnostics.bundle.directory import read_directory
from diagnostics.facts.kernel_log import read_file
from diagnostics.facts.log_regions import of_text
from diagnostics.rules import KERNEL_SAYS
from tests.conftest import ROOT
from tests.diagnostics.kernel_logs import examine
from tests.diagnostics.service_records import finding_on, host_of
from tests.examined import examined, examined_log

CODE = "hung-task"
LINE = "[   99.000000] INFO: task dd:327 blocked for more than 120 seconds.\n"
TRACE = (
    "[   99.000001] task:dd              state:D stack:0     pid:327   ppid:1      flags:0x0002\n",
    "[   99.000002] Call Trace:\n",
    "[   99.000003]  <TASK>\n",
    "[   99.000004]  __schedule+0x34d/0x9e0\n",
    "[   99.000005]  io_schedule+0x42/0x70\n",
    "[   99.000006]  ? wake_page_function+0x1/0x2\n",
    "[   99.000007]  folio_wait_bit_common+0x13d/0x350\n",
    "[   99.000008]  filemap_read+0x2f/0x40\n",
)


def from_kernel(*lines: str) -> str:
    """Each as dmesg -x prints it."""
    return "".join(f"kern  :err   : {line}" for line in lines)


def test_fires_on_the_kernels_line_and_says_what_it_waits_in() -> None:
    """The scheduler's own calls say nothing, and what the kernel only guesses (`?`) is left out."""
    finding = finding_on(CODE, host_of("", from_kernel(LINE, *TRACE)))

    assert str(finding.confidence) == "confirmed"
    assert finding.culprit is not None
    assert (finding.culprit.comm, finding.culprit.pid) == ("dd", 327)
    assert finding.story == (
        "dd, pid 327 waited in the kernel for more than 120 s, last at 21:47:48 UTC on 22 Nov.",
        "dd waits in the kernel's folio_wait_bit_common, called by filemap_read.",
    )


def test_another_tasks_trace_is_not_taken_for_its_own() -> None:
    """Many wait at once, and a ring buffer loses lines."""
    other = LINE.replace("dd:327", "a:b[1]:328")
    its = [line.replace("pid:327", "pid:328") for line in TRACE]
    finding = finding_on(CODE, host_of("", from_kernel(LINE, other, *its)))
    lost = finding_on(CODE, host_of("", from_kernel(other, *its, LINE)))

    assert finding.story[0].startswith("a:b[1], pid 328 and dd, pid 327 waited in the kernel")
    assert finding.story[1].startswith("a:b[1] waits in the kernel's folio_wait_bit_common")
    assert lost.story[1] == "What dd waits in is not below the line: its call trace was not found."


def test_a_task_that_waits_on_is_told_with_its_last_time_and_two_with_the_shorter() -> None:
    """What is said is true of each, and the last line's task is the one that is told of."""
    later = LINE.replace("120 seconds", "241 seconds")
    other = LINE.replace("dd:327", "tar:328")
    alone = finding_on(CODE, host_of("", from_kernel(LINE, later)))
    both = finding_on(CODE, host_of("", from_kernel(LINE, other, later)))

    assert "for more than 241 s" in alone.story[0]
    assert "dd, pid 327 and tar, pid 328 waited in the kernel for more than 120 s" in both.story[0]
    assert [citation.line for citation in both.citations] == [3, 4]
    assert both.culprit is not None
    assert both.culprit.comm == "dd"


def test_stays_clear_of_a_log_without_it_and_deaf_to_what_another_wrote() -> None:
    """A process may write any words to /dev/kmsg, but not as the kernel."""
    assert CODE in host_of("").clear
    assert CODE in host_of("", f"user  :err   : {LINE}").clear
    assert CODE in host_of("", from_kernel("[   99.000000] it blocked for more than a day\n")).clear


def test_cannot_tell_where_the_log_does_not_go_back() -> None:
    """The line may be gone."""
    assert CODE in examine("kern  :info  : [86400.000000] eth0: link up\n").unknown


def test_a_log_file_makes_it_likely() -> None:
    """Anybody may have written it."""
    log = read_file(of_text(LINE + "".join(TRACE), KERNEL_SAYS), KERNEL_SAYS)
    (finding,) = examined_log(log).findings

    assert (finding.code, str(finding.confidence)) == (CODE, "likely")
    assert finding.story[1] == (
        "dd waits in the kernel's folio_wait_bit_common, called by filemap_read."
    )


def test_a_foreign_trace_below_is_not_its_own() -> None:
    """Its own is lost, and another task is shown after it, or a stall."""
    foreign = tuple(line.replace("pid:327", "pid:999") for line in TRACE)
    stall = ("[   99.000001] rcu: INFO: rcu_sched self-detected stall on CPU\n", *TRACE[1:])
    for below in (foreign, stall):
        finding = finding_on(CODE, host_of("", from_kernel(LINE, *below)))
        assert "its call trace was not found" in finding.story[1]


def test_a_trace_that_a_user_wrote_is_none() -> None:
    """dmesg -x prints a record of an unknown facility without one."""
    users = "".join(line.replace("folio_wait", "users_wait") for line in TRACE)
    finding = finding_on(CODE, host_of("", from_kernel(LINE) + users))

    assert "users_wait" not in " ".join(finding.story)


def test_of_very_many_tasks_the_last_one_is_named_and_cited() -> None:
    """It is the one whose wait is told."""
    lines = [LINE.replace("dd:327", f"t{n}:{n}").replace("99.", f"{99 + n}.") for n in range(1, 6)]
    finding = finding_on(CODE, host_of("", from_kernel(*lines)))

    assert finding.story[0].startswith("t5, pid 5; t4, pid 4; t3, pid 3 and 2 more waited")
    assert [citation.line for citation in finding.citations] == [4, 5, 6]


def test_after_the_kernels_last_warning_nothing_is_clear() -> None:
    """It warns ten times, and the task may hang on."""
    clock = "now 1795402570\nuptime 18600.0 537.49\nbtime 1795383969\n"

    assert "more than an hour ago" in host_of("", from_kernel(LINE), clock=clock).unknown[CODE]


def test_the_journal_alone_tells_the_trace() -> None:
    """As it was recorded, with the blanks that stand before each call."""
    bundle = read_directory(ROOT / "tests" / "cases" / "hung-task-6.1")
    sections = {name: one for name, one in bundle.sections.items() if name != "kernel-log"}
    (finding,) = examined(replace(bundle, sections=sections)).findings

    assert "percpu_rwsem_wait, called by __percpu_down_read" in finding.story[1]
