"""Every node's memory now, from sections `node-meminfo` and `zoneinfo`.

Node 1 MemTotal:        8222888 kB         /sys/devices/system/node/node1/meminfo
Node 1 MemFree:         3218712 kB

Node 1, zone   Normal                      /proc/zoneinfo, in pages
  pages free     799511
        high     16934
        managed  2055722
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.facts.oom_report import PAGE_SIZES_KB
from diagnostics.node_list import parse_nodes

_MEMINFO = re.compile(r"Node (\d{1,4}) ([\w()]+): +(\d{1,15}) kB")
_ZONE = re.compile(r"Node (\d{1,4}), zone +\w+")
_HAS_CPU = re.compile(r"/has_cpu:([0-9,-]{1,1000})$", re.MULTILINE)
_PAGES = re.compile(r" +(high|managed|present) +(\d{1,12})")


@dataclass(frozen=True)
class Node:
    """One node's sizes in kB. `high_kb` sums its zones' high watermarks; None where zoneinfo was
    not there or does not fit.

    `hard_slab_kb` is slab that cannot be reclaimed.
    """

    number: int
    total_kb: int
    free_kb: int
    reclaimable_kb: int
    high_kb: int | None
    hard_slab_kb: int | None = None


@dataclass(frozen=True)
class Nodes:
    """All nodes that have memory; a node of CPUs or devices alone is left out. `without_cpus` are
    those of CXL and the like.
    """

    by_number: Mapping[int, Node]
    without_cpus: frozenset[int] = frozenset()


def read(bundle: Bundle) -> Nodes | Missing:
    """Each node's memory in kB, by its number. Never empty: Missing where the section did not come,
    or where no node shows both MemTotal above 0 and MemFree. `without_cpus` is empty where section
    `nodes` did not come.
    """
    section = bundle.get("node-meminfo")
    if isinstance(section, Missing):
        return section
    sizes: dict[int, dict[str, int]] = {}
    for node, name, kb in _MEMINFO.findall(section.text):
        sizes.setdefault(int(node), {})[name] = int(kb)
    pages = _zone_pages(bundle)
    nodes = {
        number: Node(
            number=number,
            total_kb=kb["MemTotal"],
            free_kb=kb["MemFree"],
            reclaimable_kb=_reclaimable_kb(kb),
            high_kb=_high_kb(pages.get(number, {}), kb["MemTotal"]),
            hard_slab_kb=kb.get("SUnreclaim"),
        )
        for number, kb in sorted(sizes.items())
        if kb.get("MemTotal") and "MemFree" in kb
    }
    if not nodes:
        return Missing(
            "this kernel shows no NUMA nodes (/sys/devices/system/node is empty or hidden)"
        )
    return Nodes(nodes, _without_cpus(bundle, frozenset(nodes)))


def _without_cpus(bundle: Bundle, nodes: frozenset[int]) -> frozenset[int]:
    """The nodes of memory that section `nodes` does not list as nodes of CPUs."""
    section = bundle.get("nodes")
    found = _HAS_CPU.search(section.text) if isinstance(section, Section) else None
    with_cpus = parse_nodes(found[1]) if found else None
    return nodes - with_cpus if with_cpus else frozenset()


def _reclaimable_kb(kb: Mapping[str, int]) -> int:
    """What the kernel would give back before it kills: most clean page cache, half of the
    reclaimable slab (an estimate).
    """
    cache = (
        kb.get("Active(file)", 0)
        + kb.get("Inactive(file)", 0)
        - kb.get("Dirty", 0)
        - kb.get("Writeback", 0)
    )
    return int(0.8 * max(cache, 0) + 0.5 * kb.get("SReclaimable", 0))


def _high_kb(pages: Mapping[str, int], total_kb: int) -> int | None:
    """The zones' high watermarks in kB. zoneinfo does not say its page size: it is the one by which
    the zones make up MemTotal.
    """
    zones = pages.get("managed") or pages.get("present", 0)  # managed came with 3.8
    near = [kb for kb in PAGE_SIZES_KB if abs(zones * kb - total_kb) <= total_kb // 5]
    return pages["high"] * near[0] if near and "high" in pages else None


def _zone_pages(bundle: Bundle) -> Mapping[int, Mapping[str, int]]:
    """For each node the sums over its zones, in pages."""
    section = bundle.get("zoneinfo")
    if isinstance(section, Missing):
        return {}
    sums: dict[int, dict[str, int]] = {}
    node = None
    for line in section.text.split("\n"):
        if found := _ZONE.match(line):
            node = sums.setdefault(int(found[1]), {})
        elif node is not None and (found := _PAGES.fullmatch(line)):
            node[found[1]] = node.get(found[1], 0) + int(found[2])
    return sums
