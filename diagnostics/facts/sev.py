"""When the SEV was opened, from section `sev`, which is added after collecting: seconds before the
look.

ago 312

A difference, since the host's clock and that of the chat need not agree.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

from diagnostics.bundle import Bundle, Missing

_AGO = re.compile(r"ago (\d{1,9})\n")


@dataclass(frozen=True)
class Sev:
    """How long before the look the SEV was opened."""

    ago: timedelta


def read(bundle: Bundle) -> Sev | Missing:
    """How long before the look the SEV was opened. Never empty: Missing where no SEV is known, as
    at the command line, or where the section is no number of seconds.
    """
    section = bundle.get("sev")
    if isinstance(section, Missing):
        return section
    found = _AGO.fullmatch(section.text)
    return (
        Sev(timedelta(seconds=int(found[1]))) if found else Missing("the SEV's time was not given")
    )
