"""Text from hosts made safe to show: no control, format, private or lone surrogate character ever reaches a terminal or a thread.

What is taken out stays visible as an escape, so that evidence is not silently changed; a tab becomes a blank.
"""

from __future__ import annotations

import unicodedata

_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
MAX_COMBINING = 3  # in a row; more is not writing but a wall of marks


def plain(text: str, limit: int | None = None) -> str:
    r"""`text` with each unprintable character as an escape, cut to `limit` characters with an ellipsis.

    >>> plain("ranker\x1b[2J"), plain("a\u202eb"), plain("abcdef", 4)
    ('ranker\\x1b[2J', 'a\\u202eb', 'abc…')
    """
    if limit is not None and len(text) > limit:
        text = text[: limit + 1]  # an escape only makes it longer
    shown = text if text.isascii() and text.isprintable() else "".join(_visible(text))
    return shown if limit is None or len(shown) <= limit else f"{shown[: limit - 1]}…"


def plain_lines(text: str, limit: int | None = None) -> str:
    """The same for text of several lines."""
    return "\n".join(plain(line, limit) for line in text.split("\n"))


def _visible(text: str) -> list[str]:
    shown: list[str] = []
    combining = 0
    for character in text:
        category = unicodedata.category(character)
        combining = combining + 1 if category in ("Mn", "Me") else 0
        if character == "\t":
            shown.append(" ")
        elif category in _HIDDEN or combining > MAX_COMBINING:
            shown.append(_escape(character))
        else:
            shown.append(character)
    return shown


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
