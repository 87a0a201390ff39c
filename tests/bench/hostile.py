"""`make bench BENCH=hostile`: 64 hosts that attack before they prove who they are, and what the
loop that answers Slack feels of it.

The hosts are a process of their own, and so is each measurement, so that its peak of memory is its
own. The lag is the longest time that the loop came late to a timer of 10 ms.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.apart import Apart
from bot.config import Config, HostConfig, SshConfig
from bot.inventory import build_inventory
from bot.investigate import Investigator
from diagnostics.collect.ssh import SshCollector, SshSettings
from diagnostics.model import NotExamined
from tests.conftest import ROOT
from tests.diagnostics.sshd import usable_settings
from tests.hostile_hosts import ADDRESSES, KINDS, hostile_hosts

TICK_S = 0.01


@dataclass(frozen=True)
class Felt:
    """What one attack cost; `told` counts the hosts by what is said of them.

    `lag_s` is by how much Slack's loop was late at most, `lag_cpu_s` the most CPU time that the
    process used between two of its turns: what it was late for, on a machine of its own.
    """

    wall_s: float
    cpu_s: float
    lag_s: float
    lag_cpu_s: float
    peak_mb: float
    told: dict[str, int]


def main() -> None:
    print(
        f"{len(ADDRESSES)} hostile hosts\n\n| attack | wall | CPU | lag | memory | told "
        "|\n|---|---|---|---|---|---|"
    )
    for kind in KINDS:
        felt = measure(kind)
        told = ", ".join(f"{count} x {words}" for words, count in felt.told.items())
        print(
            (
                f"| {kind} | {felt.wall_s:.1f} s | {felt.cpu_s:.1f} s | {felt.lag_s:.2f} s | "
                f"{felt.peak_mb:.0f} MB | {told} |"
            ),
            flush=True,
        )


def measure(kind: str) -> Felt:
    """Ask the hosts in a process of its own."""
    with hostile_hosts(kind) as port, tempfile.TemporaryDirectory() as directory:
        command = [sys.executable, "-m", "tests.bench.hostile", directory, str(port)]
        done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=100)
    return Felt(**json.loads(done.stdout))


async def _ask(directory: Path, port: int) -> Felt:
    usable = usable_settings(directory)
    key = usable.known_hosts.read_text(encoding="utf-8").partition(" ")[2]
    usable.known_hosts.write_text(f"* {key}", encoding="utf-8")
    names = [f"web{number}" for number in range(len(ADDRESSES))]
    hosts = {
        name: HostConfig(address=address, port=port)
        for name, address in zip(names, ADDRESSES, strict=True)
    }
    config = Config(
        ssh=SshConfig(client_key=usable.client_key, known_hosts=usable.known_hosts), hosts=hosts
    )
    lags: list[tuple[float, float]] = []
    watching = asyncio.create_task(_watch(lags))
    start_s, cpu_s = time.monotonic(), time.process_time()
    async with Apart(SshCollector(SshSettings(usable.client_key, usable.known_hosts))) as collector:
        inventory = build_inventory(config)
        report = await Investigator(inventory, collector).report(inventory.resolve(" ".join(names)))
    watching.cancel()
    told = Counter(
        (host.error if isinstance(host, NotExamined) else "")
        .partition(": ")[2]
        .partition(":")[0][:80]
        for host in report.hosts
    )
    return Felt(
        time.monotonic() - start_s,
        time.process_time() - cpu_s,
        max(lag_s for lag_s, _ in lags),
        max(lag_cpu_s for _, lag_cpu_s in lags),
        _peak_kb() / 1024,
        dict(told),
    )


async def _watch(lags: list[tuple[float, float]]) -> None:
    while True:
        start_s, cpu_s = time.monotonic(), time.process_time()
        await asyncio.sleep(TICK_S)
        lags.append((time.monotonic() - start_s - TICK_S, time.process_time() - cpu_s))


def _peak_kb() -> int:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmHWM")))


if __name__ == "__main__":
    print(json.dumps(asdict(asyncio.run(_ask(Path(sys.argv[1]), int(sys.argv[2]))))))
