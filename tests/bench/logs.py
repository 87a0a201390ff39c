"""Reading long logs, in one run on the same files beside grep. Times are medians; compare the
ratios, not the times.

Each file is made of the recorded incident of tests/logs: its report, and between reports what that
machine logged else. Memory is the peak above a Python that has imported the reader and read
nothing.
"""

from __future__ import annotations

import gzip
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from diagnostics.collect.log_file import read_log_file
from diagnostics.facts.log_regions import KILLS
from diagnostics.rules import KERNEL_SAYS
from tests.conftest import ROOT

LOG = ROOT / "tests" / "logs" / "membind-16g-6.1-dmesg.txt"
LONG_BYTES, STORM_BYTES, REPORTS = 100_000_000, 60_000_000, 100
RUNS = 5
READ = """
import resource, sys
from diagnostics.collect.log_file import read_log_file
def peak():
    lines = open('/proc/self/status')
    return int(next(line.split()[1] for line in lines if line.startswith('VmHWM')))
before = peak()
log = read_log_file(sys.argv[1])
print(len(log.reports), peak() - before)
"""


def main() -> None:
    """Make the files, measure, print the table."""
    with tempfile.TemporaryDirectory() as directory:
        long, storm, packed = (
            Path(directory) / name for name in ("long.log", "storm.log", "storm.log.gz")
        )
        long.write_text("".join(_long()), encoding="utf-8")
        storm.write_text("".join(_storm()), encoding="utf-8")
        packed.write_bytes(gzip.compress(storm.read_bytes(), 6))
        words = (*(kill.decode() for kill in KILLS), *KERNEL_SAYS)
        grep, read, grep_all, read_all = _in_turns(
            partial(_grep, long, "invoked oom-killer"),
            partial(_read, long),
            partial(_grep, long, *words),
            partial(_read, long, KERNEL_SAYS),
        )
        print("| what | time | beside | memory |\n|---|---|---|---|")
        print(
            f"| `grep -F -c 'invoked oom-killer'` on 100 MB, to a pipe | {grep * 1e3:.0f} "
            "ms | 1 | |"
        )
        print(
            f"| reading 100 MB with {REPORTS} reports | {read * 1e3:.0f} ms | "
            f"{read / grep:.1f} times grep | {_memory(long)} |"
        )
        print(
            f"| `grep -F -c` of {len(words)} words, those that the causes look for | "
            f"{grep_all * 1e3:.0f} ms | 1 | |"
        )
        print(
            f"| reading for them all, as `sevbot diagnose --kernel-log` does | "
            f"{read_all * 1e3:.0f} ms | {read_all / grep_all:.1f} times grep | |"
        )
        for name, path in (("60 MB of nothing but reports", storm), ("the same from gzip", packed)):
            took = _median(partial(_read, path))
            print(
                f"| {name} | {took:.1f} s | {storm.stat().st_size / took / 1e6:.0f} MB/s | "
                f"{_memory(path)} |"
            )
        took = _timed(partial(_memory, storm, pipe=True))
        print(
            f"| the same from a pipe, with the start of Python | {took:.1f} s | | "
            f"{_memory(storm, pipe=True)} |"
        )
        for name, arguments in (
            ("`sevbot --help`", ["--help"]),
            ("`sevbot diagnose` of a small log", ["diagnose", "--kernel-log", str(LOG)]),
        ):
            command = [sys.executable, "-m", "bot", *arguments]
            took = _median(partial(subprocess.run, command, check=True, capture_output=True))
            print(f"| {name} | {took:.2f} s | | |")


def _report() -> str:
    lines = LOG.read_text(encoding="utf-8").splitlines(keepends=True)
    first = next(n for n, line in enumerate(lines) if "invoked oom-killer" in line)
    last = next(n for n, line in enumerate(lines) if n > first and "Killed process" in line)
    return "".join(lines[first : last + 1])


def _numbered(number: int) -> str:
    return _report().replace("process 388", f"process {number}").replace("pid=388", f"pid={number}")


def _long() -> Iterator[str]:
    """Reports far apart between other lines."""
    noise = _noise() * (LONG_BYTES // REPORTS // len(_noise()) + 1)
    for number in range(1000, 1000 + REPORTS):
        report = _numbered(number)
        yield noise[: LONG_BYTES // REPORTS - len(report)].rpartition("\n")[0] + "\n"
        yield report


def _noise() -> str:
    """What the machine logged before its first report, from the boot on."""
    return (
        LOG.read_text(encoding="utf-8").partition(" invoked oom-killer")[0].rpartition("\n")[0]
        + "\n"
    )


def _storm() -> Iterator[str]:
    size, number = 0, 1000
    while size < STORM_BYTES:
        number += 1
        report = _numbered(number)
        size += len(report)
        yield report


def _in_turns(*things: Callable[[], object]) -> list[float]:
    """Medians of all, measured in turns, so that what else the machine does meets each of them."""
    times: list[list[float]] = [[] for _ in things]
    for _ in range(RUNS * 2):
        for place, thing in enumerate(things):
            times[place].append(_timed(thing))
    return [statistics.median(each) for each in times]


def _median(thing: Callable[[], object]) -> float:
    return statistics.median(_timed(thing) for _ in range(RUNS))


def _timed(thing: Callable[[], object]) -> float:
    start = time.perf_counter()
    thing()
    return time.perf_counter() - start


def _grep(path: Path, *words: str) -> None:
    asked = [option for word in words for option in ("-e", word)]
    subprocess.run(["grep", "-F", "-c", *asked, path], check=True, stdout=subprocess.PIPE)


def _read(path: Path, words: Sequence[str] = ()) -> None:
    log = read_log_file(str(path), words=words)
    if not log.reports:
        raise AssertionError("nothing was read")


def _memory(path: Path, *, pipe: bool = False) -> str:
    """The peak of a process of its own."""
    with path.open("rb") as file:
        done = subprocess.run(
            [sys.executable, "-c", READ, "-" if pipe else path],
            check=True,
            capture_output=True,
            cwd=ROOT,
            text=True,
            stdin=subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE).stdout
            if pipe
            else None,
        )
    reports, kb = done.stdout.split()
    return f"{int(kb) / 1024:.0f} MiB, {reports} reports"
