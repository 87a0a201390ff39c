"""The words that facts, rules and renderers share: when, where, what was found, and how sure we
are.

All sizes are kB as the kernel prints them (1 kB = 1024 bytes). All values are frozen; nothing here
reads a clock or a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple


class Moment(NamedTuple):
    """When something happened: seconds since boot, wall time, or both. The kernel's own stamps are
    since boot.
    """

    boot_s: float | None = None
    wall: datetime | None = None

    def at_boot(self, booted: datetime | None) -> Moment:
        """The same moment with its wall time filled in from the time of boot, if that is known
        (good to about 2 s).
        """
        if self.wall is not None or self.boot_s is None or booted is None:
            return self
        return Moment(self.boot_s, booted + timedelta(seconds=self.boot_s))

    def iso(self) -> str | None:
        """Wall time as ISO 8601 UTC, whole seconds, or None where it is unknown."""
        return self.wall.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if self.wall else None


@dataclass(frozen=True)
class Citation:
    """The exact evidence: which section, which line of it (from 1), and the line itself; of a
    record of journald's JSON its message.
    """

    source: str
    line: int
    text: str


class Confidence(StrEnum):
    """How sure a finding is. `confirmed` never rests on text that a user process could have
    written.
    """

    CONFIRMED = "confirmed"
    LIKELY = "likely"
    POSSIBLE = "possible"


@dataclass(frozen=True)
class Judgement:
    """How sure, and the caveat: why not more (None where it is confirmed). Only
    `diagnostics.confidence` gives one.
    """

    confidence: Confidence
    caveat: str | None


class Task(NamedTuple):
    """A process as somebody named it. `unit` is its systemd unit where that is known."""

    comm: str
    pid: int
    unit: str | None = None


@dataclass(frozen=True)
class Victim:
    """The process that the kernel killed. `rss_kb` is anon + file + shmem at death, None where the
    sizes were not printed.
    """

    task: Task
    rss_kb: int | None


class Kill(NamedTuple):
    """One kill as the kernel printed it; sizes are None where its line did not come. `line` is the
    kill line's number.

    A tuple, as its task and its moment are: a log can hold tens of thousands.
    """

    at: Moment | None
    task: Task
    total_vm_kb: int | None
    anon_rss_kb: int | None
    file_rss_kb: int | None
    shmem_rss_kb: int | None
    invoker: Task | None
    line: int | None

    @property
    def rss_kb(self) -> int | None:
        """anon + file + shmem; kernels before 4.5 count shmem under file."""
        if self.anon_rss_kb is None or self.file_rss_kb is None:
            return None
        return self.anon_rss_kb + self.file_rss_kb + (self.shmem_rss_kb or 0)


@dataclass(frozen=True)
class Holder:
    """Who holds memory of a node. `kb` is on that node if `basis` is `numa_maps`, else the size of
    the whole process.
    """

    task: Task
    kb: int
    policy: str | None
    basis: str


@dataclass(frozen=True)
class NodeMemory:
    """One node at the moment of the kill. `hugepages_kb` is the pool, used or not; `shmem_kb` is
    tmpfs and shared memory.
    """

    free_kb: int
    min_kb: int
    managed_kb: int | None
    holders: tuple[Holder, ...] = ()
    hugepages_kb: int | None = None
    shmem_kb: int | None = None


@dataclass(frozen=True)
class MemoryPicture:
    """The nodes that the report shows, and what was free on all others (derived where the report
    hides them).
    """

    free_elsewhere_kb: int | None
    nodes: Mapping[int, NodeMemory]


@dataclass(frozen=True, kw_only=True)
class End:
    """How a service, container or process ended, as `teller` says; several ends of one kind
    together.

    `how` is the signal's name, or `status 3`; None where only what follows of it was recorded.
    `every_s` is the median between ends, from the third on; `restarts` is what systemd counts for
    the unit (NRestarts), None where that was not seen.
    """

    unit: str
    how: str | None
    teller: str
    times: int
    first_at: Moment | None
    last_at: Moment | None
    every_s: float | None = None
    restarts: int | None = None


@dataclass(frozen=True, kw_only=True)
class Disk:
    """A file system: `free` and `total` are kB, or inodes where `what` says so."""

    mount: str
    kind: str
    what: str
    free: int
    total: int

    @property
    def used_percent(self) -> float:
        """To a tenth, rounded down: 100 is said of nothing that has room."""
        return (1000 * (self.total - max(self.free, 0)) // self.total) / 10


@dataclass(frozen=True, kw_only=True)
class ReachedLimit:
    """A limit that was met: `what` as the kernel or systemd names it (memory.max, RLIMIT_AS,
    pids.max), and whose it is.

    `limit` and `used` are in `unit` (`kB`, `tasks`), None where they were not seen.
    """

    what: str
    whose: str | None
    unit: str
    limit: int | None
    used: int | None = None


@dataclass(frozen=True, kw_only=True)
class Growing:
    """A process whose RSS was read twice."""

    task: Task
    before_kb: int
    after_kb: int
    seconds: float

    @property
    def kb_per_s(self) -> int:
        """kB a second between the two looks, rounded towards 0; 0 where no time passed."""
        return int((self.after_kb - self.before_kb) / self.seconds) if self.seconds > 0 else 0


@dataclass(frozen=True, kw_only=True)
class Explained:
    """Findings that another one is the cause of: by code, and whose: those on one of `units`, or on
    `node`, where either is given.
    """

    code: str
    units: tuple[str, ...] = ()
    node: int | None = None

    def fits(self, finding: Finding) -> bool:
        """Whether the finding is one of them: of this code, with an end of one of `units` if any
        are named, and on `node` or on none that is known, if one is named.
        """
        same_unit = not self.units or any(end.unit in self.units for end in finding.ends)
        return (
            finding.code == self.code
            and same_unit
            and (self.node is None or finding.node in (None, self.node))
        )


@dataclass(frozen=True, kw_only=True)
class Remedy:
    """Something to do. `edit` can be copied; `fits` is None where the job's peak is not known;
    headroom is by node.
    """

    action: str
    says: str
    because: str
    edit: str | None = None
    fits: bool | None = None
    headroom_kb: Mapping[int, int] | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A cause that the evidence shows.

    `headline` holds no text from the host, since it becomes the plain text of a Slack message;
    everything else may.
    """

    code: str
    headline: str
    judged: Judgement
    kills: tuple[Kill, ...] = ()
    story: tuple[str, ...]
    citations: tuple[Citation, ...]
    node: int | None = None
    victim: Victim | None = None
    culprit: Task | None = None
    memory: MemoryPicture | None = None
    remedies: tuple[Remedy, ...] = ()
    ends: tuple[End, ...] = ()
    disks: tuple[Disk, ...] = ()
    limits: tuple[ReachedLimit, ...] = ()
    growth: Growing | None = None
    explains: tuple[Explained, ...] = ()

    @property
    def confidence(self) -> Confidence:
        """How sure it is, as `diagnostics.confidence` judged."""
        return self.judged.confidence

    @property
    def caveat(self) -> str | None:
        """Why it is not more sure than that; None where it is confirmed."""
        return self.judged.caveat

    @property
    def victims(self) -> int:
        """How many distinct processes were killed."""
        return len({(kill.task.pid, kill.task.comm, kill.at) for kill in self.kills})


