"""The kernel's own counters, from section `vmstat`.

oom_kill 8            every kill by any OOM killer since boot (4.14 and later; mm/vmstat.c)
numa_miss 2608
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from diagnostics.bundle import Bundle, Missing
from diagnostics.model import Citation

_OOM_KILL = re.compile(r"^oom_kill ([0-9]{1,18})$", re.MULTILINE)


@dataclass(frozen=True)
class Counters:
    """`oom_kill` is None on kernels that do not count it."""

    oom_kill: int | None
    citation: Citation | None


def read(bundle: Bundle) -> Counters | Missing:
    """The count of OOM kills since boot and its line. Empty when the kernel does not count them:
    both are None; Missing where the section did not come.
    """
    section = bundle.get("vmstat")
    if isinstance(section, Missing):
        return section
    found = _OOM_KILL.search(section.text)
    if found is None:
        return Counters(None, None)
    return Counters(
        int(found[1]), Citation("vmstat", section.text.count("\n", 0, found.start()) + 1, found[0])
    )
