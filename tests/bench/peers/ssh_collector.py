"""sevbot's own collector: with what it does to an answer (unframing, redacting), or without.

`[--as-it-came] DIRECTORY ADDRESS…`
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from bot.cli import seldom_collected
from diagnostics.bundle import Bundle
from diagnostics.bundle.due_rules import warm
from diagnostics.bundle.framing import frame
from diagnostics.collect.capture import Capture
from diagnostics.collect.ssh import SshCollector, SshSettings, Target


async def main(directory: Path, addresses: list[str], *, as_it_came: bool) -> list[Bundle | int]:
    """The bundles, or how many bytes each host printed."""
    settings = SshSettings(directory / "client_key", directory / "known_hosts")
    # the peers have no limits
    collector = SshCollector(
        replace(settings, connect_timeout_s=60, login_timeout_s=60, deadline_s=120)
    )
    targets = [
        Target(f"web{number}", address, 2222, "root") for number, address in enumerate(addresses)
    ]
    if as_it_came:
        return list(await asyncio.gather(*(_ask(collector, target) for target in targets)))
    found = await asyncio.gather(*(collector.collect(target) for target in targets))
    return [each if isinstance(each, Bundle) else sys.exit(each.because) for each in found]


async def _ask(collector: SshCollector, target: Target) -> int:
    capture = Capture()
    await collector.ask(target, capture)
    return capture.size


if __name__ == "__main__":
    warm()  # both as `sevbot run` and `sevbot diagnose` do
    seldom_collected()
    imports_s, start_s = time.process_time(), time.monotonic()
    bare = sys.argv[1] == "--as-it-came"
    found = asyncio.run(main(Path(sys.argv[1 + bare]), sys.argv[2 + bare :], as_it_came=bare))
    cpu_s, wall_s = time.process_time() - imports_s, time.monotonic() - start_s
    sizes = [each if isinstance(each, int) else len(frame(each)) for each in found]
    print(json.dumps({"imports_s": imports_s, "cpu_s": cpu_s, "wall_s": wall_s, "sizes": sizes}))
