"""The kernel's own counters, from section `vmstat`.

oom_kill 8            every kill by any OOM killer since boot (4.14 and later; Documentation/admin-guide/mm, mm/vmstat.c)
numa_miss 2608
"""

from __future__ import annotations

from dataclasses import dataclass

from diagnostics.bundle import Bundle, Missing
from diagnostics.model import Citation


@dataclass(frozen=True)
class Counters:
    """`oom_kill` is None on kernels that do not count it."""

    oom_kill: int | None
    citation: Citation | None


def read(bundle: Bundle) -> Counters | Missing:
    section = bundle.get("vmstat")
    if isinstance(section, Missing):
        return section
    for number, line in enumerate(section.text.split("\n"), 1):
        name, _, value = line.partition(" ")
        if name == "oom_kill" and value.isascii() and value.isdigit():
            return Counters(int(value), Citation("vmstat", number, line))
    return Counters(None, None)
