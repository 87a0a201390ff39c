"""OOM reports out of kernel log lines: what `dump_header` and `__oom_kill_process` print (mm/oom_kill.c), by shape, never by version.

    ranker invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|...), order=0, oom_score_adj=0        the task that asked
    CPU: 0 PID: 388 Comm: ranker Not tainted 6.1.0-56-cloud-amd64 #1                                         its thread id
    free:2035976 free_pcp:66 free_cma:0                                    pages, over all nodes, those not shown included
    Node 1 Normal free:44988kB boost:0kB min:45160kB low:56448kB high:67736kB ... managed:8222888kB          each zone shown
    oom-kill:constraint=CONSTRAINT_MEMORY_POLICY,nodemask=1,...,task=ranker,pid=388,uid=0                    5.0 and later
    Out of memory: Killed process 388 (ranker) total-vm:6226908kB, anon-rss:6224784kB, ...                   the victim

Every field is optional: a ring buffer loses heads, rate limiting leaves bare kill lines, a cut takes the tail. A report is what stands
between one `invoked oom-killer` and the next; lines that the kernel did not write (stated facility other than kern) never enter one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from diagnostics.facts.log_lines import Facility, LogLine
from diagnostics.model import Kill, Task

MEMORY_POLICY = "CONSTRAINT_MEMORY_POLICY"
MEMCG = "CONSTRAINT_MEMCG"
NONE = "CONSTRAINT_NONE"


@dataclass(frozen=True)
class Zone:
    """One zone of one node at the kill. `reserve_pages` is lowmem_reserve for the request that may use every zone."""

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


@dataclass(frozen=True)
class TaskRow:
    """A process that this OOM could have killed; rss over all nodes, in pages."""

    pid: int
    comm: str
    rss_pages: int


@dataclass(frozen=True)
class Summary:
    """The `oom-kill:` line: the constraint and masks are the asker's, the task is the victim. Lists as printed; None is `(null)`."""

    constraint: str
    nodemask: str | None
    mems_allowed: str
    oom_memcg: str | None
    task_memcg: str
    victim: Task
    line: LogLine


@dataclass(frozen=True)
class OomReport:
    """One run of the OOM killer, as far as its lines are there. `kills` is empty until a victim is named."""

    header: LogLine | None = None
    invoker: Task | None = None
    invoker_comm: str | None = None
    order: int | None = None
    gfp_mask: str | None = None
    header_nodemask: str | None = None
    header_mems_allowed: str | None = None
    free_pages: int | None = None
    page_kb: int | None = None
    zones: tuple[Zone, ...] = ()
    tasks: tuple[TaskRow, ...] = ()
    summary: Summary | None = None
    memcg_kill: bool = False
    memcg_usage_kb: int | None = None
    memcg_limit_kb: int | None = None
    memcg_limited: str | None = None
    memcg_of_task: str | None = None
    memcg_line: LogLine | None = None
    whole_group: bool = False
    kills: tuple[Kill, ...] = ()
    kill_lines: tuple[LogLine, ...] = ()

    @property
    def constraint(self) -> str | None:
        """The constraint as printed, or as 4.14 to 4.19 give it away: a nodemask in the header is a memory policy's.

        Kernel 4.9 prints mems_allowed there when there is no policy (v4.9 mm/oom_kill.c dump_header), so equal lists tell nothing.
        """
        if self.memcg_kill or self.memcg_limited is not None:
            return MEMCG  # the kill line's own wording; 5.2 and BPF policies print other constraints beside it
        if self.summary is not None:
            return self.summary.constraint
        if self.header_nodemask not in (None, "(null)", self.header_mems_allowed):
            return MEMORY_POLICY
        return None

    @property
    def nodemask(self) -> str | None:
        """The asker's allowed nodes under a memory policy, as printed."""
        if self.summary is not None:
            return self.summary.nodemask
        return self.header_nodemask if self.constraint == MEMORY_POLICY else None

    @property
    def key_lines(self) -> tuple[LogLine, ...]:
        """The lines that name asker, constraint and victim: the ones to cite."""
        summary = self.summary.line if self.summary else None
        return tuple(line for line in (self.header, self.memcg_line, summary, *self.kill_lines[:1]) if line is not None)

    @property
    def from_kernel(self) -> bool:
        """Whether each key line states facility kern."""
        return bool(self.key_lines) and all(line.facility is Facility.KERNEL for line in self.key_lines)


