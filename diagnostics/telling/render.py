"""A report for people at a terminal: plain text, colour only if asked for, and every character from
a host made visible.

Sentences are wrapped between words: a path or an option with a hyphen stays whole, so that it can
be copied, and so does a command.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from diagnostics.model import Report
from diagnostics.plain import plain, plain_lines
from diagnostics.telling.words import Part, Quoted, tell

MAX_WIDTH, MIN_WIDTH = 100, 40  # a longer line is hard to read; pictures need 40
BOLD, DIM, RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
EVIDENCE_CHARS = 220
LONGEST_WORD = 220  # of a sentence: more is no name or path that somebody reads


@dataclass(frozen=True)
class _Page:
    """How wide lines are, whether lines of evidence are wrapped, too, and whether there is
    colour.
    """

    width: int
    wraps_evidence: bool
    colour: bool

    def wrapped(self, text: str, first: str = "", further: str = "") -> list[str]:
        """The text as lines; a word that is longer than a line has one for itself."""
        wrapper = textwrap.TextWrapper(
            self.width, first, further, break_long_words=False, break_on_hyphens=False
        )
        return wrapper.wrap(_shown(text)) or [""]

    def painted(self, text: str, code: str) -> str:
        return f"{code}{text}{RESET}" if self.colour else text


def fitting(width: int | None) -> int:
    """How long lines are on a terminal of `width` columns; without it, in a file."""
    return min(max(width or MAX_WIDTH, MIN_WIDTH), MAX_WIDTH)


def to_text(report: Report, *, colour: bool = False, width: int | None = None) -> str:
    """The report as text, ending with a newline.

    `width` is a terminal's (taken as 40 to 100 columns). Without it the text is for a file: 100
    columns, and evidence line by line.
    """
    page = _Page(fitting(width), width is not None, colour)
    return "\n".join(_part(part, page) for part in tell(report).parts)


def _part(part: Part, page: _Page) -> str:
    lines = [page.painted(line, BOLD) for line in page.wrapped(part.headline)]
    if part.subtitle:
        lines += page.wrapped(part.subtitle)
    lines += _section("What happened", part.story, page)
    lines += ["", *(f"  {line}" for line in part.picture)] if part.picture else []
    lines += _section("How sure", (part.how_sure,) if part.how_sure else (), page)
    if part.steps:
        lines += _title("What to do", page)
        for step in part.steps:
            lines += _bullet(step.says, page)
            lines += [f"      {line}" for line in plain_lines(step.code or "").split("\n") if line]
    if part.evidence:
        lines += _title("Evidence", page)
    lines += [line for quoted in part.evidence for line in _evidence(quoted, page)]
    lines += _section("Ruled out", part.ruled_out, page)
    lines += _section("Could not be checked", part.not_checked, page)
    return "\n".join(lines) + "\n"


def _title(title: str, page: _Page) -> list[str]:
    return ["", page.painted(title, BOLD)]


def _section(title: str, paragraphs: Sequence[str], page: _Page) -> list[str]:
    if not paragraphs:
        return []
    return [*_title(title, page), *(line for text in paragraphs for line in _bullet(text, page))]


def _bullet(text: str, page: _Page) -> list[str]:
    return page.wrapped(text, "  - ", "    ")


def _evidence(quoted: Quoted, page: _Page) -> list[str]:
    where = _shown(f"{quoted.host or ''} {quoted.citation.source}:{quoted.citation.line}".strip())
    text = plain(quoted.citation.text, EVIDENCE_CHARS)
    if not page.wraps_evidence:
        return [f"  {page.painted(where, DIM)}  {text}"]
    first, *further = page.wrapped(f"{where}  {text}", "  ", "    ")
    return [first.replace(where, page.painted(where, DIM), 1), *further]


def _shown(text: str) -> str:
    """Everything visible, and no word longer than anybody reads."""
    shown = plain(text)
    return (
        shown
        if len(shown) <= LONGEST_WORD
        else " ".join(plain(word, LONGEST_WORD) for word in shown.split(" "))
    )
