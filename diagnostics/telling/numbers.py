"""A finding's numbers as short sentences, the most telling first: its nodes, limits, disks and
growth; where it holds none of these, what its story says.

Nothing here knows a cause: a new one is told by the data that its findings hold.
"""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.model import Disk, Finding, Holder, NodeMemory, ReachedLimit
from diagnostics.plain import plain
from diagnostics.sizes import human
from diagnostics.telling.happened import name, of_cgroup

SENTENCE_CHARS = 230  # of a story, which may quote a host
NODES, LIMITS, DISKS, HELD = 2, 2, 2, 2  # so many are told


def numbers(finding: Finding) -> Iterator[str]:
    """Sentences, the first of which must not be dropped. At least one where the finding has data or
    a story.
    """
    told = [
        *_of_nodes(finding),
        *map(_limit, dict.fromkeys(finding.limits[:LIMITS])),
        *(_disk(disk) for disk in finding.disks[:DISKS]),
        *_growth(finding),
    ]
    first, *others = told or _story(finding) or ("",)
    yield from filter(None, (" ".join(filter(None, (first, _culprit(finding)))), *others))
    yield from _holders(finding)


def _of_nodes(finding: Finding) -> Iterator[str]:
    """What was free there, from where on a job gets nothing, and what was free elsewhere."""
    if finding.memory is None or not finding.memory.nodes:
        return
    nodes = list(finding.memory.nodes.items())
    said = [_of_node(number, node) for number, node in nodes[:NODES]]
    if len(nodes) > NODES:
        said.append(f"So it was on {len(nodes) - NODES} more nodes.")
    elsewhere_kb = finding.memory.free_elsewhere_kb
    if elsewhere_kb is not None:
        said.append(f"Elsewhere {human(elsewhere_kb)} were free.")
    yield " ".join(said)


def _of_node(number: int, node: NodeMemory) -> str:
    """What a job gets ends at the min watermark; where more was free, the number stands alone."""
    free, least = human(node.free_kb), human(node.min_kb)
    if free == least or node.free_kb <= node.min_kb:
        return (
            f"Node {number} was full: {free} free, and its last {least} are not for jobs "
            "(min watermark)."
        )
    return f"Node {number} had {free} free (its min watermark is {least})."


def _holders(finding: Finding) -> Iterator[str]:
    if finding.memory is None:
        return
    holders = [holder for node in finding.memory.nodes.values() for holder in node.holders]
    if most := sorted(holders, key=lambda holder: -holder.kb)[:HELD]:
        yield f"Most was held by {' and '.join(map(_holder, most))}."


def _holder(holder: Holder) -> str:
    where = {"numa_maps": " there now", "kill line": " at its death"}.get(
        holder.basis, " on all nodes"
    )
    return f"{name(holder.task.comm)} ({human(holder.kb)}{where})"


def _limit(limit: ReachedLimit) -> str:
    whose = f" of {of_cgroup(limit.whose)}" if limit.whose else ""
    if limit.limit is None:
        return f"The limit {name(limit.what)}{whose} was reached; how high it is was not seen."
    used = "" if limit.used is None else f", and {_amount(limit.used, limit.unit)} were used"
    return f"The limit {name(limit.what)}{whose} is {_amount(limit.limit, limit.unit)}{used}."


def _amount(number: int, unit: str) -> str:
    return human(number) if unit == "kB" else f"{number} {name(unit)}"


def _disk(disk: Disk) -> str:
    is_space = disk.what != "inodes"
    left = human(max(disk.free, 0)) if is_space else str(max(disk.free, 0))
    total = human(disk.total) if is_space else f"{disk.total} inodes"
    used = f"is {disk.used_percent:.0f} % full" if disk.total > 0 else "is full"
    return f"{name(disk.mount)} {used}: {left} of {total} are left."


def _growth(finding: Finding) -> Iterator[str]:
    growth = finding.growth
    if growth is None:
        return
    rate = f", {human(growth.kb_per_s)} a second" if growth.kb_per_s > 0 else ""
    yield (
        f"{name(growth.task.comm)} grew from {human(growth.before_kb)} to "
        f"{human(growth.after_kb)} in {growth.seconds:.0f} s{rate}."
    )


def _culprit(finding: Finding) -> str | None:
    """Where another than the dead is the cause: the kernel kills the largest, not who asked."""
    dead = {kill.task.comm for kill in finding.kills}
    if finding.culprit is None or not dead or finding.culprit.comm in dead:
        return None
    return f"Behind it is {name(finding.culprit.comm)}, not {name(finding.kills[0].task.comm)}."


def _story(finding: Finding) -> list[str]:
    """What the story says behind its first sentence, which tells of kills and ends, as the brief
    itself does.
    """
    told_already = 1 if (finding.kills or finding.ends) and len(finding.story) > 1 else 0
    said = finding.story[told_already : told_already + 2]
    return [plain(sentence, SENTENCE_CHARS) for sentence in said if sentence.strip()]
