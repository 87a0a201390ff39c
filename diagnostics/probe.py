"""The one script that runs on hosts, and the table of its sections. Nothing else is ever executed
there.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from importlib.resources import files

VERSION = 2  # of the protocol; 1 told no digest
DIGEST_DIGITS = 16
MAX_SCRIPT_BYTES = 64 * 1024
MAX_OUTPUT_BYTES = 1024 * 1024  # of stdout; the caps below add up to less

CAPS: dict[str, int] = {  # bytes of content at most, in the script's order
    "clock": 1024,
    "service-journal": 65536,
    "runner-logs": 32768,
    "containers": 16384,
    "kernel-log": 327680,
    "kernel-journal": 212992,
    "vmstat": 4096,
    "node-meminfo": 65536,
    "zoneinfo": 32768,
    "nodes": 4096,
    "uname": 1024,
    "meminfo": 4096,
    "sysctls": 4096,
    "units": 65536,
    "processes": 65536,
    "daemons-journal": 16384,
    "cgroups": 16384,
    "last-words": 32768,
    "numactl": 1024,
    "filesystems": 8192,
    "boots": 4096,
    "growth": 4096,
}
SECTIONS = tuple(CAPS)
KEEPS_END = frozenset(
    {
        "runner-logs",
        "service-journal",
        "kernel-log",
        "kernel-journal",
        "daemons-journal",
        "last-words",
        "boots",
    }
)

PROBE = files("diagnostics").joinpath("probe.sh").read_text(encoding="utf-8")


@cache
def digest() -> str:
    """What a host's copy of this very script says of itself: the first hexadecimal digits of its
    SHA-256.
    """
    return sha256(PROBE.encode()).hexdigest()[:DIGEST_DIGITS]
