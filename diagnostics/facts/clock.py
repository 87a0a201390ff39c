"""When the bundle was taken and when the host booted, from section `clock`.

now 1795384570
zone +0000
uptime 600.92 537.49
btime 1795383969
boot_id 611c860b-7947-4c4f-aa89-d28854e283ac
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from diagnostics.bundle import Bundle, Missing
from diagnostics.model import Moment

_LINE = re.compile(r"^(now|zone|uptime) (.*)$", re.MULTILINE)
LATEST_S = 253_000_000_000  # the year 9987: datetime ends with 9999
_SECONDS = re.compile(r"\d{1,12}(?:\.\d{1,9})?")


@dataclass(frozen=True)
class Clock:
    """The host's clock. `booted` is good to about 2 s: printk's clock and the uptime differ by that
    much. `zone` is of its local time.
    """

    taken_at: Moment
    booted: datetime | None
    zone: tzinfo = UTC


def booted_at(bundle: Bundle) -> datetime | None:
    """When the host booted, if that is known."""
    found = read(bundle)
    return found.booted if isinstance(found, Clock) else None


def read(bundle: Bundle) -> Clock | Missing:
    """The host's clock: wall time in UTC, seconds since boot, time of boot, and its zone. Never
    empty: Missing where the section did not come, or where it has no wall time that a date can
    hold; `booted` is None where the uptime is not there, `zone` UTC where none was printed.
    """
    section = bundle.get("clock")
    if isinstance(section, Missing):
        return section
    values = dict(_LINE.findall(section.text))
    now = _float(values.get("now", ""))
    if now is None or now > LATEST_S:
        return Missing("the host's clock was not printed")
    taken = datetime.fromtimestamp(now, UTC)
    uptime_s = _float(values.get("uptime", ""))
    return Clock(
        Moment(uptime_s, taken),
        taken - timedelta(seconds=uptime_s) if uptime_s is not None else None,
        _zone(values),
    )


def _zone(values: Mapping[str, str]) -> tzinfo:
    found = re.fullmatch(r"([+-])([01]\d|2[0-3])([0-5]\d)", values.get("zone", "").strip())
    if found is None:
        return UTC
    offset = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-offset if found[1] == "-" else offset)


def _float(text: str) -> float | None:
    found = _SECONDS.match(text)
    return float(found[0]) if found else None
