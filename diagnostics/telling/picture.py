"""A picture of full nodes for monospaced text: who holds what, what is free, where the watermark
is. At most 38 columns, no colour.

    node 1, 7.8 GiB
    [AAAAAAAAAAAAAAAAAAAAAAAAAAABBBBBBBB. ]
     A  6.0 GiB  ranker
     B  1.8 GiB  hog
     .   28 MiB  others and the kernel
         44 MiB  free (min is 44 MiB)
    other nodes
        7.7 GiB  free

A process of which only its size on all nodes together is known is marked by `?` and not drawn into
the bar.
"""

from __future__ import annotations

from collections.abc import Sequence

from diagnostics.model import Finding, Holder, NodeMemory
from diagnostics.plain import plain
from diagnostics.sizes import human

COLUMNS = 38
NAMED = 4
_BAR = COLUMNS - 2
_LETTERS = "ABCDEFGH"
OTHERS, FREE, NOT_PLACED, HUGE, SHARED = ".", " ", "?", "h", "s"


def draw(finding: Finding) -> tuple[str, ...]:
    """The finding's nodes as lines; none where it is not about nodes or their size is not known."""
    if finding.memory is None:
        return ()
    lines = [
        line
        for number, node in finding.memory.nodes.items()
        if node.managed_kb
        for line in _node(number, node, finding)
    ]
    elsewhere_kb = finding.memory.free_elsewhere_kb
    if lines and elsewhere_kb is not None:
        lines += ["other nodes", _row(FREE, elsewhere_kb, "free")]
    return tuple(lines)


def _node(number: int, node: NodeMemory, finding: Finding) -> list[str]:
    size_kb = node.managed_kb or 0
    placed, unplaced = _split(node.holders, finding)
    pools = _pools(node, size_kb)
    held_kb = sum(holder.kb for holder in placed) + sum(kb for _, kb, _ in pools)
    rest_kb = max(size_kb - node.free_kb - held_kb, 0)
    parts = [
        *zip(_LETTERS, (holder.kb for holder in placed), strict=False),
        *((mark, kb) for mark, kb, _ in pools),
    ]
    lines = [f"node {number}, {human(size_kb)}", _bar(node, parts, size_kb)]
    lines += [
        _row(letter, holder.kb, _name(holder))
        for letter, holder in zip(_LETTERS, placed, strict=False)
    ]
    lines += [_row(mark, kb, name) for mark, kb, name in pools]
    lines += [_row(NOT_PLACED, holder.kb, f"{_name(holder)}, all nodes") for holder in unplaced]
    if rest_kb:
        lines.append(
            _row(OTHERS, rest_kb, "not known by name" if unplaced else "others and the kernel")
        )
    return [*lines, _row(FREE, node.free_kb, f"free (min is {human(node.min_kb)})")]


def _pools(node: NodeMemory, size_kb: int) -> list[tuple[str, int, str]]:
    """What belongs to no process: mark, kB and name."""
    pools = (
        (HUGE, node.hugepages_kb or 0, "huge pages"),
        (SHARED, node.shmem_kb or 0, "tmpfs, shared"),
    )
    return [pool for pool in pools if pool[1] > size_kb // _BAR // 2]


def _split(holders: Sequence[Holder], finding: Finding) -> tuple[list[Holder], list[Holder]]:
    """Those whose memory is on the node, and those of whom only the size on all nodes is known."""
    # the asker was bound to these nodes, so what it held lay there
    bound_victim = finding.culprit is None
    shown = holders[:NAMED]
    placed = [
        holder
        for holder in shown
        if holder.basis == "numa_maps" or (holder.basis == "kill line" and bound_victim)
    ]
    return placed, [holder for holder in shown if holder not in placed]


def _bar(node: NodeMemory, parts: Sequence[tuple[str, int]], size_kb: int) -> str:
    """Each column is one share of the node; what is free has at least one where anything is."""
    free = min(max(round(_BAR * node.free_kb / size_kb), 1 if node.free_kb else 0), _BAR)
    # a log's numbers may be anything
    held = "".join(letter * min(round(_BAR * kb / size_kb), _BAR) for letter, kb in parts)
    return f"[{held[: _BAR - free].ljust(_BAR - free, OTHERS)}{FREE * free}]"


def _row(mark: str, kb: int, name: str) -> str:
    return f" {mark} {human(kb):>8}  {name}"[:COLUMNS].rstrip()


def _name(holder: Holder) -> str:
    """The process' name in ASCII: a wide character would take two columns."""
    return plain(holder.task.comm).encode("ascii", "backslashreplace").decode("ascii")
