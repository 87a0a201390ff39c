"""A page for each cause, made from its rule's docstring: `docs/causes/` holds them, a test keeps
them current, a terminal gets the same.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable

from diagnostics.rules import Rule

# Each page says these; "Looks like, but is not" where something does.
LABELS = ("Fires when", "Stays clear when", "Cannot tell when")
COLUMNS = 100  # of the files in docs/causes
_LABEL = re.compile(rf"\s+({'|'.join(LABELS)}|Looks like, but is not:|Kernel:|Source:)")


def page_of(rule: Rule) -> str:
    """Markdown: the code, its name in reports, what it is, then the docstring's paragraphs with
    their labels in bold, in lines of at most `COLUMNS` characters.
    """
    text = _LABEL.sub(r"\n\n**\1**", rule.page.partition(": ")[2])
    paragraphs = f"{text[:1].upper()}{text[1:]}".split("\n\n")
    named = [f"In reports: {rule.name}."] if rule.name else []
    return f"# {rule.code}\n\n{_paragraphs((*named, *paragraphs), COLUMNS)}"


def text_of(rule: Rule, width: int) -> str:
    """Plain text of the page, wrapped at `width` characters: what `page_of` has in bold begins a
    paragraph.
    """
    return _paragraphs(page_of(rule).replace("**", "").removeprefix("# ").split("\n\n"), width)


def list_of(rules: Iterable[Rule], width: int) -> str:
    """Plain text: each code and what it is, in the order in which a report names them, wrapped at
    `width` characters.
    """
    rules = tuple(rules)
    column = max(len(rule.code) for rule in rules) + 2
    return "".join(
        f"{_wrapped(f'{rule.code:{column}}{_line_of(rule)}', width, column)}\n" for rule in rules
    )


def _paragraphs(paragraphs: Iterable[str], width: int) -> str:
    told = (_wrapped(" ".join(paragraph.split()), width) for paragraph in paragraphs)
    return "\n\n".join(told) + "\n"


def _wrapped(text: str, width: int, indent: int = 0) -> str:
    return textwrap.fill(
        text, width, subsequent_indent=" " * indent, break_long_words=False, break_on_hyphens=False
    )


def _line_of(rule: Rule) -> str:
    """What the cause is: the page's first paragraph, as one line."""
    return " ".join(rule.page.partition(": ")[2].partition("\n\n")[0].split())


def index_of(rules: Iterable[Rule]) -> str:
    """Markdown: one item for each cause, in the order in which a report names them, in lines of at
    most `COLUMNS` characters.
    """
    items = (f"- [{rule.code}]({rule.code}.md): {_line_of(rule)}" for rule in rules)
    return "# What sevbot finds\n\n" + "".join(f"{_wrapped(item, COLUMNS, 2)}\n" for item in items)
