"""Reports on any number of hosts, for tests of how they are told: many hosts of few templates, with any text in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hypothesis import strategies as st

from diagnostics.bundle import Missing
from diagnostics.collect import ssh_failures as because
from diagnostics.collect.ssh import Target
from diagnostics.engine import not_reached, report_on
from diagnostics.model import (
    Citation,
    Confidence,
    Examined,
    Finding,
    HostReport,
    Judgement,
    Kill,
    Moment,
    NotExamined,
    Remedy,
    Report,
    Task,
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
    st.sampled_from(AWKWARD), st.text(st.characters(exclude_categories=()), max_size=80), st.sampled_from(("web1", "12 s"))
)
tables = st.dictionaries(st.sampled_from(("membind-oom", "cpuset-oom", "memcg-oom", "segfault", "disk-full")), any_text, max_size=5)


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
            host = replace(host, clear={code: f"{text} {number}" for code, text in host.clear.items()})
        if self.finding is None or not headlines:
            return host
        group = number % len(headlines)
        return replace(host, findings=(replace(self.finding, code=f"code-{group}", headline=headlines[group]),))

    def _error(self, error: str, name: str, number: int) -> str:
        if not self.is_numbered:
            return error
        return because.refused(Target(name, f"10.0.{number // 250}.{number % 250}", 22, "x").where, "22")


kills = st.builds(
    lambda comm, pid: Kill(Moment(9.0, TAKEN), Task(comm, pid), None, None, None, None, None, pid),
    any_text,
    st.integers(1, 99_999),
)
findings = st.builds(
    lambda story, text, found, sure, code: Finding(
        code="",
        headline="",
        judged=Judgement(sure, text or None),
        kills=tuple(found),
        story=tuple(story),
        citations=(Citation("kernel-log", 1, text),),
        remedies=(Remedy(action="", says=text, because=text, edit=code),),
    ),
    st.lists(any_text, max_size=3),
    any_text,
    st.lists(kills, max_size=3),
    st.sampled_from(Confidence),
    st.one_of(st.none(), any_text),
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
    st.lists(findings.map(lambda finding: replace(finding, headline="older")), max_size=2),
    tables,
    tables,
    st.lists(kills, max_size=6),
    tables,
    st.one_of(st.none(), any_text),
    st.one_of(st.none(), st.integers(0, 60)),
)
silent = any_text.map(lambda error: NotExamined(host=None, error=error, reached=False, unknown={}))
templates = st.builds(Template, st.one_of(examined, silent), st.one_of(st.none(), findings), st.booleans())


@dataclass(frozen=True)
class Fleet:
    """A report in the making: what its hosts are like, how they are called, and which causes there are."""

    templates: tuple[Template, ...]
    headlines: tuple[str, ...]
    name: Callable[[int], str]

    def report(self, hosts: int) -> Report:
        """Of so many hosts."""
        kinds = self.templates
        return report_on([kinds[n % len(kinds)].made(self.name(n), n // len(kinds), self.headlines) for n in range(hosts)])

    @property
    def kinds(self) -> int:
        """So many hosts are each of another kind; with more, kinds come again."""
        return len(self.templates) * max(len(self.headlines), 1)


def _headlines(text: str, groups: int) -> tuple[str, ...]:
    return tuple(f"cause {number} {text}" for number in range(groups))


def fleets(name: Callable[[int], str] = web, headline: st.SearchStrategy[str] = any_text) -> st.SearchStrategy[Fleet]:
    """Fleets whose hosts are called by `name`."""
    groups = st.one_of(st.integers(0, 3), st.integers(0, MOST_GROUPS))
    return st.builds(
        lambda kinds, text, count: Fleet(tuple(kinds), _headlines(text, count), name),
        st.lists(templates, min_size=1, max_size=5),
        headline,
        groups,
    )


sizes = st.one_of(st.integers(0, 8), st.integers(0, MOST_HOSTS), st.just(MOST_HOSTS))
