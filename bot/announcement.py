"""Is this Slack message the announcement of a SEV, and whom does it concern? Pure functions over the event as Slack sends it.

An announcement is a new message in the configured channel, by a configured announcer (compared by id, never by name), whose text
matches the configured pattern. The text is everything that people see: `text`, attachments and blocks, since many bots leave `text` empty.
"""

from __future__ import annotations

import hashlib
import html
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import re2

from bot.config import SlackConfig
from bot.inventory import Inventory

_log = logging.getLogger(__name__)

MAX_TEXT_CHARS = 16 * 1024
MAX_DEPTH = 12
_TEXT_KEYS = ("text", "title", "pretext", "fallback", "value")
_NESTED_KEYS = ("text", "fields", "elements", "blocks", "attachments")


@dataclass(frozen=True)
class Announcement:
    """A SEV: where its thread is, which inventory names its text holds, and which names the pattern took that are not in it."""

    channel: str
    ts: str
    names: tuple[str, ...]

    @property
    def key(self) -> str:
        """The same for each delivery of this message, and opaque, since any app of the workspace can read message metadata."""
        return hashlib.sha256(f"{self.channel}:{self.ts}".encode()).hexdigest()[:24]


def read_announcement(event: Mapping[str, Any], config: SlackConfig, inventory: Inventory) -> Announcement | None:
    """The announcement in a `message` event, or None for all other talk."""
    if event.get("channel") != config.channel or event.get("subtype") not in (None, "bot_message", "file_share"):
        return None
    ts, thread_ts = event.get("ts"), event.get("thread_ts")
    if not isinstance(ts, str) or (thread_ts is not None and thread_ts != ts):
        return None
    text = visible_text(event)
    found = re2.search(config.announcement, text)
    if found is None:
        return None
    if not _may_announce(event, config):
        sender = {kind: event.get(kind) for kind in ("bot_id", "app_id", "user")}
        _log.info("a message matched the announcement pattern, but its sender is no configured announcer: %s", sender)
        return None
    return Announcement(config.channel, ts, _names(found.groupdict(), text, inventory))


def _may_announce(event: Mapping[str, Any], config: SlackConfig) -> bool:
    """Whether each id that an announcer entry gives is the sender's."""
    sender = {"bot_id": event.get("bot_id"), "app_id": event.get("app_id"), "user_id": event.get("user")}
    return any(
        all(sender[kind] == wanted for kind, wanted in announcer.model_dump(exclude_none=True).items()) for announcer in config.announcers
    )


def _names(taken: Mapping[str, str | None], text: str, inventory: Inventory) -> tuple[str, ...]:
    """What the pattern's groups `hosts` and `service` took, word by word; without these groups every inventory name in the text."""
    groups = {name: value for name, value in taken.items() if name in ("hosts", "service")}
    if not groups:
        return inventory.named_in(text)
    return inventory.words_of(" ".join(value for value in groups.values() if value))


def visible_text(event: Mapping[str, Any]) -> str:
    """All text of a message, a line for each piece, unescaped once (Slack sends `&`, `<` and `>` escaped)."""
    pieces = dict.fromkeys(piece for piece in _pieces(event, MAX_DEPTH) if piece)
    return html.unescape("\n".join(pieces)[:MAX_TEXT_CHARS])


def _pieces(node: object, depth: int) -> Iterator[str]:
    if depth == 0:
        return
    if isinstance(node, list):
        for entry in node:
            yield from _pieces(entry, depth - 1)
    elif isinstance(node, Mapping):
        for key in _TEXT_KEYS:
            if isinstance(node.get(key), str):
                yield node[key]
        for key in _NESTED_KEYS:
            if isinstance(node.get(key), list | Mapping):
                yield from _pieces(node[key], depth - 1)
