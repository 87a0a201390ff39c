"""A recorded incident moved to now: the story's times are those of the day on which it is played.

Stamps since boot stay as they are, since they are what the kernel's log has; what tells the time of
day is moved: the probe's clock, and when journald got a record.
"""

from __future__ import annotations

import re
import time
from dataclasses import replace

from diagnostics.bundle import Bundle

_NOW = re.compile(r"^now (\d+)$", re.MULTILINE)
_CLOCK = re.compile(r"^(now|btime) (\d+)$", re.MULTILINE)
_RECORDED = re.compile(r'("__REALTIME_TIMESTAMP":")(\d+)(")')


def as_of_now(recorded: Bundle) -> Bundle:
    """The bundle as if it had been recorded now; as it is where it has no clock."""
    clock = recorded.sections.get("clock")
    said = _NOW.search(clock.text) if clock is not None else None
    if said is None:
        return recorded
    later_s = int(time.time()) - int(said[1])

    def moved(name: str, text: str) -> str:
        if name == "clock":
            return _CLOCK.sub(lambda line: f"{line[1]} {int(line[2]) + later_s}", text)
        return _RECORDED.sub(lambda it: f"{it[1]}{int(it[2]) + later_s * 1_000_000}{it[3]}", text)

    sections = {
        name: replace(section, text=moved(name, section.text))
        for name, section in recorded.sections.items()
    }
    return replace(recorded, sections=sections)
