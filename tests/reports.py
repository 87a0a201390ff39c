"""Reports on any number of hosts, for tests of how they are told: many hosts of few templates, with
any text in them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from diagnostics.bundle import Missing
from diagnostics.collect import ssh_failures as because
from diagnostics.collect.ssh import Target
from diagnostics.engine import not_reached, report_on
from diagnostics.model import (
    Citation,
    Confidence,
    Disk,
    End,
    Examined,
    Explained,
    Finding,
    Growing,
    Holder,
    HostReport,
    Judgement,
    Kill,
    MemoryPicture,
    Moment,
    NodeMemory,
    NotExamined,
    ReachedLimit,
    Remedy,
    Report,
    Task,
    Victim,
)

MOST_HOSTS, MOST_GROUPS = 2_000, 60
TAKEN = datetime(2026, 11, 22, 21, 55, tzinfo=UTC)
AWKWARD = (
    "x" * 5_000,
    "/srv/" + "a-" * 400,
    "one two\nthree\r\n\x1b[2Jfour",
    "\u202egnp.exe\u2066",
    "<!channel> &amp; " * 60,
    "\U0001f6a8\ud800\x00\u3164" * 60,
    "日本語のサービス名" * 40,
    '"\\' * 300,
    "",
    " ",
)
any_text = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.characters(exclude_categories=()), max_size=80),
    st.sampled_from(("web1", "12 s")),
)
CODES = ("membind-oom", "cpuset-oom", "memcg-oom", "segfault", "disk-full")
tables = st.dictionaries(st.sampled_from(CODES), any_text, max_size=5)
# why something is not known is always said
reasons = st.dictionaries(st.sampled_from(CODES), any_text.filter(bool), max_size=5)


def web(number: int) -> str:
    """A name as an inventory has it."""
    return f"web{number}"


def refused(name: str) -> HostReport:
    """A host on which nothing listens."""
    target = Target(name, f"10.0.0.{len(name)}", 22, "sevbot-probe")
    return not_reached(name, Missing(because.refused(target.where, "22")))


@dataclass(frozen=True)
class Template:
    """What many hosts have in common. `numbered` texts end in the host's own number."""

    host: HostReport
    finding: Finding | None
    is_numbered: bool

    def made(self, name: str, number: int, headlines: Sequence[str]) -> HostReport:
        """The host of this number; its finding is one of the groups'."""
        if isinstance(self.host, NotExamined):
            return replace(self.host, host=name, error=self._error(self.host.error, name, number))
        host = replace(self.host, host=name)
        if self.is_numbered:
            host = replace(
                host, clear={code: f"{text} {number}" for code, text in host.clear.items()}
            )
        if self.finding is None or not headlines:
            return host
        group = number % len(headlines)
        return replace(
            host, findings=(replace(self.finding, code=f"code-{group}", headline=headlines[group]),)
        )

    def _error(self, error: str, name: str, number: int) -> str:
        if not self.is_numbered:
            return error
        return because.refused(
            Target(name, f"10.0.{number // 250}.{number % 250}", 22, "x").where, "22"
        )


