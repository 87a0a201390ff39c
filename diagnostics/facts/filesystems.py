"""How full the local file systems are, from section `filesystems` (`df -PkT`, then `df -PiT` behind
a line `inodes`).

/dev/vda1    ext4    1024000 1023996 0 100% /
inodes
/dev/vda1    ext4    65536 65536 0 100% /
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from diagnostics.bundle import Bundle, Missing
from diagnostics.model import Citation

# read-only images; an overlay shows another's space
ALWAYS_FULL = frozenset(
    {"squashfs", "iso9660", "udf", "erofs", "cramfs", "romfs", "overlay", "autofs"}
)
_ROW = re.compile(r"(\S+) +(\S+) +(\d{1,18}) +(\d{1,18}) +(-?\d{1,18}) +\d{1,3}% +(/.*)")


@dataclass(frozen=True)
class Filesystem:
    """Space (kB) or inodes of one: `free` is what a program that is not root can still get."""

    device: str
    mount: str
    kind: str
    what: str
    total: int
    free: int
    citation: Citation

    @property
    def is_full(self) -> bool:
        """Less than a thousandth is left."""
        return self.total > 0 and self.free * 1000 < self.total


@dataclass(frozen=True)
class Filesystems:
    """All that were shown, space (kB) before inodes; `whole` is false where the section was cut, or
    inodes did not come.
    """

    all: tuple[Filesystem, ...]
    whole: bool = True

    @property
    def full(self) -> tuple[Filesystem, ...]:
        """Those of which less than a thousandth is left (`Filesystem.is_full`)."""
        return tuple(one for one in self.all if one.is_full)


def read(bundle: Bundle) -> Filesystems | Missing:
    """The local file systems, but those that are always full. Never empty: Missing where the
    section did not come, or where df showed none, with what df said.
    """
    section = bundle.get("filesystems")
    if isinstance(section, Missing):
        return section
    what, found = "space", []
    for number, line in enumerate(section.text.split("\n"), 1):
        if line == "inodes":
            what = "inodes"
        elif (row := _ROW.fullmatch(line)) and row[2] not in ALWAYS_FULL:
            found.append(
                Filesystem(
                    row[1],
                    row[6],
                    row[2],
                    what,
                    int(row[3]),
                    int(row[5]),
                    Citation("filesystems", number, line),
                )
            )
    return (
        Filesystems(tuple(found), whole=not section.cut and what == "inodes")
        if found
        else Missing(section.notes.strip()[:200] or "df showed no file system")
    )