@dataclass(frozen=True)
class Clear:
    """Everything needed was there, and this is not the cause. `because` is the evidence in a
    sentence.
    """

    because: str


@dataclass(frozen=True)
class Unknown:
    """It could not be told, because. `saw`: something was seen that may be it; without that only a
    source is missing.
    """

    because: str
    saw: bool = False


Outcome = tuple[Finding, ...] | Clear | Unknown


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What came out for one host. `host` is None for a log file.

    `older` are findings of what happened too long ago to count. `clear` and `unknown` give a reason
    by code; `saw` are codes of `unknown` of which something was seen. `unexplained` are kills that
    the log holds and no finding covers; `not_seen` names sections that did not come, with the
    reason, and before them `probe` and `lock` where there is something to tell of these;
    `broke_off` is why the answer is not whole. `shared_age_s` is how long ago the look began, where
    it was not begun for this report.
    """

    host: str | None
    taken_at: Moment | None
    findings: tuple[Finding, ...] = ()
    older: tuple[Finding, ...] = ()
    clear: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)
    saw: tuple[str, ...] = ()
    unexplained: tuple[Kill, ...] = ()
    not_seen: Mapping[str, str] = field(default_factory=dict)
    broke_off: str | None = None
    shared_age_s: int | None = None


@dataclass(frozen=True, kw_only=True)
class NotExamined:
    """A host, or a text, of which nothing can be said. `error` is why, and the cure; `reached`
    whether the host answered at all.

    `unknown` gives a reason for every code; the rest is as in `Examined`.
    """

    host: str | None
    error: str
    reached: bool
    unknown: Mapping[str, str]
    taken_at: Moment | None = None
    not_seen: Mapping[str, str] = field(default_factory=dict)
    broke_off: str | None = None
    shared_age_s: int | None = None


HostReport = Examined | NotExamined


@dataclass(frozen=True)
class Group:
    """Hosts with the same finding."""

    code: str
    headline: str
    hosts: tuple[str | None, ...]


@dataclass(frozen=True)
class Report:
    """All hosts in the order asked, and the groups, largest first."""

    hosts: tuple[HostReport, ...]
    groups: tuple[Group, ...]


def findings_of(host: HostReport) -> tuple[Finding, ...]:
    """Its causes; none of a host that could not be examined."""
    return host.findings if isinstance(host, Examined) else ()
