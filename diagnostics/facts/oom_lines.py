"""The lines of an OOM report, each by the words that only it has, and what each adds to the report
(mm/oom_kill.c, mm/show_mem.c).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from diagnostics.facts.log_lines import LogLine
from diagnostics.facts.oom_report import OomReport, Summary, Zone, request_of, unit_of_cgroup
from diagnostics.model import Kill, Task


class Draft:
    """A report while its lines come in. A taker returns the next draft where its line begins one.

    No dataclass: a text of headers only makes one of each line, and factories of defaults take half
    as long again.
    """

    __slots__ = (
        "all_stated",
        "asked",
        "chosen",
        "columns",
        "fields",
        "kill_lines",
        "kills",
        "node",
        "pids",
        "rows",
        "unread",
        "zones",
    )

    def __init__(self, fields: dict[str, Any] | None = None, asked: str = "") -> None:
        self.fields: dict[str, Any] = {} if fields is None else fields
        self.zones: tuple[Zone, ...] = ()
        self.rows: list[str] = []
        self.kills: list[Kill] = []  # with memory.oom.group there are many
        self.pids: set[int] = set()
        self.all_stated = True
        self.unread: LogLine | None = None
        self.kill_lines: list[LogLine] = []
        self.columns: tuple[str, ...] = ()
        self.asked = asked  # what the header says of the request
        self.node = 0  # of zone lines that do not name theirs
        self.chosen: Task | None = None

    @property
    def names_a_victim(self) -> bool:
        """Whether a kill line or the summary came: then it is a report of a kill."""
        return bool(self.kills or "summary" in self.fields)

    @property
    def is_partial(self) -> bool:
        """Only the beginning is there, or it ended in a panic; a task that was chosen is no kill
        line, either.
        """
        return ("header" in self.fields or self.chosen is not None) and not self.names_a_victim

    def finished(self) -> OomReport:
        """The report; where the kill line did not come, another line still names the victim,
        without sizes or time.
        """
        kills = tuple(self.kills)
        summary = self.fields.get("summary")
        victim = summary.victim if summary else self.chosen
        if not kills and victim is not None:
            kills = (Kill(None, victim, None, None, None, None, self.fields.get("invoker"), None),)
        return OomReport(
            **self.fields,
            **request_of(self.asked),
            columns=self.columns,
            zones=self.zones,
            rows=tuple(self.rows),
            kills=kills,
            kill_lines=tuple(self.kill_lines),
            all_stated=self.all_stated,
        )


_HEADER = " invoked oom-killer"
_MEMS_ALLOWED = re.compile(r"^.{1,15} cpuset=.* mems_allowed=([\d,-]+)$")
_CPU = re.compile(
    r"^(?:CPU: \d+ (?:UID: \d+ )?PID|Pid): (\d{1,9}),? [Cc]omm: (.{1,15}?) (?:Not tainted"
    r"|Tainted|Kdump)"
)
_SLAB = re.compile(r"(?:^|\s)slab_reclaimable:(\d{1,15}) slab_unreclaimable:(\d{1,15})(?:\s|$)")
_FREE = re.compile(r"(?:^|\s)free:(\d{1,15}) (?:free_pcp:|slab|free_cma)")
# without NUMA no node is printed
_ZONE = re.compile(r"^(?:Node (\d{1,4}) )?(DMA|DMA32|Normal|HighMem|Movable|Device) free:")
# the first half of a line that another CPU's message split
_NODE_ALONE = re.compile(r"^Node (\d{1,4}) ?$")
_PAIR = re.compile(r"\b(free|min|low|high|managed|free_cma):(\d{1,15})kB")
_HUGEPAGES = re.compile(r"^Node (\d{1,4}) hugepages_total=(\d{1,9}) .*hugepages_size=(\d{1,9})kB")
_NODE_SHMEM = re.compile(r"^Node (\d{1,4}) (?:active_anon|\w+ free):.*? shmem:(\d{1,15})kB")
_RESERVE = re.compile(r"^lowmem_reserve\[\]:((?: \d{1,15})+) *$")
_BUDDY = re.compile(
    r"^(?:Node (\d{1,4}) )?(DMA|DMA32|Normal|HighMem|Movable|Device): (\d+\*\d{1,6}kB .*) ="
)
_BLOCKS = re.compile(r"\b(\d{1,12})\*(\d{1,9})kB")
_TASK_HEADER = re.compile(r"^\[ +pid +\] +(uid .* name)$")
_SUMMARY = re.compile(r"oom-kill:constraint=(\w+),nodemask=(\(null\)|\d[\d-]*(?:,\d[\d-]*)*)")
_SUMMARY_MEMS = re.compile(r",mems_allowed=([\d,-]*?),(?:global_oom|oom_memcg=|task=)")
_SUMMARY_PID = re.compile(r"\d{1,9}(?=,uid|$)")
COMM_CHARS = 15  # TASK_COMM_LEN of the kernel, less the terminating byte
_KILL = re.compile(
    r"^(?P<message>(?:Out of [Mm]emory|Memory cgroup out of memory|No available memory)[\w ()]*: )?"
    r"Killed process (?P<pid>\d{1,9}),? ?(?:UID \d+,? )?\((?P<comm>.{0,64})\)"
    r"(?=[,. ]*(?:total-vm:|vsz:|$))"
)
_SIZE = re.compile(r"(total-vm|vsz|anon-rss|file-rss|shmem-rss):(\d{1,15})kB")
_CHOSEN = re.compile(
    r"^(?P<message>[\w ()]*): [Kk]ill process (?P<pid>\d{1,9}) \((?P<comm>.{0,64})\) score "
)
_MEMCG_USAGE = re.compile(r"^memory: usage (\d{1,18})kB, limit (\d{1,18})kB, failcnt \d+ *$")
_MEMCG_TASK = re.compile(r"^Task in (.*) killed as a result of limit of (.*)$")


def _take_header(_: Draft, line: LogLine) -> Draft | None:
    text = line.text
    named = text.find(_HEADER, 0, COMM_CHARS + len(_HEADER))
    if named < 0:
        return None
    return Draft({"header": line, "invoker_comm": text[:named]}, asked=text[named + len(_HEADER) :])


def _take_mems_allowed(draft: Draft, line: LogLine) -> None:
    if found := _MEMS_ALLOWED.match(line.text):
        draft.fields.setdefault("header_mems_allowed", found[1])


def _take_cpu(draft: Draft, line: LogLine) -> None:
    if (found := _CPU.match(line.text)) and draft.fields.get("invoker_comm") in (None, found[2]):
        draft.fields.setdefault("invoker", Task(comm=found[2], pid=int(found[1])))


def _take_free(draft: Draft, line: LogLine) -> None:
    if found := _FREE.search(line.text):
        draft.fields.setdefault("free_pages", int(found[1]))


def _take_slab(draft: Draft, line: LogLine) -> None:
    if found := _SLAB.search(line.text):
        draft.fields.setdefault("slab_pages", int(found[1]) + int(found[2]))
        draft.fields.setdefault("hard_slab_pages", int(found[2]))


def _take_node_alone(draft: Draft, line: LogLine) -> None:
    if found := _NODE_ALONE.match(line.text):
        draft.node = int(found[1])


def _take_zone(draft: Draft, line: LogLine) -> None:
    if not (found := _ZONE.match(line.text)):
        return
    sizes: dict[str, int] = {}
    for name, kb in _PAIR.findall(line.text):
        sizes.setdefault(name, int(kb))
    if {"free", "min", "low", "high"} <= sizes.keys():
        node, watermarks = int(found[1] or draft.node), (sizes["min"], sizes["low"], sizes["high"])
        draft.zones += (
            Zone(
                node,
                found[2],
                sizes["free"],
                *watermarks,
                sizes.get("managed"),
                sizes.get("free_cma", 0),
            ),
        )


def _take_hugepages(draft: Draft, line: LogLine) -> None:
    if found := _HUGEPAGES.match(line.text):
        draft.fields["hugepages"] = (
            *draft.fields.get("hugepages", ()),
            (int(found[1]), int(found[2]) * int(found[3])),
        )


def _take_node(draft: Draft, line: LogLine) -> None:
    if found := _NODE_SHMEM.match(line.text):
        draft.fields["shmem"] = (*draft.fields.get("shmem", ()), (int(found[1]), int(found[2])))


def _take_reserve(draft: Draft, line: LogLine) -> None:
    if (found := _RESERVE.match(line.text)) and draft.zones:
        reserve = max(int(pages) for pages in found[1].split())
        draft.zones = (*draft.zones[:-1], draft.zones[-1]._replace(reserve_pages=reserve))


def _take_buddy(draft: Draft, line: LogLine) -> None:
    """The free blocks of a zone; the first block's size is the page size, which nothing else in the
    report says.
    """
    if not (found := _BUDDY.match(line.text)):
        return
    blocks = [(int(count), int(kb)) for count, kb in _BLOCKS.findall(found[3])]
    draft.fields.setdefault("page_kb", blocks[0][1])
    free = tuple(count for count, _ in blocks)
    draft.zones = tuple(
        zone._replace(blocks=free)
        if found[1] in (None, str(zone.node)) and zone.name == found[2] and not zone.blocks
        else zone
        for zone in draft.zones
    )


def _take_task_header(draft: Draft, line: LogLine) -> None:
    if found := _TASK_HEADER.match(line.text):
        draft.columns = tuple(found[1].split())


def _take_task_row(draft: Draft, line: LogLine) -> None:
    if draft.columns:
        draft.rows.append(line.text)


def _take_summary(draft: Draft, line: LogLine) -> Draft | None:
    unwrapped = line.text.replace(" ,", ",").replace(", ", ",")  # a mail wraps at a comma
    summary = _summary(line.text, line) or _summary(unwrapped, line)
    if summary is None:
        return None
    if "summary" in draft.fields or draft.kills:
        return Draft({"summary": summary})
    draft.fields["summary"] = summary
    return None


def _summary(text: str, line: LogLine) -> Summary | None:
    """The fields of an `oom-kill:` line. Names are anybody's, so each field is looked for once,
    from the side where no name stands.
    """
    begin = _SUMMARY.match(text)
    before, _, after = text.rpartition(",pid=")
    pid = _SUMMARY_PID.match(after)
    named = before.find(",task=", max(len(before) - COMM_CHARS - len(",task="), 0))
    if begin is None or pid is None or named < 0:
        return None
    mems = _SUMMARY_MEMS.search(text, begin.end())
    _, _, limited = before[:named].partition(",oom_memcg=")
    oom_memcg, _, task_memcg = (limited or before[:named]).partition(",task_memcg=")
    return Summary(
        constraint=begin[1],
        nodemask=None if begin[2] == "(null)" else begin[2],
        mems_allowed=mems[1] if mems else "",
        oom_memcg=oom_memcg if limited else None,
        task_memcg=task_memcg,  # a kernel without memory cgroups prints none
        victim=Task(before[named + len(",task=") :], int(pid[0]), unit_of_cgroup(task_memcg)),
        line=line,
    )


def _take_chosen(draft: Draft, line: LogLine) -> Draft | None:
    """Up to 5.1 the wording comes on a line of its own, before the one with the sizes; the victim
    may then be a child.
    """
    if not (found := _CHOSEN.match(line.text)):
        return None
    # a choice that nothing came of is forgotten
    begins = bool(draft.kills or (draft.chosen and draft.fields))
    if begins:
        draft = Draft()
    draft.chosen = Task(found["comm"], int(found["pid"]))
    if "Memory cgroup" in found["message"]:
        draft.fields["memcg_kill"] = True
    return draft if begins else None


def _take_kill(draft: Draft, line: LogLine) -> Draft | None:
    if not (found := _KILL.match(line.text)):
        draft.unread = draft.unread or line
        return None
    message, pid, comm = found["message"], int(found["pid"]), found["comm"]
    if pid in draft.pids:
        return None  # with memory.oom.group the chosen victim is printed twice
    begins = _is_another(draft, comm)
    if begins:
        draft = Draft()
    summary = draft.fields.get("summary")
    sizes = {name: int(kb) for name, kb in _SIZE.findall(line.text, found.end("comm"))}
    kill = Kill(
        at=line.at,
        task=Task(
            comm, pid, summary.victim.unit if summary and summary.victim.pid == pid else None
        ),
        total_vm_kb=sizes.get("total-vm", sizes.get("vsz")),
        anon_rss_kb=sizes.get("anon-rss"),
        file_rss_kb=sizes.get("file-rss"),
        shmem_rss_kb=sizes.get("shmem-rss"),
        invoker=draft.fields.get("invoker"),
        line=line.number,
    )
    draft.pids.add(pid)
    draft.kills.append(kill)
    draft.kill_lines.append(line)
    if message and "Memory cgroup" in message:
        draft.fields["memcg_kill"] = True
    return draft if begins else None


def _is_another(draft: Draft, comm: str) -> bool:
    """Whether a kill line begins a report: another was killed already, or the summary names a task
    of another name.

    With memory.oom.group one report kills many; up to 5.1, where a line names the task that was
    chosen, a child of it may die.
    """
    if draft.fields.get("whole_group"):
        return False
    summary = draft.fields.get("summary")
    return bool(draft.kills) or (
        summary is not None and draft.chosen is None and summary.victim.comm != comm
    )


def _take_group(draft: Draft, _line: LogLine) -> None:
    draft.fields["whole_group"] = True


def _take_memcg_usage(draft: Draft, line: LogLine) -> None:
    if found := _MEMCG_USAGE.match(line.text):
        draft.fields.update(
            memcg_usage_kb=int(found[1]), memcg_limit_kb=int(found[2]), memcg_line=line
        )


def _take_memcg_task(draft: Draft, line: LogLine) -> None:
    if found := _MEMCG_TASK.match(line.text):
        draft.fields.update(memcg_of_task=found[1], memcg_limited=found[2])


Taker = tuple[str, Callable[[Draft, LogLine], Draft | None]]
# lines that may begin with anything: a task's name, or what was glued to them
ANYWHERE: tuple[Taker, ...] = (
    ("invoked oom-killer", _take_header),
    (" mems_allowed=", _take_mems_allowed),
    ("ill process ", _take_chosen),
    ("illed process", _take_kill),
    ("free:", _take_free),
    ("slab_reclaimable:", _take_slab),
)
# the words that are looked for besides, by a line's first character: a report is long
BY_FIRST: dict[str, tuple[Taker, ...]] = {
    "[": ((" name", _take_task_header), ("]", _take_task_row)),
    "N": (
        (" free:", _take_zone),
        (" = ", _take_buddy),
        (" shmem:", _take_node),
        (" hugepages_total=", _take_hugepages),
        ("Node ", _take_node_alone),
    ),
    "D": ((" free:", _take_zone), (" = ", _take_buddy)),
    "H": ((" free:", _take_zone), (" = ", _take_buddy)),
    "M": ((" free:", _take_zone), (" = ", _take_buddy)),
    "l": (("lowmem_reserve[]", _take_reserve),),
    "o": (("oom-kill:constraint", _take_summary),),
    "C": ((" PID: ", _take_cpu),),
    "P": (("Pid: ", _take_cpu),),
    "T": (
        ("memory.oom.group set", _take_group),
        ("killed as a result of limit of", _take_memcg_task),
    ),
    "m": (("memory: usage", _take_memcg_usage),),
}
BY_FIRST = {
    first: (*takers, *ANYWHERE[: 4 if first in "[Nl" else None])
    for first, takers in BY_FIRST.items()
} | {" ": ANYWHERE[4:]}
