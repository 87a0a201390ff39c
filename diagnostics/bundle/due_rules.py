"""Which rules may take something of a text, found in three passes over it: most take nothing of most texts.

A rule is due where its pattern matches, so one that is not due would change nothing. The judges are the patterns themselves, so that no
word of theirs stands here a second time. The few rules that go by looks match nearly everywhere: of these the words are asked.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from diagnostics.bundle.secret_rules import ALIKE, LEAST_LOOKED_AT, RULES, Place, Rule

if TYPE_CHECKING:
    import re2

_MOST_KEPT = 100  # characters of a word that is likely to come again
_BY_LOOKS = tuple((number, rule) for number, rule in enumerate(RULES) if rule.by_looks)
_BY_PLACE = tuple(number for number, rule in enumerate(RULES) if not rule.by_looks)


def due_by_place(text: str) -> Collection[int]:
    """The numbers of the rules with a place of their own that may take something."""
    due: set[int] = set()
    for numbers, patterns in _patterns():
        matched = patterns.Match(text)
        if (
            not matched or len(numbers) not in matched
        ):  # not even what matches always: it ran out of memory
            return _BY_PLACE
        due.update(numbers[place] for place in matched if place < len(numbers))
    return due


def due_by_looks(text: str) -> Collection[int]:
    """The numbers of the rules by looks that may take something."""
    return set().union(
        *map(_taking, {word for word in text.split() if len(word) >= LEAST_LOOKED_AT})
    )


def matches(rule: Rule, text: str) -> Iterator[re.Match[str]]:
    """Where the pattern matches; of a rule by looks in the lines only that have a word which it may take."""
    return _words_by_looks(rule, text) if rule.by_looks else compiled(rule.pattern).finditer(text)


def _words_by_looks(rule: Rule, text: str) -> Iterator[re.Match[str]]:
    number, pattern, at = RULES.index(rule), _by_re(rule.pattern), 0
    for line in text.split("\n"):
        if any(number in _taking(word) for word in line.split() if len(word) >= LEAST_LOOKED_AT):
            yield from pattern.finditer(text, at, at + len(line))
        at += len(line) + 1


def _taking(word: str) -> Collection[int]:
    """The rules by looks that would take a part of the word if it stood alone. No part has a blank in it."""
    return _taking_short(word) if len(word) <= _MOST_KEPT else _asked(word)


@lru_cache(maxsize=8192)
def _taking_short(word: str) -> Collection[int]:
    """Hosts say much the same, so the same words come again."""
    return _asked(word)


def _asked(word: str) -> Collection[int]:
    return tuple(number for number, rule in _BY_LOOKS if _takes(rule, word))


def _takes(rule: Rule, word: str) -> bool:
    return any(
        not rule.stays(Place.of(word, *found.span(1)))
        for found in _by_re(rule.pattern).finditer(word)
    )


@cache
def _by_re(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


@cache
def _patterns() -> tuple[tuple[Sequence[int], re2.Set], ...]:
    """All patterns, and the numbers of their rules. Of patterns that have little in common RE2 needs very many states at once."""
    groups: dict[int, list[int]] = {}
    for number in _BY_PLACE:
        parts = (
            group
            for group, alike in enumerate(ALIKE)
            if any(part in RULES[number].pattern for part in alike)
        )
        groups.setdefault(next(parts, len(ALIKE)), []).append(number)
    return tuple((numbers, _set_of(numbers)) for numbers in groups.values())


def _set_of(numbers: Sequence[int]) -> re2.Set:
    """Their patterns, and behind them one that matches every text."""
    import re2  # noqa: PLC0415  # slow to load; a command that reads a log only needs none

    patterns = re2.Set.SearchSet(_options())
    for number in numbers:
        patterns.Add(_of_lines(RULES[number].pattern))
    patterns.Add(r"\z")
    patterns.Compile()
    return patterns


@cache
def compiled(pattern: str) -> re2._Regexp[str]:
    """The pattern, to find its matches one by one."""
    import re2  # noqa: PLC0415

    return re2.compile(_of_lines(pattern), _options())


def _of_lines(pattern: str) -> str:
    return f"(?m){pattern}"


def _options() -> re2.Options:
    import re2  # noqa: PLC0415

    options = re2.Options()
    options.max_mem = 64 << 20  # with less, a large rule is matched by RE2's slower machine
    return options
