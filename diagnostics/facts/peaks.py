"""How much a job needs at most, where anybody knows: what the inventory expects, and the peak of a
cgroup that is alive.

ranker 11534336                                                 section `inventory`: service and kB
/sys/fs/cgroup/system.slice/a.service/memory.peak:6442450944    section `cgroups`: bytes (from 5.19)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from diagnostics.bundle import Bundle, Missing, Section

_EXPECTED = re.compile(r"^(\S{1,253}) (\d{1,15})$", re.MULTILINE)
_PEAK = re.compile(
    r"^/sys/fs/cgroup/\S*?([^/\s]{1,255}\.(?:service|scope))/memory\.peak:(\d{1,18})$", re.MULTILINE
)


@dataclass(frozen=True)
class Peaks:
    """kB by name of service (as the inventory has it), and by systemd unit."""

    expected_kb: Mapping[str, int]
    of_unit_kb: Mapping[str, int]


def read(bundle: Bundle) -> Peaks | Missing:
    """What the inventory expects and what living cgroups reached at most, both in kB. Empty when
    nobody expects anything and no cgroup of a service shows a peak; Missing where neither section
    came, with the reason of `cgroups`.
    """
    inventory, cgroups = bundle.get("inventory"), bundle.get("cgroups")
    if isinstance(inventory, Missing) and isinstance(cgroups, Missing):
        return cgroups
    expected = _EXPECTED.findall(inventory.text) if isinstance(inventory, Section) else []
    peaks = _PEAK.findall(cgroups.text) if isinstance(cgroups, Section) else []
    return Peaks(
        {name: int(kb) for name, kb in expected}, {unit: int(size) // 1024 for unit, size in peaks}
    )
