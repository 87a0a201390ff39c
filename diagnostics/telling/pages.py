"""A page for each cause, made from its rule's docstring: `docs/causes/` holds them, a test keeps them current."""

from __future__ import annotations

import re
from collections.abc import Iterable

from diagnostics.rules import Rule

LABELS = ("Fires when", "Stays clear when", "Cannot tell when")  # each page says these; "Looks like, but is not" where something does
_LABEL = re.compile(rf"\s+({'|'.join(LABELS)}|Looks like, but is not:|Kernel:|Source:)")


def page_of(rule: Rule) -> str:
    """Markdown: the code, what it is, then the docstring's paragraphs with their labels in bold."""
    text = _LABEL.sub(r"\n\n**\1**", rule.page.partition(": ")[2])
    return f"# {rule.code}\n\n{text[:1].upper()}{text[1:]}"


def index_of(rules: Iterable[Rule]) -> str:
    """Markdown: one line for each cause, in the order in which a report names them."""
    lines = [f"- [{rule.code}]({rule.code}.md): {rule.page.partition(': ')[2].partition(chr(10))[0]}" for rule in rules]
    return "# What sevbot finds\n\n" + "\n".join(lines) + "\n"
