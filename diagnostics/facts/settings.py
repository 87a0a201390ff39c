"""The kernel's settings on memory, from section `sysctls` (`FILE:VALUE`).

/proc/sys/vm/zone_reclaim_mode:0
/sys/kernel/mm/transparent_hugepage/enabled:[always] madvise never
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from diagnostics.bundle import Bundle, Missing

MOST_SETTINGS = 256
_NUMBER = re.compile(r"(?:0x)?[0-9a-f]{1,16}")


@dataclass(frozen=True)
class Settings:
    """Values by the last two names of their path: `vm/zone_reclaim_mode`."""

    values: Mapping[str, str]

    def is_on(self, name: str) -> bool:
        """Whether a number other than 0 stands there; False where this kernel does not have it."""
        value = self.values.get(name, "0")
        return _NUMBER.fullmatch(value) is not None and value.strip("0x") != ""


def read(bundle: Bundle) -> Settings | Missing:
    """The settings as they stand in their files, as text, at most MOST_SETTINGS. Never empty:
    Missing where the section did not come, or where no file could be read.
    """
    section = bundle.get("sysctls")
    if isinstance(section, Missing):
        return section
    lines = (
        line.partition(":") for line in section.text.split("\n", MOST_SETTINGS)[:MOST_SETTINGS]
    )
    values = {
        "/".join(path.split("/")[-2:]): value
        for path, colon, value in lines
        if colon and path.startswith("/")
    }
    return Settings(values) if values else Missing("no setting was read")
