"""Every node's memory now, from sections `node-meminfo` and `zoneinfo`.

Node 1 MemTotal:        8222888 kB         /sys/devices/system/node/node1/meminfo
Node 1 MemFree:         3218712 kB

Node 1, zone   Normal                      /proc/zoneinfo, in pages
  pages free     799511
        high     16934
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from diagnostics.bundle import Bundle, Missing

_MEMINFO = re.compile(r"Node (\d{1,4}) ([\w()]+): +(\d{1,15}) kB")
_ZONE = re.compile(r"Node (\d{1,4}), zone +\w+")
_HIGH = re.compile(r" +high +(\d{1,12})")
PAGE_KB = 4  # zoneinfo does not say its page size; used only where node-meminfo confirms it


@dataclass(frozen=True)
class Node:
    """One node's sizes in kB. `high_kb` sums its zones' high watermarks; None where zoneinfo was not there."""

    number: int
    total_kb: int
    free_kb: int
    reclaimable_kb: int
    high_kb: int | None


@dataclass(frozen=True)
class Nodes:
    by_number: Mapping[int, Node]


def read(bundle: Bundle) -> Nodes | Missing:
    section = bundle.get("node-meminfo")
    if isinstance(section, Missing):
        return section
    sizes: dict[int, dict[str, int]] = {}
    for node, name, kb in _MEMINFO.findall(section.text):
        sizes.setdefault(int(node), {})[name] = int(kb)
    high = _high_watermarks(bundle)
    nodes = {
        number: Node(number, kb["MemTotal"], kb["MemFree"], _reclaimable_kb(kb), high.get(number))
        for number, kb in sorted(sizes.items())
        if {"MemTotal", "MemFree"} <= kb.keys()
    }
    if not nodes:
        return Missing("this kernel shows no NUMA nodes (/sys/devices/system/node is empty or hidden)")
    return Nodes(nodes)


def _reclaimable_kb(kb: Mapping[str, int]) -> int:
    """What the kernel would give back before it kills: most clean page cache, half of the reclaimable slab (an estimate)."""
    cache = kb.get("Active(file)", 0) + kb.get("Inactive(file)", 0) - kb.get("Dirty", 0) - kb.get("Writeback", 0)
    return int(0.8 * max(cache, 0) + 0.5 * kb.get("SReclaimable", 0))


def _high_watermarks(bundle: Bundle) -> Mapping[int, int]:
    section = bundle.get("zoneinfo")
    if isinstance(section, Missing):
        return {}
    high: dict[int, int] = {}
    node = None
    for line in section.text.split("\n"):
        if found := _ZONE.match(line):
            node = int(found[1])
        elif node is not None and (found := _HIGH.fullmatch(line)):
            high[node] = high.get(node, 0) + int(found[1]) * PAGE_KB
    return high
