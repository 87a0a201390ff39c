"""Hosts that attack before they prove who they are, in a process of their own: `python -m
tests.hostile_hosts KIND` prints its port.

All addresses of `ADDRESSES` attack in the same way on one port, until standard input ends. Nothing
here speaks more of SSH than it takes to be listened to.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import subprocess
import sys
from collections.abc import Iterator

from tests.conftest import ROOT

ADDRESSES = [f"127.0.1.{number}" for number in range(1, 65)]
VERSION = b"SSH-2.0-OpenSSH_9.2\r\n"
MSG_IGNORE, MSG_DEBUG, MSG_KEXINIT = 2, 4, 20
_ALGORITHMS = (
    b"curve25519-sha256",
    b"ssh-ed25519",
    *[b"aes128-gcm@openssh.com"] * 2,
    *[b"hmac-sha2-256"] * 2,
    *[b"none"] * 2,
    b"",
    b"",
)


def packet(payload: bytes) -> bytes:
    """A packet before encryption, with the least padding."""
    padding = 8 - (len(payload) + 5) % 8
    padding += 8 if padding < 4 else 0
    return struct.pack(">IB", len(payload) + padding + 1, padding) + payload + bytes(padding)


def string(text: bytes) -> bytes:
    return struct.pack(">I", len(text)) + text


KEXINIT = packet(bytes([MSG_KEXINIT]) + bytes(16) + b"".join(map(string, _ALGORITHMS)) + bytes(5))
IGNORE = packet(bytes([MSG_IGNORE]) + string(b""))
DEBUG = packet(bytes([MSG_DEBUG, 0]) + string(b"x") + string(b""))

# what comes first, what comes again and again, and how much of it (None: for ever)
KINDS: dict[str, tuple[bytes, bytes, int | None]] = {
    "ignore before key exchange": (VERSION, IGNORE * 4096, None),
    "ignore during key exchange": (VERSION + KEXINIT, IGNORE * 4096, None),
    "debug messages": (VERSION + KEXINIT, DEBUG * 4096, None),
    "endless banner": (b"", b"welcome\r\n" * 8192, None),
    "a MiB of garbage": (VERSION, os.urandom(65536), 1024 * 1024),
    "a MiB of garbage in a packet": (
        VERSION + struct.pack(">I", 200_000),
        os.urandom(65536),
        1024 * 1024,
    ),
}


async def _attack(writer: asyncio.StreamWriter, kind: str) -> None:
    first, again, size = KINDS[kind]
    sent = 0
    with contextlib.suppress(ConnectionError):
        writer.write(first)
        while size is None or sent < size:
            writer.write(again)
            await writer.drain()
            sent += len(again)
        await asyncio.sleep(60)
    writer.close()


async def _serve(kind: str) -> None:
    async def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _attack(writer, kind)

    server = await asyncio.start_server(answer, ADDRESSES[0], 0)
    port = server.sockets[0].getsockname()[1]
    others = await asyncio.start_server(answer, ADDRESSES[1:], port)
    sys.stdout.write(f"{others.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    os._exit(0)  # connections that are written to for ever have no other end


@contextlib.contextmanager
def hostile_hosts(kind: str) -> Iterator[int]:
    """The port that attacks in this way while the block runs."""
    command = [sys.executable, "-m", "tests.hostile_hosts", kind]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
