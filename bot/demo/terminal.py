"""A Slack message as lines for a terminal: who, when, whether it was edited, and its blocks as plain text."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from diagnostics.plain import plain

WIDTH = 100
BAR = "  │ "


def message_lines(message: Mapping[str, Any]) -> list[str]:
    """The message behind a bar, under its sender."""
    sender = (message.get("bot_profile") or {}).get("name") or message.get("username") or message.get("user") or "somebody"
    when = datetime.fromtimestamp(float(str(message.get("ts", "0"))), UTC)
    edited = " (edited)" if message.get("edited") else ""
    body = [line for block in message.get("blocks") or [] for line in _block(block)] or [str(message.get("text", ""))]
    return [f"{sender}  {when:%H:%M:%S} UTC{edited}", *(f"{BAR}{plain(html.unescape(line))}" for line in body)]


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    kind = block.get("type")
    if kind == "header":
        yield from ("", str(block["text"]["text"]))
    elif kind == "section":
        yield from _wrapped(str((block.get("text") or {}).get("text", "")))
    elif kind == "context":
        for element in block.get("elements", []):
            yield from _wrapped(str(element.get("text", "")))
    elif kind == "rich_text":
        for element in block.get("elements", []):
            yield from _rich(element)


def _rich(element: Mapping[str, Any]) -> Iterator[str]:
    kind, inner = element.get("type"), element.get("elements", [])
    if kind == "rich_text_list":
        for item in inner:
            yield from _wrapped(_joined(item.get("elements", [])), "- ", "  ")
    elif kind == "rich_text_preformatted":
        yield from (f"    {line}" for line in _joined(inner).split("\n"))
    else:
        yield ""
        yield from _wrapped(_joined(inner))


def _joined(elements: Sequence[Mapping[str, Any]]) -> str:
    return "".join(str(element.get("text", "")) for element in elements)


def _wrapped(text: str, first: str = "", further: str = "") -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=further, break_long_words=False) or [""]