def read_reports(lines: Iterable[LogLine]) -> tuple[OomReport, ...]:
    """Every report with at least one named victim, in the order of the log."""
    drafts: list[_Draft] = [_Draft()]
    for line in lines:
        if line.facility is Facility.OTHER:
            continue
        flat = replace(line, text=_flat(line.text)) if "\n" in line.text else line
        for marker, take in _TAKERS:
            if marker in flat.text:
                take(drafts, flat)
    return tuple(report for draft in drafts if (report := draft.finished()).kills)


def _flat(text: str) -> str:
    """A record of several lines, or one that a mail program wrapped, as one line."""
    return " ".join(part.strip() for part in text.split("\n"))


def claims_oom(line: LogLine) -> bool:
    """Whether a line has the words of an OOM report; used to say that somebody else than the kernel wrote some."""
    return any(words in line.text for words in ("invoked oom-killer", "oom-kill:constraint", "Killed process"))


@dataclass
class _Draft:
    report: OomReport = OomReport()
    zones: list[Zone] = field(default_factory=list)
    tasks: list[TaskRow] = field(default_factory=list)
    kills: list[Kill] = field(default_factory=list)
    kill_lines: list[LogLine] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    node: int = 0  # of zone lines that do not name theirs
    chosen: Task | None = None

    def set(self, **fields: object) -> None:
        self.report = replace(self.report, **fields)  # type: ignore[arg-type] # each taker passes fields of OomReport

    def finished(self) -> OomReport:
        """The report; where the kill line did not come, another line still names the victim, without sizes or time."""
        kills = tuple(self.kills)
        victim = self.report.summary.victim if self.report.summary else self.chosen
        if not kills and victim is not None:
            kills = (Kill(None, victim, None, None, None, None, self.report.invoker, None),)
        return replace(self.report, zones=tuple(self.zones), tasks=tuple(self.tasks), kills=kills, kill_lines=tuple(self.kill_lines))


# a console may glue the header to what a program printed last; it names no victim, so nothing is believed too much
_HEADER = re.compile(r"^(?:.*\[ *\d+\.\d+\] )?(?P<comm>.{0,15}) invoked oom-killer:? ?(?P<rest>.*)$")
_ORDER = re.compile(r", +order=(-?\d{1,4})")
_HEADER_NODEMASK = re.compile(r"nodemask=(\(null\)|[\d,-]+?), +order=")
_MEMS_ALLOWED = re.compile(r"^.{1,15} cpuset=.* mems_allowed=([\d,-]+)$")
_CPU = re.compile(r"^(?:CPU: \d+ (?:UID: \d+ )?PID|Pid): (\d{1,9}),? [Cc]omm: (.{1,15}?) (?:Not tainted|Tainted|Kdump)")
_FREE = re.compile(r"(?:^|\s)free:(\d{1,15}) (?:free_pcp:|slab|free_cma)")
_ZONE = re.compile(r"^(?:Node (\d{1,4}) )?(DMA|DMA32|Normal|HighMem|Movable|Device) free:")  # without NUMA no node is printed
_NODE_ALONE = re.compile(r"^Node (\d{1,4}) ?$")  # the first half of a line that another CPU's message split
_PAIR = re.compile(r"\b(free|min|low|high|managed|free_cma):(\d{1,15})kB")
_RESERVE = re.compile(r"^lowmem_reserve\[\]:((?: \d{1,15})+) *$")
_BUDDY = re.compile(r"^(?:Node (\d{1,4}) )?(DMA|DMA32|Normal|HighMem|Movable|Device): (\d+\*\d{1,6}kB .*) =")
_BLOCKS = re.compile(r"\b(\d{1,12})\*(\d{1,9})kB")
_GFP = re.compile(r"gfp_mask=(\S+?)(?:,|$)")
_TASK_HEADER = re.compile(r"^\[ +pid +\] +(uid .* name)$")
_TASK_ROW = re.compile(r"^\[ *(\d{1,9})\] +(\d.*)$")
_SUMMARY = re.compile(
    r"^oom-kill:constraint=(?P<constraint>\w+),nodemask=(?P<nodemask>\(null\)|[\d,-]+)(?:,cpuset=.*?)?(?:,mems_allowed=(?P<mems>[\d,-]*))?,"
    r"(?:global_oom|oom_memcg=(?P<oom_memcg>.*?)),task_memcg=(?P<task_memcg>.*),task=(?P<task>.*),pid=(?P<pid>\d{1,9})(?:,uid.*)?$"
)
_KILL = re.compile(
    r"^(?P<message>[\w ()]*: )?Killed process (?P<pid>\d{1,9}),? ?(?:UID \d+,? )?\((?P<comm>.{0,64})\)"
    r"(?=[,. ]*(?:total-vm:|vsz:|$))(?P<sizes>.*)$"
)
_SIZE = re.compile(r"(total-vm|vsz|anon-rss|file-rss|shmem-rss):(\d{1,15})kB")
_CHOSEN = re.compile(r"^(?P<message>[\w ()]*): [Kk]ill process (?P<pid>\d{1,9}) \((?P<comm>.{0,64})\) score ")
_MEMCG_USAGE = re.compile(r"^memory: usage (\d{1,18})kB, limit (\d{1,18})kB, failcnt \d+ *$")
_MEMCG_TASK = re.compile(r"^Task in (.*) killed as a result of limit of (.*)$")


