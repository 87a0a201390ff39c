"""sevbot's own collector, with its counting, unframing and redacting. `DIRECTORY ADDRESS…`"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from dataclasses import replace
from pathlib import Path

from diagnostics.bundle import Bundle
from diagnostics.bundle.framing import frame
from diagnostics.collect.ssh import SshCollector, SshSettings, Target


async def main(directory: Path, addresses: list[str]) -> list[Bundle]:
    settings = SshSettings(directory / "client_key", directory / "known_hosts")
    collector = SshCollector(replace(settings, connect_timeout_s=60, login_timeout_s=60, deadline_s=120))  # the peers have no limits
    targets = [Target(f"web{number}", address, 2222, "root") for number, address in enumerate(addresses)]
    found = await asyncio.gather(*(collector.collect(target) for target in targets))
    return [each if isinstance(each, Bundle) else sys.exit(each.because) for each in found]


if __name__ == "__main__":
    gc.freeze()  # as `sevbot run` and `sevbot diagnose` do
    imports_s, start_s = time.process_time(), time.monotonic()
    bundles = asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
    cpu_s, wall_s = time.process_time() - imports_s, time.monotonic() - start_s
    sizes = [len(frame(bundle)) for bundle in bundles]
    print(json.dumps({"imports_s": imports_s, "cpu_s": cpu_s, "wall_s": wall_s, "sizes": sizes}))
