"""Which rules may take something of a text, and in which of its lines: most take nothing of most
texts.

A rule is due where its pattern matches, so one that is not due would change nothing. The judges are
the patterns themselves, so that no word of theirs stands here a second time. They are dear to ask,
so only lines are shown to them that have a sign of one of them. The few rules that go by looks
match nearly everywhere: of these the words are asked, in lines that have a sign of such a word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from diagnostics.bundle.secret_places import Place
from diagnostics.bundle.secret_rules import LEAST_LOOKED_AT, MANY_LINES, RULES, Rule
from diagnostics.bundle.secret_words import ALIKE

if TYPE_CHECKING:
    import re2

_MOST_KEPT = 100  # characters of a word that is likely to come again
_MOST_SIGNS = 64  # of a text of which single lines are looked at
_BY_LOOKS = tuple(number for number, rule in enumerate(RULES) if rule.by_looks)
_BY_PLACE = tuple(number for number, rule in enumerate(RULES) if not rule.by_looks)

_SAMPLE = (
    "[   12.345678] systemd[1]: Started user@1000.service - User Manager for UID 1000.\n"
    + " ".join(rule.name for rule in RULES)
)

Lines = Sequence[tuple[int, int]]  # from where to where, without the end of the last of each


class Due(NamedTuple):
    """The numbers of the rules that may take something of a text, and the lines where they may."""

    rules: Collection[int]
    lines: Lines


def warm() -> None:
    """Compile all patterns, and let RE2 build of its automata what an ordinary line needs.

    It takes some hundredths of a second, so it is better done before the first host answers.
    """
    _patterns()
    due_by_place(_SAMPLE)
    due_by_looks(_SAMPLE)


def due_by_place(text: str) -> Due:
    """Of the rules with a place of their own."""
    lines = _with_signs(text, _BY_PLACE)
    if not lines:
        return Due((), ())
    shown = "\n".join([text[begins:ends] for begins, ends in lines])
    due: set[int] = set()
    for numbers, patterns in _patterns():
        matched = patterns.Match(shown)
        if (
            not matched or len(numbers) not in matched
        ):  # not even what matches always: it ran out of memory
            return Due(_BY_PLACE, lines)
        due.update(numbers[place] for place in matched if place < len(numbers))
    return Due(due, lines)


def due_by_looks(text: str) -> Due:
    """Of the rules by looks."""
    lines = _with_signs(text, _BY_LOOKS)
    words = {word for begins, ends in lines for word in text[begins:ends].split()}
    taking = map(_taking, (word for word in words if len(word) >= LEAST_LOOKED_AT))
    return Due(set().union(*taking), lines)


def _with_signs(text: str, rules: Sequence[int]) -> Lines:
    """Each line with a sign of a rule, and the one behind it, into which a match may go on.

    All lines, where there are many signs: to find each of them costs more than it saves.
    """
    lines: list[tuple[int, int]] = []
    until = -1
    for count, sign in enumerate(_signs(rules).finditer(_searched(text))):
        if count == _MOST_SIGNS:
            return ((0, len(text)),)
        if sign.end() <= until:
            continue
        until = _end_of_line(text, sign.end())
        begins, ends = text.rfind("\n", 0, sign.start()) + 1, _end_of_line(text, until + 1)
        if lines and begins <= lines[-1][1] + 1:
            begins = lines.pop()[0]
        lines.append((begins, ends))
    return ((0, len(text)),) if any(MANY_LINES in text[a:b] for a, b in lines) else lines


def matches(rule: Rule, text: str, lines: Lines) -> Iterator[re.Match[str] | re2._Match[str]]:
    """Where the pattern matches in these lines.

    Of a rule by looks in those of them only that have a word which it may take.
    """
    if rule.by_looks:
        for begins, ends in lines:
            yield from _words_by_looks(rule, text, begins, ends)
    else:
        pattern, searched = compiled(rule.pattern), _searched(text)
        for begins, ends in lines:
            yield from pattern.finditer(searched, begins, ends)


def _searched(text: str) -> str | bytes:
    """What RE2 is to search: in bytes, where these are the characters, it does not count them."""
    return text.encode() if text.isascii() else text


def _words_by_looks(rule: Rule, text: str, begins: int, ends: int) -> Iterator[re.Match[str]]:
    number, pattern, at = RULES.index(rule), _by_re(rule.pattern), begins
    for line in text[begins:ends].split("\n"):
        if any(number in _taking(word) for word in line.split() if len(word) >= LEAST_LOOKED_AT):
            yield from pattern.finditer(text, at, at + len(line))
        at += len(line) + 1


def _end_of_line(text: str, at: int) -> int:
    ends = text.find("\n", at)
    return ends if ends >= 0 else len(text)


@cache
def _signs(of_rules: Sequence[int]) -> re2._Regexp[str]:
    """One pattern that matches wherever one of these rules has a sign."""
    signs = dict.fromkeys(sign for number in of_rules for sign in RULES[number].signs)
    return compiled("|".join(f"(?:{sign})" for sign in signs))


def _taking(word: str) -> Collection[int]:
    """The rules by looks that would take a part of the word if it stood alone.

    No part has a blank in it.
    """
    return _taking_short(word) if len(word) <= _MOST_KEPT else _asked(word)


@lru_cache(maxsize=8192)
def _taking_short(word: str) -> Collection[int]:
    """Hosts say much the same, so the same words come again."""
    return _asked(word)


def _asked(word: str) -> Collection[int]:
    return tuple(number for number in _BY_LOOKS if _takes(RULES[number], word))


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
    """All patterns, and the numbers of their rules.

    Of patterns that have little in common RE2 needs very many states at once.
    """
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
