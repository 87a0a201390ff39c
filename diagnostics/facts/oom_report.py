"""An OOM report: what `dump_header` and `__oom_kill_process` print (mm/oom_kill.c), as far as its
lines are there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from diagnostics.facts.log_lines import LogLine
from diagnostics.model import Kill, Task

MEMORY_POLICY = "CONSTRAINT_MEMORY_POLICY"
MEMCG = "CONSTRAINT_MEMCG"
NONE = "CONSTRAINT_NONE"
PAGE_SIZES_KB = (4, 8, 16, 64)  # of the architectures that Linux runs on in numbers


class Zone(NamedTuple):
    """One zone of one node at the kill. `reserve_pages` is lowmem_reserve for the request that may
    use every zone.
    """

    node: int
    name: str
    free_kb: int
    min_kb: int
    low_kb: int
    high_kb: int
    managed_kb: int | None
    cma_kb: int = 0
    reserve_pages: int = 0
    blocks: tuple[int, ...] = ()  # free blocks of each order, from the buddy line


class TaskRow(NamedTuple):
    """A process that this OOM could have killed; rss over all nodes, in pages."""

    pid: int
    comm: str
    rss_pages: int


class Summary(NamedTuple):
    """The `oom-kill:` line: the constraint and masks are the asker's, the task is the victim. Lists
    as printed; None is `(null)`.
    """

    constraint: str
    nodemask: str | None
    mems_allowed: str
    oom_memcg: str | None
    task_memcg: str
    victim: Task
    line: LogLine


class OomReport(NamedTuple):
    """One run of the OOM killer, as far as its lines are there. `kills` is empty where no victim is
    named.
    """

    header: LogLine | None = None
    invoker: Task | None = None
    invoker_comm: str | None = None
    order: int | None = None
    gfp_mask: str | None = None
    header_nodemask: str | None = None
    header_mems_allowed: str | None = None
    free_pages: int | None = None
    slab_pages: int | None = None
    hard_slab_pages: int | None = None  # slab that cannot be reclaimed
    page_kb: int | None = None
    zones: tuple[Zone, ...] = ()
    hugepages: tuple[tuple[int, int], ...] = ()  # node and kB, one for each size of page
    shmem: tuple[tuple[int, int], ...] = ()  # node and kB; up to 4.6 one for each zone
    columns: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()  # of the task table, as they stand there
    summary: Summary | None = None
    memcg_kill: bool = False
    memcg_usage_kb: int | None = None
    memcg_limit_kb: int | None = None
    memcg_limited: str | None = None
    memcg_of_task: str | None = None
    memcg_line: LogLine | None = None
    whole_group: bool = False
    all_stated: bool = False
    kills: tuple[Kill, ...] = ()
    kill_lines: tuple[LogLine, ...] = ()

    def slim(self) -> OomReport:
        """Without what is told of the first report only: a storm of reports must fit into
        memory.
        """
        return self._replace(
            rows=(), columns=(), zones=tuple(zone._replace(blocks=()) for zone in self.zones)
        )

    @property
    def tasks(self) -> tuple[TaskRow, ...]:
        """The task table: those that this OOM could have killed."""
        return tuple(row for text in self.rows if (row := _task_row(text, self.columns)))

    @property
    def row_kb(self) -> int | None:
        """kB of one page of the task table. A cgroup's report does not print the page size: then
        the victim's row and kill line tell.
        """
        if self.page_kb is not None or not self.kills:
            return self.page_kb
        victim = self.kills[0]
        pages = next((row.rss_pages for row in self.tasks if row.pid == victim.task.pid), 0)
        fits = [
            kb
            for kb in PAGE_SIZES_KB
            if victim.rss_kb and abs(pages * kb - victim.rss_kb) <= victim.rss_kb // 4
        ]
        return fits[0] if fits else None

    @property
    def constraint(self) -> str | None:
        """The constraint as printed, or as 4.14 to 4.19 give it away: a nodemask in the header is a
        memory policy's.

        Kernel 4.9 prints mems_allowed there when there is no policy (v4.9 mm/oom_kill.c
        dump_header), so equal lists tell nothing, nor does one alone.
        """
        if self.memcg_kill or self.memcg_limited is not None:
            # the kill line's own wording; 5.2 and BPF policies print other constraints beside it
            return MEMCG
        if self.summary is not None:
            return self.summary.constraint
        known = self.header_mems_allowed is not None
        if known and self.header_nodemask not in (None, "(null)", self.header_mems_allowed):
            return MEMORY_POLICY
        return None

    @property
    def nodemask(self) -> str | None:
        """The asker's allowed nodes under a memory policy, as printed."""
        if self.summary is not None:
            return self.summary.nodemask
        return self.header_nodemask if self.constraint == MEMORY_POLICY else None

    @property
    def limited_cgroup(self) -> str | None:
        """The cgroup whose limit was reached."""
        return self.summary.oom_memcg if self.summary else self.memcg_limited

    @property
    def key_lines(self) -> tuple[LogLine, ...]:
        """The lines that name asker, constraint and victim: the ones to cite."""
        summary = self.summary.line if self.summary else None
        return tuple(
            line
            for line in (self.header, self.memcg_line, summary, *self.kill_lines[:1])
            if line is not None
        )

    @property
    def from_kernel(self) -> bool:
        """Whether each line that went into the report states facility kern."""
        return self.all_stated and bool(self.key_lines)


_TASK_ROW = re.compile(r"^\[ *(\d{1,9})\] +(\d.*)$")
_PAGES = re.compile(r"\d{1,18}")


def _task_row(text: str, columns: Sequence[str]) -> TaskRow | None:
    """A row of the task table; its columns are those of the header above it, the name is the rest
    of the line. None where there is no column rss, or no number of pages in it.
    """
    found = _TASK_ROW.match(text)
    values = found[2].split(maxsplit=len(columns) - 1) if found else []
    if found is None or len(values) != len(columns):
        return None
    row = dict(zip(columns, values, strict=True))
    pages = _PAGES.fullmatch(row.get("rss", ""))  # the header's first and last only are certain
    return TaskRow(int(found[1]), row["name"], int(pages[0])) if pages else None


def unit_of_cgroup(cgroup: str) -> str | None:
    """The systemd unit that a cgroup path ends in: /system.slice/ranker.service is
    ranker.service.
    """
    last = cgroup.rsplit("/", 1)[-1]
    return last if last.endswith((".service", ".scope")) else None


_ORDER = re.compile(r", +order=(-?\d{1,4})")
_GFP = re.compile(r"gfp_mask=(\S+?)(?:,|$)")
_HEADER_NODEMASK = re.compile(r"nodemask=(\(null\)|[\d,-]+?), +order=")


def request_of(header: str) -> dict[str, Any]:
    """Order, mask and nodemask that the rest of a header states, as fields of a report; a bare kill
    line has no header.
    """
    if not header:
        return {}
    order, gfp, nodemask = (
        _ORDER.search(header),
        _GFP.search(header),
        _HEADER_NODEMASK.search(header),
    )
    return {
        "order": int(order[1]) if order else None,
        "gfp_mask": gfp[1] if gfp else None,
        "header_nodemask": nodemask[1] if nodemask else None,
    }
