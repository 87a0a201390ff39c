"""A Slack message as lines for a terminal: who, when, whether it was edited, and its blocks as
plain text.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from diagnostics.plain import plain

WIDTH, LEAST = 100, 36
BAR = "  │ "


def message_lines(message: Mapping[str, Any], columns: int | None = None) -> list[str]:
    """The message behind a bar, under its sender; its sentences fit into `columns`, or into 100 and
    the bar.
    """
    width = WIDTH if columns is None else min(max(columns - len(BAR), LEAST), WIDTH)
    sender = (
        (message.get("bot_profile") or {}).get("name")
        or message.get("username")
        or message.get("user")
        or "somebody"
    )
    when = datetime.fromtimestamp(float(str(message.get("ts", "0"))), UTC)
    edited = " (edited)" if message.get("edited") else ""
    body = [line for block in message.get("blocks") or [] for line in _block(block, width)] or [
        str(message.get("text", ""))
    ]
    return [
        f"{sender}  {when:%H:%M:%S} UTC{edited}",
        *(f"{BAR}{plain(html.unescape(line))}" for line in body),
    ]


def _block(block: Mapping[str, Any], width: int) -> Iterator[str]:
    kind = block.get("type")
    if kind == "header":
        yield from ("", *_wrapped(str(block["text"]["text"]), width))
    elif kind == "section":
        yield from _wrapped(str((block.get("text") or {}).get("text", "")), width)
    elif kind == "context":
        for element in block.get("elements", []):
            yield from _wrapped(str(element.get("text", "")), width)
    elif kind == "rich_text":
        for element in block.get("elements", []):
            yield from _rich(element, width)
    elif kind in ("actions", "context_actions"):
        yield from ("", "  ".join(f"[{name}]" for name in _pressed(block)))


def _pressed(block: Mapping[str, Any]) -> Iterator[str]:
    """What its buttons read."""
    for element in block.get("elements", []):
        for key in ("positive_button", "negative_button"):
            if key in element:
                yield str(element[key]["text"]["text"])
        if "text" in element:
            yield str(element["text"]["text"])


def _rich(element: Mapping[str, Any], width: int) -> Iterator[str]:
    kind, inner = element.get("type"), element.get("elements", [])
    if kind == "rich_text_list":
        for item in inner:
            yield from _wrapped(_joined(item.get("elements", [])), width, "- ", "  ")
    elif kind == "rich_text_preformatted":
        yield from (f"    {line}" for line in _joined(inner).split("\n"))
    else:
        yield ""
        for line in _joined(inner).rstrip("\n").split("\n"):
            yield from _wrapped(line, width)


def _joined(elements: Sequence[Mapping[str, Any]]) -> str:
    return "".join(_said(element) for element in elements)


def _said(element: Mapping[str, Any]) -> str:
    if element.get("type") == "user":
        return f"@{element.get('user_id')}"
    return str(element.get("text") or element.get("fallback") or element.get("url") or "")


def _wrapped(text: str, width: int, first: str = "", further: str = "") -> list[str]:
    return textwrap.TextWrapper(
        width, first, further, break_long_words=False, break_on_hyphens=False
    ).wrap(text) or [""]
