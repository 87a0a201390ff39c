"""Text from hosts as Slack takes it: no markup, no unprintable character, and lengths as Slack
counts them, which is after escaping (docs.slack.dev, Formatting message text).

Host text goes into plain_text and rich_text elements only, which Slack does not parse; there `&`,
`<` and `>` are escaped as everywhere in Slack text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from diagnostics.plain import plain, plain_lines

EMPTY = "-"  # Slack takes no empty text
MAX_CODE_CHARS = 2_900  # of one preformatted element

Block = dict[str, Any]


def escape(text: str) -> str:
    """`text` with the three characters escaped that Slack's markup begins with."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escaped(text: str, limit: int) -> str:
    """`text` made safe, of 1 to `limit` characters as Slack counts them: escaped ones. Cut at a
    whole character.

    >>> escaped("a<b", 9), escaped("a<b", 5), escaped("", 5)
    ('a&lt;b', 'a…', '-')
    """
    return _cut(plain(text, limit) or EMPTY, limit)


def escaped_lines(text: str, limit: int) -> str:
    """The same for text of several lines."""
    return _cut(plain_lines(text) or EMPTY, limit)


def _cut(shown: str, limit: int) -> str:
    whole = escape(shown)
    if len(whole) <= limit:
        return whole
    ends = list(accumulate(len(escape(character)) for character in shown))
    return f"{escape(shown[: bisect_right(ends, limit - 1)])}…"


def plain_text(text: str, limit: int) -> Block:
    """A plain_text object of at most `limit` characters."""
    return {"type": "plain_text", "text": escaped(text, limit), "emoji": False}


def header(text: str) -> Block:
    """A header block."""
    return {"type": "header", "text": plain_text(text, 150)}


def context(text: str, limit: int = 1_000) -> Block:
    """A line in small letters."""
    return {"type": "context", "elements": [plain_text(text, limit)]}


def rich_text(*elements: Block) -> Block:
    """A rich_text block."""
    return {"type": "rich_text", "elements": list(elements)}


def section(*elements: Block) -> Block:
    """One paragraph of a rich_text block."""
    return {"type": "rich_text_section", "elements": list(elements)}


def text(said: str, limit: int = 700, *, bold: bool = False) -> Block:
    """A rich_text's text."""
    style = {"style": {"bold": True}} if bold else {}
    return {"type": "text", "text": escaped(said, limit), **style}


def bullets(sentences: Sequence[str], limit: int = 700) -> Block:
    """A rich_text's list."""
    items = [section(text(sentence, limit)) for sentence in sentences]
    return {"type": "rich_text_list", "style": "bullet", "elements": items}


def code(lines: str, limit: int = MAX_CODE_CHARS) -> Block:
    """A rich_text's monospaced lines."""
    return {
        "type": "rich_text_preformatted",
        "elements": [{"type": "text", "text": escaped_lines(lines, limit)}],
    }


def chunks(lines: Sequence[str], limit: int) -> Iterator[list[str]]:
    """The lines in order, together as long as they have at most `limit` characters escaped."""
    kept: list[str] = []
    size = 0
    for line in lines:
        length = len(escape(plain(line))) + 1
        if kept and size + length > limit:
            yield kept
            kept, size = [], 0
        kept.append(line)
        size += length
    if kept:
        yield kept
