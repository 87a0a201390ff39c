"""What the probe costs on this machine when it is busy, and when it has many processes: `make bench
BENCH=probe`.

Each line is one run: seconds of wall and CPU, programs started, sections that came whole.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from diagnostics.bundle import TIMED_OUT, Bundle
from diagnostics.bundle.framing import unframe
from diagnostics.probe import SECTIONS
from tests.conftest import ROOT
from tests.probing import TRACED_TO

SCRIPT = ROOT / "diagnostics/probe.sh"
BUSY_LOOPS, MANY_PROCESSES, RUNS = 4, 5000, 3


def main() -> None:
    report("as it is")
    with many([sys.executable, "-c", "while True: pass"], BUSY_LOOPS):
        for _ in range(RUNS):
            report(f"{BUSY_LOOPS} busy loops")
    with many(["sleep", "600"], MANY_PROCESSES):
        for _ in range(RUNS):
            report(f"{MANY_PROCESSES} more processes")


@contextmanager
def many(command: list[str], count: int) -> Iterator[None]:
    processes = [subprocess.Popen(command) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()


def report(where: str) -> None:
    begun = time.monotonic()
    with subprocess.Popen(["sh", SCRIPT], stdout=subprocess.PIPE) as probe:
        assert probe.stdout is not None
        output = probe.stdout.read()
        _, probe.returncode, used = os.wait4(probe.pid, 0)
    took_s = time.monotonic() - begun
    bundle = unframe(output, "host")
    whole = (
        [s for s in bundle.sections.values() if s.exit not in TIMED_OUT]
        if isinstance(bundle, Bundle)
        else []
    )
    print(
        f"{where}: {took_s:.2f} s, {used.ru_utime + used.ru_stime:.2f} s of CPU, "
        f"{used.ru_maxrss // 1024} MiB at most, "
        f"{programs()} programs, {len(whole)} of {len(SECTIONS)} sections"
    )


def programs() -> int:
    """How many programs one more run starts."""
    with tempfile.TemporaryDirectory() as directory:
        trace = Path(directory) / "trace"
        subprocess.run([*TRACED_TO, trace, "sh", SCRIPT], stdout=subprocess.PIPE, check=True)
        return len(
            re.findall(
                r"execve(?:\(| resumed>).* = 0$",
                trace.read_text(errors="replace"),
                flags=re.MULTILINE,
            )
        )
