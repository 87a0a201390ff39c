"""Text from hosts made safe to show: no control, format, private, invisible or lone surrogate
character reaches a terminal or a thread.

What is taken out stays visible as an escape, so that evidence is not silently changed; a tab
becomes a blank.
"""

from __future__ import annotations

import unicodedata

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})  # categories
# Letters and marks of Unicode's Default_Ignorable_Code_Point, which are drawn as nothing; the
# others of it are of the categories above.
_IGNORED_SPANS = (
    (0x034F,) * 2,
    (0x115F, 0x1160),
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x3164,) * 2,
    (0xFE00, 0xFE0F),
    (0xFFA0,) * 2,
)
IGNORED = frozenset(
    chr(code)
    for first, last in (*_IGNORED_SPANS, (0xE0100, 0xE01EF))
    for code in range(first, last + 1)
)
MAX_COMBINING = 3  # in a row; more is not writing but a wall of marks


def plain(text: str, limit: int | None = None) -> str:
    r"""`text` with each unprintable character as an escape, cut to `limit` characters with an
    ellipsis.

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
        elif category in HIDDEN or character in IGNORED or combining > MAX_COMBINING:
            shown.append(_escape(character))
        else:
            shown.append(character)
    return shown


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
