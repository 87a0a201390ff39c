"""asyncssh tuned by hand: known_hosts and key read once, AES-GCM, algorithms pinned, uvloop, a
frozen heap. `DIRECTORY ADDRESS…`
"""

import asyncio
import gc
import json
import sys
import time
from pathlib import Path

import asyncssh
import uvloop


async def main(directory: Path, addresses: list[str], script: str) -> list[int]:
    options = asyncssh.SSHClientConnectionOptions(
        port=2222,
        username="root",
        config=None,
        agent_path=None,
        known_hosts=asyncssh.read_known_hosts(str(directory / "known_hosts_of_addresses")),
        client_keys=asyncssh.load_keypairs([str(directory / "client_key")]),
        kex_algs=["curve25519-sha256"],
        encryption_algs=["aes128-gcm@openssh.com"],
        server_host_key_algs=["ssh-ed25519"],
        signature_algs=["ssh-ed25519"],
        compression_algs=["none"],
        gss_kex=False,
        gss_auth=False,
        host_based_auth=False,
        kbdint_auth=False,
        password_auth=False,
        preferred_auth=["publickey"],
    )
    slots = asyncio.Semaphore(64)

    async def ask(address: str) -> int:
        async with slots:
            connection = await asyncssh.connect(address, options=options)
            done = await connection.run(script, encoding=None, check=True)
            connection.close()
            await connection.wait_closed()
            return len(done.stdout or b"")

    return list(await asyncio.gather(*(ask(address) for address in addresses)))


if __name__ == "__main__":
    script = (Path(sys.argv[1]) / "probe").read_text(encoding="utf-8")
    gc.freeze()
    gc.set_threshold(50000, 20, 100)
    imports_s, start_s = time.process_time(), time.monotonic()
    sizes = uvloop.run(main(Path(sys.argv[1]), sys.argv[2:], script))
    cpu_s, wall_s = time.process_time() - imports_s, time.monotonic() - start_s
    print(json.dumps({"imports_s": imports_s, "cpu_s": cpu_s, "wall_s": wall_s, "sizes": sizes}))
