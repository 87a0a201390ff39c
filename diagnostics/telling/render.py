"""A report for people at a terminal: plain text, colour only if asked for, and every character from a host made visible."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from diagnostics.model import Report
from diagnostics.plain import plain, plain_lines
from diagnostics.telling.words import Part, tell

WIDTH = 100
BOLD, DIM, RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
EVIDENCE_WIDTH = 220


def to_text(report: Report, *, colour: bool = False) -> str:
    """The report as text, ending with a newline."""
    parts = [_part(part, colour=colour) for part in tell(report).parts]
    return "\n".join(parts)


def _part(part: Part, *, colour: bool) -> str:
    lines = [_paint(part.headline, BOLD, colour=colour)]
    if part.subtitle:
        lines.append(plain(part.subtitle))
    lines += _section("What happened", part.story, colour=colour)
    lines += ["", *(f"  {line}" for line in part.picture)] if part.picture else []
    lines += _section("How sure", (part.how_sure,) if part.how_sure else (), colour=colour)
    if part.steps:
        lines += ["", _paint("What to do", BOLD, colour=colour)]
        for step in part.steps:
            lines += _bullet(step.says)
            lines += [f"      {line}" for line in plain_lines(step.code or "").split("\n") if line]
    lines += _section("Ruled out", part.ruled_out, colour=colour)
    lines += _section("Could not be checked", part.not_checked, colour=colour)
    if part.evidence:
        lines += ["", _paint("Evidence", BOLD, colour=colour)]
    for shown in part.evidence:
        where = f"{shown.host or ''} {shown.citation.source}:{shown.citation.line}".strip()
        lines.append(f"  {_paint(plain(where), DIM, colour=colour)}  {plain(shown.citation.text, EVIDENCE_WIDTH)}")
    return "\n".join(lines) + "\n"


def _section(title: str, paragraphs: Sequence[str], *, colour: bool) -> list[str]:
    if not paragraphs:
        return []
    return ["", _paint(title, BOLD, colour=colour), *(line for text in paragraphs for line in _bullet(text))]


def _bullet(text: str) -> list[str]:
    return textwrap.wrap(plain(text), WIDTH, initial_indent="  - ", subsequent_indent="    ", break_long_words=False)


def _paint(text: str, code: str, *, colour: bool) -> str:
    return f"{code}{text}{RESET}" if colour else text
