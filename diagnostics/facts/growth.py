"""Which processes grew while the probe ran, from section `growth`: sizes before all other sections,
and after them.

at:129.87            seconds since boot
388:3276884          pid and kB (VmRSS)
at:131.90
388:3346884
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from diagnostics.bundle import Bundle, Missing
from diagnostics.model import Citation

_LINE = re.compile(r"(at|\d{1,10}):(\d{1,15}(?:\.\d{1,3})?)")


@dataclass(frozen=True)
class Grown:
    """One process: kB at both looks."""

    before_kb: int
    after_kb: int
    citation: Citation

    @property
    def kb(self) -> int:
        """How much it grew, in kB; below 0 where it shrank."""
        return self.after_kb - self.before_kb


@dataclass(frozen=True)
class Growth:
    """`seconds` between the looks, and each process that was there at both, by pid."""

    seconds: float
    by_pid: Mapping[int, Grown]


def read(bundle: Bundle) -> Growth | Missing:
    """The sizes of the largest processes at both looks, in kB. Empty when no process was there at
    both; Missing where the section did not come, or where there were not two looks at two times.
    """
    section = bundle.get("growth")
    if isinstance(section, Missing):
        return section
    looks: list[tuple[float, dict[int, tuple[int, int]]]] = []
    for number, line in enumerate(section.text.split("\n"), 1):
        found = _LINE.fullmatch(line)
        if found and found[1] == "at":
            looks.append((float(found[2]), {}))
        elif found and looks:
            looks[-1][1][int(found[1])] = (int(float(found[2])), number)
    if len(looks) != 2 or looks[1][0] <= looks[0][0]:
        return Missing("the processes' sizes were not read twice")
    lines = section.text.split("\n")
    (began, before), (ended, after) = looks
    cited = {
        pid: (kb, Citation("growth", number, lines[number - 1]))
        for pid, (kb, number) in after.items()
    }
    both = {
        pid: Grown(before[pid][0], kb, citation)
        for pid, (kb, citation) in cited.items()
        if pid in before
    }
    return Growth(ended - began, both)
