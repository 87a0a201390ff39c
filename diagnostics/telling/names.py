"""Hosts in a sentence: a few are all named; of more, three and how many others there are, so that a
line stays a line.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

K = TypeVar("K", bound=Hashable)

NAMED = 4  # so many are all named
EXAMPLES = NAMED - 1  # of more


def listed(names: Sequence[str]) -> str:
    """All names, or some of them and the number of the others.

    >>> listed(["web1", "web2"]), listed(["web1", "web2", "web3", "web4", "web5"])
    ('web1, web2', 'web1, web2, web3 and 2 more')
    """
    if len(names) <= NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:EXAMPLES])} and {len(names) - EXAMPLES} more"


def hosts_of(names: Sequence[str]) -> str:
    """Hosts as the subject of a sentence.

    >>> hosts_of(["web1"]), hosts_of(["web1", "web2", "web3", "web4", "web5"])
    ('web1', '5 hosts (web1, web2, web3 and 2 more)')
    """
    return listed(names) if len(names) <= NAMED else f"{len(names)} hosts ({listed(names)})"


def among(names: Sequence[str]) -> str:
    """Hosts inside brackets.

    >>> among(["web1"]), among(["web1", "web2", "web3", "web4", "web5"])
    ('web1', '5 hosts: web1, web2, web3 and 2 more')
    """
    return listed(names) if len(names) <= NAMED else f"{len(names)} hosts: {listed(names)}"


def largest(groups: Mapping[K, Sequence[str]], most: int) -> tuple[list[K], list[K]]:
    """The `most` groups with most names, and the others; both in their order."""
    first = set(sorted(groups, key=lambda key: -len(groups[key]))[:most])
    return [key for key in groups if key in first], [key for key in groups if key not in first]
