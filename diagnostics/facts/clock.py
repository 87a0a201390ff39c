"""When the bundle was taken and when the host booted, from section `clock`.

now 1795384570
uptime 600.92 537.49
btime 1795383969
boot_id 611c860b-7947-4c4f-aa89-d28854e283ac
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from diagnostics.bundle import Bundle, Missing
from diagnostics.model import Moment

_LINE = re.compile(r"^(now|uptime) (.*)$", re.MULTILINE)
_SECONDS = re.compile(r"\d{1,12}(?:\.\d{1,9})?")


@dataclass(frozen=True)
class Clock:
    """The host's own clock. `booted` is good to about 2 s: printk's clock and the uptime differ by that much."""

    taken_at: Moment
    booted: datetime | None


def read(bundle: Bundle) -> Clock | Missing:
    section = bundle.get("clock")
    if isinstance(section, Missing):
        return section
    values = dict(_LINE.findall(section.text))
    now = _float(values.get("now", ""))
    if now is None:
        return Missing("the host's clock was not printed")
    taken = datetime.fromtimestamp(now, UTC)
    uptime_s = _float(values.get("uptime", ""))
    return Clock(Moment(uptime_s, taken), taken - timedelta(seconds=uptime_s) if uptime_s is not None else None)


def _float(text: str) -> float | None:
    found = _SECONDS.match(text)
    return float(found[0]) if found else None
