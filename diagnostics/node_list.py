"""The kernel's list format for nodes and CPUs (lib/bitmap.c, `%*pbl`): `0`, `0-1`, `0,2-4`."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LIST = re.compile(r"\d{1,5}(?:-\d{1,5})?(?:,\d{1,5}(?:-\d{1,5})?)*")
MAX_NODES = 1024  # CONFIG_NODES_SHIFT is 10 at most


def parse_nodes(text: str | None) -> frozenset[int] | None:
    """The numbers in a list, or None where it is not one (a wrong or hostile text never becomes an
    empty set).

    >>> sorted(parse_nodes("0,2-4")), parse_nodes("(null)"), parse_nodes("3-1")
    ([0, 2, 3, 4], None, None)
    """
    if text is None or not _LIST.fullmatch(text):
        return None
    numbers: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        low, high = int(first), int(last or first)
        if high < low or high >= MAX_NODES:
            return None
        numbers.update(range(low, high + 1))
    return frozenset(numbers)


def list_nodes(nodes: Iterable[int]) -> str:
    """Nodes as numactl, systemd and docker take them.

    >>> list_nodes([1, 0, 3])
    '0,1,3'
    """
    return ",".join(str(node) for node in sorted(nodes))


def say_nodes(nodes: Iterable[int]) -> str:
    """Nodes for people: `node 1`, `nodes 0 and 1`, `nodes 0, 1 and 3`.

    >>> say_nodes([1]), say_nodes([1, 0]), say_nodes([3, 1, 0])
    ('node 1', 'nodes 0 and 1', 'nodes 0, 1 and 3')
    """
    numbers = [str(node) for node in sorted(nodes)]
    if len(numbers) == 1:
        return f"node {numbers[0]}"
    return f"nodes {', '.join(numbers[:-1])} and {numbers[-1]}"
