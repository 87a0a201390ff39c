"""Runs in the guest, in the service's place and sandbox: tries what the unit should allow and what
it should not, and prints what came.
"""

from __future__ import annotations

import errno
import json
import mmap
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

KEY = Path("/run/credentials/sevbot-attempts.service/id_ed25519")


def outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, type(error).__name__)
    return "done"


def write(path: str) -> Callable[[], object]:
    return lambda: Path(path).write_text("x", encoding="utf-8")


ATTEMPTS = {
    "write to /etc/sevbot": write("/etc/sevbot/x"),
    "write to /opt/sevbot": write("/opt/sevbot/x"),
    "write to /var/tmp": write("/var/tmp/x"),  # noqa: S108 # a private one
    "write to /run/lock": write("/run/lock/x"),  # open to everybody outside of the unit
    "write to /dev/shm": write("/dev/shm/x"),  # noqa: S108 # the same
    "write to the credential": lambda: KEY.open("ab"),
    "read the credential": KEY.read_bytes,
    "read root's copy of it": Path("/etc/sevbot/id_ed25519").read_bytes,
    "see other processes": Path("/proc/1/status").stat,
    "see its own": Path("/proc/self/status").read_text,
    "writable and executable memory": lambda: mmap.mmap(
        -1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC
    ),
    "a raw socket": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW),
    "a netlink socket": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "an internet socket": lambda: socket.create_connection(("127.0.0.1", 22)),
    "look up a name": lambda: socket.getaddrinfo("localhost", 22),
    "another user": lambda: os.setuid(0),
    "a higher priority": lambda: os.nice(-5),
    "roots to trust for TLS": lambda: ssl.create_default_context().get_ca_certs()[0],
}

print("outcomes", json.dumps({name: outcome(attempt) for name, attempt in ATTEMPTS.items()}))
