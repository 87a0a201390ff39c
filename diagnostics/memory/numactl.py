"""numactl's memory policy in a command line, and the same line with another policy.

numactl takes options up to its first other word (optstring `+…`), accepts unambiguous prefixes of
long options, and sets the policy before it executes the program (numactl.8). Only the memory policy
is edited: CPU flags stay.

    /usr/bin/numactl --membind=1 /usr/local/bin/ranker ...
    /usr/bin/numactl -N 1 -m1 /usr/local/bin/ranker ...
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LONG_WITH_VALUE = (
    "membind", "interleave", "weighted-interleave", "preferred", "preferred-many",
    "cpunodebind", "cpubind", "physcpubind",
)  # fmt: skip
_LONG_ALONE = ("localalloc", "all", "balancing", "show", "hardware")
_SHORT_WITH_VALUE = "miwpPNcC"
_SHORT = {"membind": "-m", "interleave": "-i", "preferred": "-p", "localalloc": "-l"}


@dataclass(frozen=True)
class Membind:
    """`--membind` in a command: the words `start` to `end` (exclusive) hold flag and nodes; `long`
    is its spelling.
    """

    words: tuple[str, ...]
    start: int
    end: int
    nodes: str
    long: bool

    def replaced(self, option: str, nodes: str) -> tuple[str, ...]:
        """The command with another policy in place of the bind, in the same spelling where it has a
        short one.
        """
        short = _SHORT.get(option)
        if self.long or short is None:
            flag: tuple[str, ...] = (f"--{option}={nodes}",) if nodes else (f"--{option}",)
        else:
            flag = (short, nodes) if nodes else (short,)
        return (*self.words[: self.start], *flag, *self.words[self.end :])

    def removed(self) -> tuple[str, ...]:
        """The command without the bind; a numactl that would then do nothing goes too."""
        rest = (*self.words[: self.start], *self.words[self.end :])
        numactl = next(n for n, word in enumerate(rest) if word.rsplit("/", 1)[-1] == "numactl")
        does_nothing = not rest[numactl + 1 : numactl + 2] or not rest[numactl + 1].startswith("-")
        return (*rest[:numactl], *rest[numactl + 1 :]) if does_nothing else rest


def find_membind(words: Sequence[str]) -> Membind | None:
    """The membind of the first numactl in a command, or None where it has none."""
    start = next((n for n, word in enumerate(words) if word.rsplit("/", 1)[-1] == "numactl"), None)
    if start is None:
        return None
    position = start + 1
    while position < len(words) and words[position].startswith("-") and words[position] != "--":
        name, value, width = _option(words, position)
        if name == "membind" and value is not None:
            return Membind(
                tuple(words), position, position + width, value, words[position].startswith("--")
            )
        position += width
    return None


def _option(words: Sequence[str], position: int) -> tuple[str | None, str | None, int]:
    """An option's full name, its value, and how many words it takes."""
    word = words[position]
    following = words[position + 1] if position + 1 < len(words) else None
    if word.startswith("--"):
        spelled, equals, value = word[2:].partition("=")
        name = _full_name(spelled)
        if equals:
            return name, value, 1
        return (name, following, 2) if name in _LONG_WITH_VALUE else (name, None, 1)
    if word[1:2] in _SHORT_WITH_VALUE:
        name = "membind" if word[1] == "m" else None
        return (name, word[2:], 1) if len(word) > 2 else (name, following, 2)
    return None, None, 1


def _full_name(spelled: str) -> str | None:
    names = (*_LONG_WITH_VALUE, *_LONG_ALONE)
    if spelled in names:
        return spelled
    matches = [name for name in names if name.startswith(spelled)]
    return matches[0] if len(matches) == 1 else None
