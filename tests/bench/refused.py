"""`make bench BENCH=refused`: 100 names of the inventory on one sshd that refuses the key, and then
lets it in; what its log says.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import asyncssh

from diagnostics.bundle import Bundle, Missing
from diagnostics.collect.ssh import SshCollector, Target
from tests.diagnostics.sshd import FORCED_ANSWER, Sshd, forced

NAMES = 100


def names_on(sshd: Sshd) -> list[Target]:
    """An inventory of many names on one address; known_hosts has them all."""
    key = sshd.known_hosts.read_text(encoding="utf-8").partition(" ")[2].strip()
    names = [f"name{number}" for number in range(NAMES)]
    sshd.known_hosts.write_text("".join(f"{name} {key}\n" for name in names), encoding="utf-8")
    return [replace(sshd.target, name=name) for name in names]


def main() -> None:
    print(
        f"{NAMES} names on one sshd\n\n| the key is | failed log-ins | connections | "
        "dropped | examined | wall |\n|---|---|---|---|---|---|"
    )
    with (
        tempfile.TemporaryDirectory() as directory,
        Sshd(Path(directory), key_is_known=False, config="MaxStartups 10:30:100") as sshd,
    ):
        asyncio.run(_ask(sshd))


async def _ask(sshd: Sshd) -> None:
    targets = names_on(sshd)
    collector = SshCollector(sshd.settings())
    await _row("refused", sshd, collector, targets)
    await _row("refused, asked again", sshd, collector, targets)
    public = asyncssh.read_private_key(str(sshd.client_key)).export_public_key().decode()
    (sshd.directory / "authorized_keys").write_text(
        f"{forced(sshd.directory, FORCED_ANSWER)} {public}", encoding="utf-8"
    )
    os.utime(sshd.client_key)
    await _row("let in, its file touched", sshd, collector, targets)


async def _row(what: str, sshd: Sshd, collector: SshCollector, targets: list[Target]) -> None:
    before, start_s = sshd.log, time.monotonic()
    found: list[Bundle | Missing] = list(
        await asyncio.gather(*(collector.collect(target) for target in targets))
    )
    wall_s, log = time.monotonic() - start_s, sshd.log[len(before) :]
    counts = [
        log.count(words) for words in ("Failed publickey", "Connection from", "drop connection")
    ]
    examined = sum(isinstance(each, Bundle) for each in found)
    print(
        (
            f"| {what} | {counts[0]} | {counts[1]} | {counts[2]} | {examined} of {len(found)} | "
            f"{wall_s:.1f} s |"
        ),
        flush=True,
    )