def _take_header(drafts: list[_Draft], line: LogLine) -> None:
    found = _HEADER.match(line.text)
    if found is None:
        return
    drafts.append(_Draft())
    order, gfp = _ORDER.search(found["rest"]), _GFP.search(found["rest"])
    nodemask = _HEADER_NODEMASK.search(found["rest"])
    drafts[-1].set(
        header=line,
        invoker_comm=found["comm"],
        order=int(order[1]) if order else None,
        gfp_mask=gfp[1] if gfp else None,
        header_nodemask=nodemask[1] if nodemask else None,
    )


def _take_mems_allowed(drafts: list[_Draft], line: LogLine) -> None:
    if (found := _MEMS_ALLOWED.match(line.text)) and drafts[-1].report.header_mems_allowed is None:
        drafts[-1].set(header_mems_allowed=found[1])


def _take_cpu(drafts: list[_Draft], line: LogLine) -> None:
    report = drafts[-1].report
    if (found := _CPU.match(line.text)) and report.invoker is None and report.invoker_comm in (None, found[2]):
        drafts[-1].set(invoker=Task(comm=found[2], pid=int(found[1])))


def _take_free(drafts: list[_Draft], line: LogLine) -> None:
    if (found := _FREE.search(line.text)) and drafts[-1].report.free_pages is None:
        drafts[-1].set(free_pages=int(found[1]))


def _take_node_alone(drafts: list[_Draft], line: LogLine) -> None:
    if found := _NODE_ALONE.match(line.text):
        drafts[-1].node = int(found[1])


def _take_zone(drafts: list[_Draft], line: LogLine) -> None:
    if not (found := _ZONE.match(line.text)):
        return
    sizes: dict[str, int] = {}
    for name, kb in _PAIR.findall(line.text):
        sizes.setdefault(name, int(kb))
    if {"free", "min", "low", "high"} <= sizes.keys():
        node, watermarks = int(found[1] or drafts[-1].node), (sizes["min"], sizes["low"], sizes["high"])
        drafts[-1].zones.append(Zone(node, found[2], sizes["free"], *watermarks, sizes.get("managed"), sizes.get("free_cma", 0)))


def _take_reserve(drafts: list[_Draft], line: LogLine) -> None:
    if (found := _RESERVE.match(line.text)) and drafts[-1].zones:
        reserve = max(int(pages) for pages in found[1].split())
        drafts[-1].zones[-1] = replace(drafts[-1].zones[-1], reserve_pages=reserve)


def _take_buddy(drafts: list[_Draft], line: LogLine) -> None:
    """The free blocks of a zone; the first block's size is the page size, which nothing else in the report says."""
    if not (found := _BUDDY.match(line.text)):
        return
    draft = drafts[-1]
    blocks = [(int(count), int(kb)) for count, kb in _BLOCKS.findall(found[3])]
    if draft.report.page_kb is None:
        draft.set(page_kb=blocks[0][1])
    for n, zone in enumerate(draft.zones):
        if found[1] in (None, str(zone.node)) and zone.name == found[2] and not zone.blocks:
            draft.zones[n] = replace(zone, blocks=tuple(count for count, _ in blocks))


def _take_task_header(drafts: list[_Draft], line: LogLine) -> None:
    if found := _TASK_HEADER.match(line.text):
        drafts[-1].columns = tuple(found[1].split())


def _take_task_row(drafts: list[_Draft], line: LogLine) -> None:
    """A row of the task table; its columns are those of the header above it, the name is the rest of the line."""
    columns = drafts[-1].columns
    if not columns or not (found := _TASK_ROW.match(line.text)):
        return
    values = found[2].split(maxsplit=len(columns) - 1)
    row = dict(zip(columns, values, strict=False))
    if len(values) == len(columns) and row["rss"].isdecimal():
        drafts[-1].tasks.append(TaskRow(int(found[1]), row["name"], int(row["rss"])))


