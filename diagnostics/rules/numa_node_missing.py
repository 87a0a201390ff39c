"""numa-node-missing: a service is to be placed on a NUMA node that this host does not have, so it
does not start.

Fires when systemd logged that a unit's main process exited with a status, and that unit's numactl
or NUMAMask= names a node that is not online. It is `confirmed`: the unit, the end and the nodes are
systemd's and the kernel's own words. Exit status 242 is systemd's own for it.
Stays clear when each node that a failed unit names is there. Cannot tell when the units, the
ends or the nodes could not be read.
Looks like, but is not: a node that is there and full, which is membind-oom.

numactl exits with 1; systemd: EXIT_NUMA_POLICY in systemd.exec(5).
"""

from __future__ import annotations

from collections.abc import Collection

from diagnostics.bundle import Missing
from diagnostics.evidence import Evidence
from diagnostics.facts.nodes import Nodes
from diagnostics.facts.units import Unit, Units
from diagnostics.memory.numactl import find_membind
from diagnostics.model import Citation, Clear, Outcome, Remedy, Unknown
from diagnostics.node_list import list_nodes, parse_nodes, say_nodes
from diagnostics.services.service_case import GIVEN_UP, Told, finding, journal_of

CODE = "numa-node-missing"
NAME = "missing NUMA node"


def check(evidence: Evidence) -> Outcome:
    """One finding for each unit, or why there is none."""
    journal, units, nodes = journal_of(evidence), evidence.get(Units), evidence.get(Nodes)
    if isinstance(journal, Unknown):
        return journal
    if isinstance(units, Missing):
        return Unknown(f"how units are started was not seen ({units.because})")
    if isinstance(nodes, Missing):
        return Unknown(f"which nodes the host has was not seen ({nodes.because})")
    there = nodes.by_number.keys()
    found = []
    for unit in units.by_name.values():
        ends = [
            event for event in journal.ends if event.unit == unit.name and event.code == "exited"
        ]
        absent = named_nodes(unit) - there
        if ends and absent:
            found.append(finding(evidence, _told(absent, there), ends, _names_it(unit)))
    return tuple(found) or Clear("each node that a failed unit names is there")


def named_nodes(unit: Unit) -> frozenset[int]:
    """The nodes that the unit's numactl or NUMAMask= names by number."""
    membind = find_membind(unit.exec_start)
    # without one systemd sets no mask
    has_policy = unit.properties.get("NUMAPolicy", "n/a") not in ("", "n/a")
    specs = (
        unit.properties.get("NUMAMask") if has_policy else None,
        membind.nodes if membind else None,
    )
    return frozenset[int]().union(*(parse_nodes(spec) or () for spec in specs))


def _names_it(unit: Unit) -> tuple[Citation, ...]:
    """The line of the unit's settings that names nodes."""
    if find_membind(unit.exec_start) and unit.exec_citation:
        return (unit.exec_citation,)
    return (unit.cite("NUMAMask"),) if "NUMAMask" in unit.lines else ()


def _told(absent: Collection[int], there: Collection[int]) -> Told:
    return Told(
        code=CODE,
        headline=f"placed on {say_nodes(absent)}, which this host does not have",
        did="could not be placed, and ended by itself",
        why=f"Its unit names {say_nodes(absent)}; this host has memory on {say_nodes(there)} only.",
        remedy=Remedy(
            action="name-a-node",
            says=f"Name nodes that are there ({list_nodes(there)}), or let it use all.",
            because=(
                "The host was replaced, or a node went offline; the unit was written for "
                "another one."
            ),
        ),
        explains=("application-exit", GIVEN_UP),
    )