kills = st.builds(
    lambda comm, pid: Kill(Moment(9.0, TAKEN), Task(comm, pid), None, None, None, None, None, pid),
    any_text,
    st.integers(1, 99_999),
)
sizes_kb = st.sampled_from((0, 1, 44_964, 8_183_808, 2**40))
maybe_kb = st.none() | sizes_kb
moments = st.sampled_from(
    (None, Moment(9.25), Moment(None, TAKEN), Moment(1e-6, TAKEN + timedelta(microseconds=1)))
)
tasks = st.builds(Task, any_text, st.integers(0, 99_999), st.none() | any_text)
ends = st.builds(
    End,
    unit=any_text,
    how=st.none() | any_text,
    teller=any_text,
    times=st.integers(1, 99),
    first_at=moments,
    last_at=moments,
    every_s=st.none() | st.floats(0, 1e6),
    restarts=st.none() | st.integers(0, 99),
)
disks = st.builds(
    Disk,
    mount=any_text,
    kind=any_text,
    what=st.sampled_from(("space", "inodes")),
    free=sizes_kb,
    total=st.just(2**41),
)
limits = st.builds(
    ReachedLimit,
    what=any_text,
    whose=st.none() | any_text,
    unit=st.sampled_from(("kB", "tasks")),
    limit=maybe_kb,
    used=maybe_kb,
)
growths = st.builds(
    Growing,
    task=tasks,
    before_kb=sizes_kb,
    after_kb=sizes_kb,
    seconds=st.sampled_from((0.0, 0.3, 2.5000001)),
)
held_by = st.builds(
    Holder,
    tasks,
    sizes_kb,
    st.none() | any_text,
    st.sampled_from(("kill line", "numa_maps", "task table")),
)
nodes = st.builds(
    NodeMemory,
    sizes_kb,
    sizes_kb,
    maybe_kb,
    st.lists(held_by, max_size=2).map(tuple),
    maybe_kb,
    maybe_kb,
)
pictures = st.builds(MemoryPicture, maybe_kb, st.dictionaries(st.integers(0, 3), nodes, max_size=2))
remedies = st.builds(
    Remedy,
    action=st.just("act"),
    says=any_text,
    because=any_text,
    edit=st.none() | any_text,
    fits=st.sampled_from((None, True, False)),
    headroom_kb=st.none() | st.dictionaries(st.integers(0, 3), sizes_kb, max_size=2),
)
explanations = st.builds(
    Explained,
    code=st.just("segfault"),
    units=st.lists(any_text, max_size=2).map(tuple),
    node=st.none() | st.integers(0, 3),
)
plain_findings = st.builds(
    Finding,
    code=st.just("older"),
    headline=st.just("older"),
    judged=st.builds(Judgement, st.sampled_from(Confidence), st.none() | any_text),
    kills=st.lists(kills, max_size=3).map(tuple),
    story=st.lists(any_text, max_size=3).map(tuple),
    citations=any_text.map(lambda text: (Citation("kernel-log", 1, text),)),
    remedies=st.lists(remedies, max_size=2).map(tuple),
)
rich_findings = st.builds(
    lambda finding, ended, disk, limit, growth, memory, explained: replace(
        finding,
        ends=tuple(ended),
        disks=tuple(disk),
        limits=tuple(limit),
        growth=growth,
        memory=memory,
        explains=tuple(explained),
    ),
    plain_findings,
    st.lists(ends, max_size=2),
    st.lists(disks, max_size=1),
    st.lists(limits, max_size=1),
    st.none() | growths,
    st.none() | pictures,
    st.lists(explanations, max_size=2),
)
findings_of_nodes = st.builds(
    lambda finding, victim, culprit, node: replace(
        finding, victim=victim, culprit=culprit, node=node
    ),
    rich_findings,
    st.none() | st.builds(Victim, tasks, maybe_kb),
    st.none() | tasks,
    st.none() | st.integers(0, 3),
)
examined = st.builds(
    lambda older, clear, unknown, unexplained, not_seen, broke_off, age: Examined(
        host=None,
        taken_at=Moment(60.0, TAKEN),
        older=tuple(older),
        clear=clear,
        unknown=unknown,
        unexplained=tuple(unexplained),
        not_seen=not_seen,
        broke_off=broke_off,
        shared_age_s=age,
    ),
    st.lists(plain_findings, max_size=2),
    tables,
    reasons,
    st.lists(kills, max_size=6),
    tables,
    st.one_of(st.none(), any_text),
    st.one_of(st.none(), st.integers(0, 60)),
)
silent = st.builds(
    lambda error, unknown, not_seen: NotExamined(
        host=None, error=error, reached=bool(not_seen), unknown=unknown, not_seen=not_seen
    ),
    any_text,
    reasons,
    st.dictionaries(st.sampled_from(("probe", "lock", "boots")), any_text, max_size=2),
)
templates = st.builds(
    Template, st.one_of(examined, silent), st.one_of(st.none(), plain_findings), st.booleans()
)
rich_templates = st.builds(Template, st.one_of(examined, silent), findings_of_nodes, st.booleans())


@dataclass(frozen=True)
class Fleet:
    """A report in the making: what its hosts are like, how they are called, and which causes there
    are.
    """

    templates: tuple[Template, ...]
    headlines: tuple[str, ...]
    name: Callable[[int], str]

    def report(self, hosts: int) -> Report:
        """Of so many hosts."""
        kinds = self.templates
        return report_on(
            [
                kinds[n % len(kinds)].made(self.name(n), n // len(kinds), self.headlines)
                for n in range(hosts)
            ]
        )

    @property
    def kinds(self) -> int:
        """So many hosts are each of another kind; with more, kinds come again."""
        return len(self.templates) * max(len(self.headlines), 1)


def _headlines(text: str, groups: int) -> tuple[str, ...]:
    return tuple(f"cause {number} {text}" for number in range(groups))


def fleets(
    name: Callable[[int], str] = web, headline: st.SearchStrategy[str] = any_text
) -> st.SearchStrategy[Fleet]:
    """Fleets whose hosts are called by `name`."""
    groups = st.one_of(st.integers(0, 3), st.integers(0, MOST_GROUPS))
    return st.builds(
        lambda kinds, text, count: Fleet(tuple(kinds), _headlines(text, count), name),
        st.lists(templates, min_size=1, max_size=5),
        headline,
        groups,
    )


rich_fleets = st.builds(
    # with all data that findings may have, which how many hosts are told does not depend on
    lambda kinds, headlines: Fleet(tuple(kinds), tuple(headlines), web),
    st.lists(rich_templates, min_size=1, max_size=3),
    st.lists(any_text, min_size=1, max_size=2),
)


sizes = st.one_of(st.integers(0, 8), st.integers(0, MOST_HOSTS), st.just(MOST_HOSTS))
