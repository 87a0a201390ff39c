"""The largest processes and where their memory lies, from section `processes` (fields behind a tab,
one block for each process).

    Name:	ranker
    Pid:	658
    VmRSS:	 3276884 kB
    cgroup	0::/system.slice/ranker.service
    limit-as	536870912
    argv	/usr/local/bin/ranker ...
    numa	bind:1	N1=3326104

`numa` sums /proc/PID/numa_maps on the host: one line for each policy, kB on each node. The kernel
shows a process' own policy on every area that has none of its own (mm/mempolicy.c), so the policy
with most memory is taken as the process'.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnostics.bundle import Bundle, Missing
from diagnostics.facts.oom_report import unit_of_cgroup
from diagnostics.model import Citation, Task
from diagnostics.node_list import parse_nodes

MOST_PROCESSES = 256  # the probe lists 24
_KB = re.compile(r" *(\d{1,15}) kB")
_ON_NODE = re.compile(r"N(\d{1,4})=(\d{1,15})")
_BIND = re.compile(r"bind(?:=[a-z]+)?:(.+)")


@dataclass(frozen=True)
class Process:
    """One process. `by_policy` maps a policy to kB on each node; empty with `numa_error` where it
    could not be read.

    `hwm_kb` is the most that it ever held, `limit_as_kb` its RLIMIT_AS where it has one.
    """

    task: Task
    rss_kb: int
    by_policy: Mapping[str, Mapping[int, int]] = field(default_factory=dict)
    cited: Mapping[str, Citation] = field(default_factory=dict)
    numa_error: str | None = None
    hwm_kb: int | None = None
    cgroup: str | None = None
    limit_as_kb: int | None = None
    limit_citation: Citation | None = None

    @property
    def policy(self) -> str | None:
        """The memory policy under which most of the memory lies."""
        return max(
            self.by_policy, key=lambda policy: sum(self.by_policy[policy].values()), default=None
        )

    @property
    def bound_to(self) -> frozenset[int] | None:
        """The nodes that a bind policy allows, None for any other policy."""
        found = _BIND.fullmatch(self.policy or "")
        return parse_nodes(found[1]) if found else None

    @property
    def citation(self) -> Citation | None:
        """The line that shows the policy."""
        return self.cited.get(self.policy or "")

    def on_node_kb(self, node: int) -> int:
        """kB of this process on the node, under whichever policy; 0 where its numa_maps could not
        be read.
        """
        return sum(kb.get(node, 0) for kb in self.by_policy.values())


@dataclass(frozen=True)
class Processes:
    """The processes that were seen, largest first. `numa_readable` is false where no numa_maps
    could be read.
    """

    all: tuple[Process, ...]

    @property
    def numa_readable(self) -> bool:
        """Whether the numa_maps of any process could be read."""
        return any(process.by_policy for process in self.all)


def read(bundle: Bundle) -> Processes | Missing:
    """The processes, by VmRSS, at most MOST_PROCESSES of them. Never empty: Missing where the
    section did not come, or where it has no process with a pid and a VmRSS in kB.
    """
    section = bundle.get("processes")
    if isinstance(section, Missing):
        return section
    blocks: list[list[tuple[int, str]]] = []
    for number, line in enumerate(section.text.split("\n") if "Name:\t" in section.text else (), 1):
        if line.startswith("Name:\t"):
            if len(blocks) == MOST_PROCESSES:
                break
            blocks.append([])
        if blocks and line:
            blocks[-1].append((number, line))
    processes = [process for block in blocks if (process := _read_block(block))]
    if not processes:
        return Missing("no process was listed")
    return Processes(tuple(sorted(processes, key=lambda process: -process.rss_kb)))


def _read_block(block: list[tuple[int, str]]) -> Process | None:
    fields: dict[str, str] = {}
    by_policy: dict[str, dict[int, int]] = {}
    cited: dict[str, Citation] = {}
    limit: tuple[int | None, Citation | None] = None, None
    for number, line in block:
        key, _, value = line.partition("\t")
        if key == "numa":
            policy, _, places = value.partition("\t")
            by_policy[policy] = {int(node): int(kb) for node, kb in _ON_NODE.findall(places)}
            cited[policy] = Citation("processes", number, line)
        elif key == "limit-as" and value.isascii() and value.isdigit() and len(value) < 20:
            limit = int(value) // 1024, Citation("processes", number, line)
        else:
            fields.setdefault(key.removesuffix(":"), value)
    rss = _KB.fullmatch(fields.get("VmRSS", ""))
    if rss is None or not fields.get("Pid", "").isdecimal():
        return None
    unit = unit_of_cgroup(fields.get("cgroup", "").rpartition(":")[2])
    task = Task(fields["Name"], int(fields["Pid"]), unit)
    hwm = _KB.fullmatch(fields.get("VmHWM", ""))
    peak_kb, numa_error, cgroup = (
        int(hwm[1]) if hwm else None,
        fields.get("numa-error"),
        fields.get("cgroup"),
    )
    return Process(task, int(rss[1]), by_policy, cited, numa_error, peak_kb, cgroup, *limit)
