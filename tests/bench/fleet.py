"""`make bench BENCH=fleet`: 250 logins at a real sshd, each of which brings a recorded bundle,
beside two peers; as root.

sshd and all clients run in a network namespace that is made for it and holds nothing but a
loopback; a host is an address of it. Each client is a process that measures itself from behind its
imports; the rounds take the clients in turn, so that what else the machine does meets each of them.
Half of the machine is busy being the hosts: compare the ratios of CPU, not the walls.

No two hosts say the same: every number of three digits or more is another one, as times and ids
are, so that nothing that is kept from one host helps with the next more than it would in a fleet.
What is done once before the first question (imports, and compiling the rules by which answers are
redacted, as `sevbot` does both at its start) is in a column of its own, not in CPU.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from diagnostics.bundle.directory import read_directory
from diagnostics.bundle.framing import frame
from diagnostics.probe import PROBE
from tests.conftest import ROOT
from tests.diagnostics.sshd import PROGRAM
from tests.seeded import Seeded

HOSTS, ROUNDS, PORT = 250, 6, 2222
ANSWER = ROOT / "tests" / "cases" / "membind-numactl-6.1"
FORCED = (
    "set -- $SSH_CONNECTION; exec cat {directory}/$3"  # the host's own address is the third word
)
PEERS = Path(__file__).parent / "peers"
PEERS_PYTHON = ROOT / ".venv" / "peers" / "bin" / "python"
CLIENTS: dict[str, list[str]] = {
    "asyncssh, tuned by hand": [str(PEERS_PYTHON), str(PEERS / "asyncssh_tuned.py")],
    "sevbot, asking": [sys.executable, "-m", "tests.bench.peers.ssh_collector", "--as-it-came"],
    "sevbot, asking, unframing and redacting": [
        sys.executable,
        "-m",
        "tests.bench.peers.ssh_collector",
    ],
    "parallel-ssh": [str(PEERS_PYTHON), str(PEERS / "parallel_ssh.py")],
}
SSHD_CONFIG = """
ListenAddress 0.0.0.0:{port}
HostKey {directory}/host_key
AuthorizedKeysFile {directory}/authorized_keys
PidFile none
UsePAM no
StrictModes no
PermitRootLogin yes
PasswordAuthentication no
KbdInteractiveAuthentication no
MaxStartups 2000
SetEnv HOME={directory}
LogLevel ERROR
"""


@dataclass
class Runs:
    """What one client took, round by round, in seconds."""

    cpu_s: list[float] = field(default_factory=list)
    imports_s: list[float] = field(default_factory=list)
    wall_s: list[float] = field(default_factory=list)


def main() -> None:
    if os.geteuid() != 0:
        sys.exit("make bench BENCH=fleet makes a network namespace: run it as root")
    with tempfile.TemporaryDirectory() as name, _namespace() as inside:
        directory = Path(name)
        size = _write_files(directory)
        with _sshd(directory, inside):
            runs = _measure(directory, inside, size)
    base = runs["asyncssh, tuned by hand"]
    print(
        f"{HOSTS} hosts, {size} bytes each, {ROUNDS} rounds; CPU and wall without imports, warm-up;"
        " ratios of each round's CPU, medians\n"
    )
    print(
        "| client | CPU | beside tuned | beside parallel-ssh | wall | imports' and warm-up's |\n"
        "|---|---|---|---|---|---|"
    )
    for client, its in runs.items():
        ratios = [f"{_ratio(its, other):.2f}" for other in (base, runs["parallel-ssh"])]
        median = [
            f"{statistics.median(seconds):.2f} s"
            for seconds in (its.cpu_s, its.wall_s, its.imports_s)
        ]
        print(f"| {client} | {median[0]} | {ratios[0]} | {ratios[1]} | {median[1]} | {median[2]} |")


def _ratio(its: Runs, other: Runs) -> float:
    return statistics.median(a / b for a, b in zip(its.cpu_s, other.cpu_s, strict=True))


def _measure(directory: Path, inside: list[str], size: int) -> dict[str, Runs]:
    runs = {client: Runs() for client in CLIENTS}
    # one more to begin with, which writes byte code and warms caches
    for number in range(-1, ROUNDS):
        names = list(CLIENTS)
        for client in names[number % len(names) :] + names[: number % len(names)]:
            command = [*inside, *CLIENTS[client], str(directory), *_addresses()]
            said = json.loads(
                subprocess.run(
                    command, cwd=ROOT, check=True, stdout=subprocess.PIPE, timeout=300
                ).stdout
            )
            least = min(said["sizes"])
            if len(said["sizes"]) != HOSTS or least < size:
                raise AssertionError(
                    f"{client}: {len(said['sizes'])} answers, the shortest of {least} bytes"
                )
            if number >= 0:
                for what in ("cpu_s", "imports_s", "wall_s"):
                    getattr(runs[client], what).append(said[what])
    return runs


def _addresses() -> list[str]:
    return [f"127.0.{1 + number // 200}.{1 + number % 200}" for number in range(HOSTS)]


def _write_files(directory: Path) -> int:
    """Keys, known_hosts, the answer and the account's forced command; the size of the answer."""
    answer = frame(read_directory(ANSWER))
    host, client = (
        asyncssh.generate_private_key("ssh-ed25519"),
        asyncssh.generate_private_key("ssh-ed25519"),
    )
    public = host.export_public_key().decode().strip()
    texts = {
        "host_key": host.export_private_key().decode(),
        "client_key": client.export_private_key().decode(),
        "known_hosts": "".join(f"web{number} {public}\n" for number in range(HOSTS)),
        "known_hosts_of_addresses": "".join(
            f"[{address}]:{PORT} {public}\n" for address in _addresses()
        ),
        "authorized_keys": f'restrict,command="{FORCED.format(directory=directory)}" '
        + client.export_public_key().decode(),
        "config": SSHD_CONFIG.format(port=PORT, directory=directory),
        "probe": PROBE,
    }
    for name, text in texts.items():
        (directory / name).write_text(text, encoding="utf-8")
        (directory / name).chmod(0o600)
    dice = Seeded(1)
    for address in _addresses():
        (directory / address).write_bytes(_with_numbers_of_its_own(answer, dice))
    return len(answer)


def _with_numbers_of_its_own(answer: bytes, dice: Seeded) -> bytes:
    """As long as it was; the first digit of each number stays, so that none begins with a zero."""
    return re.sub(
        rb"(\d)(\d{2,})",
        lambda number: number[1] + bytes(dice.choices(b"0123456789", k=len(number[2]))),
        answer,
    )


@contextlib.contextmanager
def _namespace() -> Iterator[list[str]]:
    """What to put before a command so that it runs in a namespace with a loopback only; it is
    removed at the end.
    """
    name = f"sevbot-bench-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        inside = ["ip", "netns", "exec", name]
        subprocess.run([*inside, "ip", "link", "set", "lo", "up"], check=True)
        yield inside
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


@contextlib.contextmanager
def _sshd(directory: Path, inside: list[str]) -> Iterator[None]:
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    command = [*inside, PROGRAM, "-D", "-e", "-f", str(directory / "config")]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as process:
        try:
            open_it = f"bash -c 'exec 3<>/dev/tcp/127.0.0.1/{PORT}' 2>/dev/null"
            wait = f"for n in $(seq 100); do {open_it} && exit 0; sleep 0.1; done; exit 1"
            subprocess.run([*inside, "bash", "-c", wait], check=True)
            yield
        finally:
            process.terminate()
