"""A text without what may be a secret: `secret_rules` says what one is, here it is taken out.

`redact` says which texts of a bundle these are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from diagnostics.bundle.as_read import as_read
from diagnostics.bundle.due_rules import Due, Lines, due_by_looks, due_by_place, matches
from diagnostics.bundle.secret_places import Place
from diagnostics.bundle.secret_rules import RULES, Rule

GONE = "[…]"
MOST_WORD_CHARS = (
    1000  # no honest word is longer; what is gets cut, so that no value takes long to read
)
_SHORT = 300  # characters of a text that is likely to come again
_LONG_WORD = re.compile(rf"(\S{{{MOST_WORD_CHARS}}})\S+")
_RUN = re.compile(rf"\S{{1,{MOST_WORD_CHARS}}}")
_BRACKETS = re.compile(
    r"\{[^{}\n]{0,1000}(?:\{[^{}\n]{0,1000}\}[^{}\n]{0,1000}){0,3}\}|\[[^\[\]\n]{0,1000}\]"
    r"|\([^()\n]{0,1000}\)"
)
_QUOTE = re.compile(r"\\{0,4}[\"'`]")
_VALUE_ENDS = re.compile(
    r"\\{0,4}[\"'`](?=[\s,;:}\])>&|.]|$)|</|[,;&"
    r"|](?=[\\\"'{\[]{0,4}[\w.$-]{1,64}[\\\"'\]]{0,4}[=:])|[,;](?=[\"'{\[])|[,;.!?)}\]>]{1,9}$"
)


def redact(text: str) -> str:
    """`text` without what may be a secret, and without what hides one: terminals' escapes,
    invisible characters, wide letters.

    >>> redact("db: password=hunter2 refused")
    'db: password=[…] refused'
    >>> redact("unexpected token in /etc/web.conf: author=joe")
    'unexpected token in /etc/web.conf: author=joe'
    """
    return _redacted_short(text) if len(text) <= _SHORT else _redacted(text)


@lru_cache(maxsize=1024)
def _redacted_short(text: str) -> str:
    """The same few words stand in many bundles: why a section did not come, and mostly nothing at
    all.
    """
    return _redacted(text) if text else text


def _redacted(text: str) -> str:
    text = _of_due_rules(_without_long_words(as_read(text)), due_by_place)
    return _of_due_rules(text, due_by_looks)


def _of_due_rules(text: str, due_in: Callable[[str], Due]) -> str:
    """The text without what these rules take, in their order; those by looks are the last ones."""
    due = due_in(text)
    for number in range(len(RULES)) if due.rules else ():
        if number in due.rules and (shown := without(RULES[number], text, due.lines)) != text:
            text, due = shown, due_in(shown)
    return text


def _without_long_words(text: str) -> str:
    """Lines are looked at first: to look for such a word at each character takes long."""
    if len(text) > MOST_WORD_CHARS and max(map(len, text.split("\n"))) > MOST_WORD_CHARS:
        return _LONG_WORD.sub(rf"\g<1>{GONE}", text)
    return text


def without(rule: Rule, text: str, lines: Lines) -> str:
    """`text` without what one rule takes in these lines. Lines stay lines."""
    kept, at = [], 0
    for found in matches(rule, text, lines):
        if found.start() < at:
            continue
        groups = [found.span(group) for group in range(1, found.re.groups + 1)]
        start, end = next((span for span in groups if span[0] >= 0), None) or _value(
            text, found.end()
        )
        if start < at or start == end:
            continue
        place = Place.of(text, start, end)
        if not rule.stays(place):
            kept += [text[at:start], _LINE.sub(GONE, place.value)]
            at = end
    return "".join([*kept, text[at:]]) if kept else text


_LINE = re.compile(r"[^\n]+")


def _value(text: str, start: int) -> tuple[int, int]:
    """The quoted text, what stands in brackets, or the word without what ends it: a comma before
    another name, a quote around it all.
    """
    if opened := _QUOTE.match(text, start):
        quote, begins = opened[0], opened.end()
        ends = begins
        while (
            (ends := text.find(quote, ends, begins + MOST_WORD_CHARS)) > 0
            and text[ends - 1] == "\\"
            and quote[0] != "\\"
        ):
            ends += 1
        if ends > 0 and "\n" not in text[begins:ends]:
            return begins, ends
        start = begins
    bracket = _BRACKETS.match(text, start)
    if not (run := _RUN.match(text, bracket.end() if bracket else start)):
        return start, bracket.end() if bracket else start
    ended = _VALUE_ENDS.search(run[0], 0 if bracket else 1)
    return start, run.start() + ended.start() if ended else run.end()