def _take_summary(drafts: list[_Draft], line: LogLine) -> None:
    found = _SUMMARY.match(line.text) or _SUMMARY.match(line.text.replace(" ,", ",").replace(", ", ","))  # wrapped at a comma
    if found is None:
        return
    if drafts[-1].report.summary is not None or drafts[-1].kills:
        drafts.append(_Draft())
    summary = Summary(
        constraint=found["constraint"],
        nodemask=None if found["nodemask"] == "(null)" else found["nodemask"],
        mems_allowed=found["mems"] or "",
        oom_memcg=found["oom_memcg"],
        task_memcg=found["task_memcg"],
        victim=Task(found["task"], int(found["pid"]), unit_of(found["task_memcg"])),
        line=line,
    )
    drafts[-1].set(summary=summary)


def _take_chosen(drafts: list[_Draft], line: LogLine) -> None:
    """Up to 5.1 the wording comes on a line of its own, before the one with the sizes; the victim may then be a child."""
    if not (found := _CHOSEN.match(line.text)):
        return
    if drafts[-1].kills or drafts[-1].chosen:
        drafts.append(_Draft())
    drafts[-1].chosen = Task(found["comm"], int(found["pid"]))
    if "Memory cgroup" in found["message"]:
        drafts[-1].set(memcg_kill=True)


def _take_kill(drafts: list[_Draft], line: LogLine) -> None:
    if not (found := _KILL.match(line.text)):
        return
    pid = int(found["pid"])
    if any(kill.task.pid == pid for kill in drafts[-1].kills):
        return  # with memory.oom.group the chosen victim is printed twice
    if drafts[-1].kills and not drafts[-1].report.whole_group:
        drafts.append(_Draft())
    draft = drafts[-1]
    summary = draft.report.summary
    sizes = {name: int(kb) for name, kb in _SIZE.findall(found["sizes"])}
    kill = Kill(
        at=line.at,
        task=Task(found["comm"], pid, summary.victim.unit if summary and summary.victim.pid == pid else None),
        total_vm_kb=sizes.get("total-vm", sizes.get("vsz")),
        anon_rss_kb=sizes.get("anon-rss"),
        file_rss_kb=sizes.get("file-rss"),
        shmem_rss_kb=sizes.get("shmem-rss"),
        invoker=draft.report.invoker,
        line=line.number,
    )
    draft.kills.append(kill)
    draft.kill_lines.append(line)
    if "Memory cgroup" in (found["message"] or ""):
        draft.set(memcg_kill=True)


def _take_group(drafts: list[_Draft], _line: LogLine) -> None:
    drafts[-1].set(whole_group=True)


def _take_memcg_usage(drafts: list[_Draft], line: LogLine) -> None:
    if found := _MEMCG_USAGE.match(line.text):
        drafts[-1].set(memcg_usage_kb=int(found[1]), memcg_limit_kb=int(found[2]), memcg_line=line)


def _take_memcg_task(drafts: list[_Draft], line: LogLine) -> None:
    if found := _MEMCG_TASK.match(line.text):
        drafts[-1].set(memcg_of_task=found[1], memcg_limited=found[2])


def unit_of(cgroup: str) -> str | None:
    """The systemd unit that a cgroup path ends in: /system.slice/ranker.service is ranker.service."""
    last = cgroup.rsplit("/", 1)[-1]
    return last if last.endswith((".service", ".scope")) else None


_TAKERS: tuple[tuple[str, Callable[[list[_Draft], LogLine], None]], ...] = (
    ("invoked oom-killer", _take_header),
    (" mems_allowed=", _take_mems_allowed),
    (" PID: ", _take_cpu),
    ("Pid: ", _take_cpu),
    ("free:", _take_free),
    ("Node ", _take_node_alone),
    (" free:", _take_zone),
    ("lowmem_reserve[]", _take_reserve),
    (" = ", _take_buddy),
    ("oom_score_adj name", _take_task_header),
    ("[", _take_task_row),
    ("oom-kill:constraint", _take_summary),
    ("ill process", _take_chosen),
    ("Killed process", _take_kill),
    ("memory.oom.group set", _take_group),
    ("memory: usage", _take_memcg_usage),
    ("killed as a result of limit of", _take_memcg_task),
)
