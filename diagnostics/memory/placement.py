"""Other placements for a job whose nodes ran full: what to change, whether it would fit, and why we
think so, the best first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from diagnostics.bundle import Missing
from diagnostics.facts.nodes import Nodes
from diagnostics.facts.tools import Tools
from diagnostics.memory.fit import headroom_at_kill_kb, headroom_now_kb
from diagnostics.memory.job import Job, job_of
from diagnostics.memory.launchers import Launcher, Policy, find_launcher, widen_cpuset
from diagnostics.memory.node_case import NodeCase
from diagnostics.model import Citation, Remedy, Task
from diagnostics.node_list import list_nodes, parse_nodes, say_nodes
from diagnostics.sizes import human

SHARE_OF_ROOM = 0.9  # what a limit of its own may give an instance: see docs/adr/0002
BASIS = "what is free, reclaimable or its own, less watermarks and a reserve"
UNEQUAL_SHARE = 0.75  # nodes that differ more than this are worth weights
_UNIT_NAME = re.compile(r"[\w@:.-]{1,255}\.service", re.ASCII)


@dataclass(frozen=True)
class Plan:
    """Remedies, best first; `fits` is that of interleave. `citation` is the line that shows what
    binds the job.
    """

    fits: bool | None
    remedies: tuple[Remedy, ...]
    citation: Citation | None


@dataclass(frozen=True)
class _Place:
    """The job, its nodes, all nodes that it may use (None: not known), and the room on each node
    (None: not known).

    `is_upper_bound` where the room is what the report shows: the watermarks of nodes that it hides
    are not in it.
    """

    case: NodeCase
    job: Job
    bound: frozenset[int]
    allowed: frozenset[int] | None
    room: Mapping[int, int] | None
    is_upper_bound: bool
    launcher: Launcher | None

    def fits(self, room_kb: int | None) -> bool | None:
        """Whether the job fits into so much room. An upper bound of the room is enough to say no,
        but not to say yes.
        """
        fits = self.job.fits(room_kb)
        return None if fits and self.is_upper_bound else fits

    @property
    def forbidden(self) -> bool:
        """Whether a cpuset allows no other nodes."""
        return self.allowed is not None and self.allowed <= self.bound

    @property
    def total_kb(self) -> int | None:
        return sum(max(kb, 0) for kb in self.room.values()) if self.room is not None else None

    def edit(self, policy: Policy) -> str | None:
        return self.launcher.edit(policy) if self.launcher else None


def plan(case: NodeCase) -> Plan:
    """All remedies that the host's tools know; where interleave does not fit, the one that fits
    best leads.
    """
    report = case.placed()
    job = job_of(case.evidence, report, case.kills, case.culprit())
    allowed = parse_nodes(report.summary.mems_allowed) if report.summary else None
    launcher = find_launcher(case.unit(), job.copies[0] if job.copies else None)
    room = _room_now(case, job, allowed)
    place = _Place(
        case, job, case.nodes, allowed, room or _room_at_kill(case, allowed), room is None, launcher
    )
    interleave, *others = [
        _interleave(place),
        _unbind(place),
        *_weighted(place),
        *_preferred(place),
        *_other_node(place),
    ]
    others += [*_two_instances(place), *_free_the_nodes(place)]
    if interleave.fits is False:
        others.sort(key=lambda remedy: (True, None, False).index(remedy.fits))
        return Plan(
            False,
            (*_widen(place), *others[:1], interleave, *others[1:]),
            launcher.citation if launcher else None,
        )
    return Plan(interleave.fits, (interleave, *others), launcher.citation if launcher else None)


def _room_now(case: NodeCase, job: Job, allowed: frozenset[int] | None) -> Mapping[int, int] | None:
    nodes = case.evidence.get(Nodes)
    room = headroom_now_kb(nodes, job.copies) if isinstance(nodes, Nodes) else None
    return {node: kb for node, kb in room.items() if node in allowed} if allowed and room else room


def _room_at_kill(case: NodeCase, allowed: frozenset[int] | None) -> Mapping[int, int] | None:
    rss_kb = case.placed().kills[0].rss_kb
    return (
        headroom_at_kill_kb(case.placed(), case.nodes, rss_kb, allowed or frozenset())
        if rss_kb is not None
        else None
    )


def _interleave(place: _Place) -> Remedy:
    return Remedy(
        action="interleave",
        says=(
            "Start the job with --interleave=all in place of --membind, so that its memory "
            "comes from all nodes."
        ),
        edit=place.edit(Policy("interleave", "all", "interleave", list_nodes(place.allowed or ()))),
        fits=False if place.forbidden else place.fits(place.total_kb),
        headroom_kb=place.room,
        because=f"{_say_room(place)}{_where_to_look(place)}",
    )


def _say_room(place: _Place) -> str:
    if place.forbidden:
        return (
            "It does not fit as it is: the job's cpuset allows no other nodes. That must be "
            "widened first."
        )
    if place.total_kb is None:
        return "How much room the other nodes have cannot be computed from what was collected."
    ending = {
        True: "So it fits.",
        False: "So it does not fit.",
        None: "So watch it after the change.",
    }
    return (
        f"All nodes together have room for about {human(place.total_kb)} of it: {BASIS}. "
        f"{place.job.say()} {ending[place.fits(place.total_kb)]}"
    )


def _where_to_look(place: _Place) -> str:
    if place.launcher is not None:
        return "" if place.launcher.citation is None else f" What binds it: {place.launcher.says}."
    task: Task = place.job.task
    unit = task.unit if task.unit and _UNIT_NAME.fullmatch(task.unit) else None
    first = f"“systemctl cat {unit}”" if unit else "the unit's ExecStart"
    seen = any(copy.bound_to for copy in place.job.copies)
    bound = "It is bound now (its numa_maps), but who set that" if seen else "Who bound it"
    return (
        f" {bound} is not in what was collected: look for numactl in {first}, in the scripts "
        "it starts, and for NUMAPolicy=."
    )


def _unbind(place: _Place) -> Remedy:
    return Remedy(
        action="unbind",
        says=(
            "Drop --membind: memory then comes from the CPU's own node first and spills over to "
            "the others."
        ),
        edit=place.edit(Policy(None, "", "default")),
        fits=False if place.forbidden else place.fits(place.total_kb),
        headroom_kb=place.room,
        because="It has the same room as interleave; CPU flags of numactl can stay.",
    )


def _weighted(place: _Place) -> Iterator[Remedy]:
    """Where the nodes are of very different size, and kernel and numactl know it."""
    nodes, tools = place.case.evidence.get(Nodes), place.case.evidence.get(Tools)
    if (
        isinstance(nodes, Missing)
        or isinstance(tools, Missing)
        or not tools.can("weighted-interleave", (6, 9))
    ):
        return
    sizes = [
        node.total_kb
        for number, node in nodes.by_number.items()
        if place.allowed is None or number in place.allowed
    ]
    if not sizes or min(sizes) > UNEQUAL_SHARE * max(sizes):
        return
    yield Remedy(
        action="weighted-interleave",
        says=(
            "Start it with --weighted-interleave=all, so that the larger node takes the larger "
            "share."
        ),
        edit=place.edit(
            Policy("weighted-interleave", "all", None, list_nodes(place.allowed or ()))
        ),
        fits=False if place.forbidden else place.fits(place.total_kb),
        headroom_kb=place.room,
        because=(
            "The weights are the whole machine's: /sys/kernel/mm/mempolicy/weighted_interleave."
        ),
    )


def _preferred(place: _Place) -> Iterator[Remedy]:
    """Keeps the memory near, and spills over."""
    tools = place.case.evidence.get(Tools)
    nodes = list_nodes(place.bound)
    option = "preferred" if len(place.bound) == 1 else "preferred-many"
    if option == "preferred-many" and (
        isinstance(tools, Missing) or not tools.can(option, (5, 15))
    ):
        return
    yield Remedy(
        action=option,
        says=(
            f"Start it with --{option}={nodes}: {say_nodes(place.bound)} first, the others when "
            "that is full."
        ),
        edit=place.edit(
            Policy(option, nodes, "preferred" if option == "preferred" else None, nodes)
        ),
        fits=False if place.forbidden else place.fits(place.total_kb),
        headroom_kb=place.room,
        because=(
            "It keeps the memory near its CPUs, but fills the node for others that are bound "
            "to it: they may be killed next."
        ),
    )


def _other_node(place: _Place) -> Iterator[Remedy]:
    """The emptiest node that the job does not use yet."""
    others = {
        node: kb for node, kb in (place.room or {}).items() if node not in place.bound and kb > 0
    }
    if not others:
        return
    node = max(others, key=lambda number: others[number])
    yield Remedy(
        action="other-node",
        says=f"Bind it to node {node} instead (--membind={node}).",
        edit=place.edit(Policy("membind", str(node), "bind", str(node))),
        fits=place.fits(others[node]),
        headroom_kb={node: others[node]},
        because=(
            f"Node {node} has room for about {human(others[node])} of it; when that fills "
            "up, the same happens again."
        ),
    )


def _two_instances(place: _Place) -> Iterator[Remedy]:
    """One for each of the two emptiest nodes, each with a limit of its own below the node's
    room.
    """
    best = sorted((place.room or {}).items(), key=lambda item: -item[1])[:2]
    if len(best) < 2 or best[1][1] <= 0:
        return
    each_kb = int(SHARE_OF_ROOM * best[1][1])
    yield Remedy(
        action="two-instances",
        says=(
            "If the job can be split: one instance for each node, each with MemoryMax= below "
            "the node's room."
        ),
        edit=None,
        fits=place.fits(2 * each_kb),
        headroom_kb=dict(best),
        because=(
            f"That is {human(each_kb)} for each at most; one that outgrows it is killed "
            "alone, and its neighbours are not."
        ),
    )


def _free_the_nodes(place: _Place) -> Iterator[Remedy]:
    """What others hold there now, if it went elsewhere."""
    memory = place.case.memory()
    if memory is None or place.room is None or not place.bound <= place.room.keys():
        return
    others_kb = sum(
        holder.kb
        for node in memory.nodes.values()
        for holder in node.holders
        if holder.basis == "numa_maps"
    )
    others_kb += sum(
        (node.hugepages_kb or 0) + (node.shmem_kb or 0) for node in memory.nodes.values()
    )
    unplaced = any(
        holder.basis == "task table" for node in memory.nodes.values() for holder in node.holders
    )
    if not others_kb or unplaced:  # what others hold there is not known
        return
    room_kb = sum(place.room[node] for node in place.bound)
    yield Remedy(
        action="free-the-node",
        says=(
            f"Free {say_nodes(place.bound)}: what others hold there ({human(others_kb)}) would "
            "have to move."
        ),
        edit=None,
        fits=False
        if place.fits(room_kb + others_kb) is False
        else None,  # shared pages are counted for each who maps them
        headroom_kb={node: place.room[node] for node in sorted(place.bound)},
        because=f"The job would then find up to {human(max(room_kb + others_kb, 0))} there.",
    )


def _widen(place: _Place) -> Iterator[Remedy]:
    """First of all, where a cpuset forbids the other nodes."""
    if not place.forbidden:
        return
    nodes = place.case.evidence.get(Nodes)
    every = nodes.by_number.keys() if isinstance(nodes, Nodes) else ()
    launcher = widen_cpuset(place.case.unit(), every) if every else None
    yield Remedy(
        action="widen-cpuset",
        says="Allow the job more nodes first: AllowedMemoryNodes=, --cpuset-mems or cpuset.mems.",
        edit=launcher.edit(Policy(None)) if launcher else None,
        because=(
            "Its cpuset allows only the full nodes, and no memory policy reaches outside of that."
        ),
    )
