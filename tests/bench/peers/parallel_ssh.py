"""parallel-ssh on libssh2, as its documentation shows it; it checks no host key. `DIRECTORY
ADDRESS…`

libssh2 sends no command as long as the probe's text, so it sends a part: the host answers with its
forced command, whatever is asked.
"""

import json
import sys
import time
from pathlib import Path

from pssh.clients import ParallelSSHClient

MOST_BYTES = 30_000


def main(directory: Path, addresses: list[str], script: str) -> list[int]:
    client = ParallelSSHClient(
        addresses,
        user="root",
        port=2222,
        pkey=str(directory / "client_key"),
        pool_size=64,
        allow_agent=False,
    )
    answers = client.run_command(script)
    client.join(answers)
    return [sum(len(line.encode()) + 1 for line in answer.stdout) for answer in answers]


if __name__ == "__main__":
    script = (Path(sys.argv[1]) / "probe").read_text(encoding="utf-8")
    imports_s, start_s = time.process_time(), time.monotonic()
    sizes = main(Path(sys.argv[1]), sys.argv[2:], script[:MOST_BYTES])
    cpu_s, wall_s = time.process_time() - imports_s, time.monotonic() - start_s
    print(json.dumps({"imports_s": imports_s, "cpu_s": cpu_s, "wall_s": wall_s, "sizes": sizes}))
