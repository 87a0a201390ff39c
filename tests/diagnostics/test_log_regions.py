"""Find, then parse: what is read of a long log is what a reading of each of its lines gives, and no
user's record becomes the kernel's.
"""

from __future__ import annotations

import io

import pytest

from diagnostics.facts.kernel_log import KernelLog, kills_of, read_log
from diagnostics.facts.log_lines import read_lines
from diagnostics.facts.log_regions import Region, of_stream, without_stacks
from diagnostics.facts.log_window import WINDOW_BYTES
from diagnostics.facts.oom_reader import read_reports
from tests.diagnostics.kernel_logs import LOGS, membind_report, recorded
from tests.seeded import Seeded

NOISE = "kern  :info  : [    1.000000] usb 1-1: new high-speed USB device number 3 using xhci_hcd\n"
KILL = (
    "Out of memory: Killed process {pid} (job) total-vm:1kB, anon-rss:1kB, file-rss:0kB, "
    "shmem-rss:0kB"
)


def read(text: str) -> KernelLog:
    return read_log("kernel-log", of_stream(io.BytesIO(text.encode())))


def kills(text: str) -> list[tuple[int, int | None]]:
    """Each victim and the line of its kill, as a reading in regions gives them."""
    return [(kill.task.pid, kill.line) for kill in kills_of(read(text).reports)]


def all_kills(text: str) -> list[tuple[int, int | None]]:
    """The same by reading every line."""
    return [
        (kill.task.pid, kill.line)
        for report in read_reports(read_lines(text))
        for kill in report.kills
    ]


def piece(dice: Seeded, number: int) -> str:
    """A report, a longer one, a bare kill, or a report that lost its head."""
    pid = 10000 + number
    table = "".join(
        (
            f"kern  :info  : [  100.000000] [{row:7}]     0 {row:5}    100    100    100        "
            "0             0 other\n"
        )
        for row in range(4000)
    )
    report = membind_report(pid=pid)
    return dice.choice(
        (
            report,
            report,
            report.replace(
                "kern  :warn  : [  100.000000] oom-kill",
                f"{table}kern  :warn  : [  100.000000] oom-kill",
            ),
            f"kern  :err   : [  100.000000] {KILL.format(pid=pid)}\n",
            report.partition("Mem-Info:\n")[2],
        )
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_long_log_is_read_as_if_line_by_line(seed: int) -> None:
    """The same kills at the same lines, wherever the window's borders fall."""
    dice = Seeded(seed)
    parts = [
        NOISE * dice.choice((0, 1, 500, 5000, 30000)) + piece(dice, number) for number in range(40)
    ]
    text = "".join(parts)

    assert len(text) > 2 * WINDOW_BYTES
    assert kills(text) == all_kills(text)


@pytest.mark.parametrize("padding", [0, 900, 70_000, WINDOW_BYTES - 3000, WINDOW_BYTES + 900_000])
def test_a_users_record_is_never_the_kernels_wherever_it_lies(padding: int) -> None:
    """dmesg indents the further lines of a record; the first one, which names the user, may be far
    above or outside of a region.
    """
    forged = membind_report(prefix="kern  :warn  : [  100.000000] ")
    indented = "".join(f"{' ' * 32}{line}\n" for line in forged.splitlines())
    record = f"user  :warn  : [   99.000000] hello\n{indented}"
    noise = NOISE * (padding // len(NOISE))
    kill = f"{NOISE * 20}{membind_report(pid=4711)}"
    long = NOISE * (2 * WINDOW_BYTES // len(NOISE))
    text = f"{noise}{record}{kill}{record}{noise}{long}{record}"

    assert [pid for pid, _ in kills(text)] == [4711]


@pytest.mark.parametrize("name", sorted(path.name for path in LOGS.glob("*.txt")))
def test_leaving_out_call_traces_changes_nothing(name: str) -> None:
    """Every recorded report: the same kills, zones and lines, from fewer lines."""
    text = recorded(name)
    parts = list(without_stacks(Region(1, text)))
    lines = [line for part in parts for line in read_lines(part.text, part.first_line)]

    assert [report.kills for report in read_reports(lines)] == [
        report.kills for report in read_reports(read_lines(text))
    ]
    assert [report.zones for report in read_reports(lines)] == [
        report.zones for report in read_reports(read_lines(text))
    ]
    assert all(text.splitlines()[line.number - 1] == line.raw for line in lines if line.at_prefix)


def test_a_users_record_that_looks_like_a_trace_is_left_whole() -> None:
    """Its further lines must stay below its first one."""
    forged = (
        f"Call Trace:\n x\nMem-Info:\n{membind_report(prefix='kern  :warn  : [  100.000000] ')}"
    )
    text = "user  :warn  : [   99.000000] hello\n" + "".join(
        f"{' ' * 32}{line}\n" for line in forged.splitlines()
    )

    assert kills(text) == []
    assert len(list(without_stacks(Region(1, text)))) == 1


def test_the_last_kill_of_a_long_log_is_found_at_its_line() -> None:
    """Numbers count every line above."""
    text = NOISE * (3 * WINDOW_BYTES // len(NOISE)) + recorded("5.10-A-membind-self.txt")
    ((_, line),) = set(kills(text))

    assert "Killed process" in text.splitlines()[(line or 0) - 1]


def test_a_users_kill_inside_a_long_report_does_not_cut_it() -> None:
    """It stands between the zones and the kernel's own kill line, a long task table after it, in a
    log that is read in regions.
    """
    rows = "".join(
        (
            f"kern  :info  : [  100.000000] [{row:7}]     0 {row:5}    100    100    100        "
            "0   0 other\n"
        )
        for row in range(4000)
    )
    summary = "kern  :warn  : [  100.000000] oom-kill"
    forged = f"user  :err   : [  100.000000] {KILL.format(pid=1)}\n"
    text = NOISE * (2 * WINDOW_BYTES // len(NOISE)) + membind_report(pid=4711).replace(
        summary, f"{forged}{rows}{summary}"
    )

    (only,) = read(text).reports
    assert [kill.task.pid for kill in only.report.kills] == [4711]
    assert [zone.node for zone in only.report.zones] == [1]


def test_a_text_without_any_newline_ends_in_time() -> None:
    """Four windows of one line."""
    assert read("a" * (4 * WINDOW_BYTES)).reports == ()
