"""Is this Slack message the announcement of a SEV, and whom does it concern? Pure functions over
the event as Slack sends it.

An announcement is a new message in the configured channel, by a configured announcer (compared by
id, never by name), whose text matches the configured pattern. The text is everything that people
see of its sender's own: `text`, attachments and blocks, since many bots leave `text` empty; not
what it quotes of others.
"""

from __future__ import annotations

import hashlib
import html
from collections.abc import Iterator, Mapping
from typing import Any

import re2

from bot.chat import Announcement, Place
from bot.config import SlackConfig
from bot.inventory import Inventory, Named

MAX_TEXT_CHARS = 16 * 1024
MAX_DEPTH = 12
_TEXT_KEYS = ("text", "title", "pretext", "fallback", "value")
_NESTED_KEYS = ("text", "fields", "elements", "blocks", "attachments")
# what Slack adds to an attachment that shows another message or a linked page; a bot's own
# attachment has none of these
_QUOTING_KEYS = (
    "is_share", "is_msg_unfurl", "is_reply_unfurl", "is_thread_root_unfurl", "is_app_unfurl",
    "from_url", "original_url", "app_unfurl_url", "author_id", "channel_id", "message_blocks",
)  # fmt: skip
_QUOTED_LINE = "&gt;"


class NoAnnouncer:
    """A message that matches the pattern, of somebody who may not announce: not answered, but worth
    a line in the log.
    """


def read_announcement(
    event: Mapping[str, Any], config: SlackConfig, inventory: Inventory
) -> Announcement | NoAnnouncer | None:
    """The announcement in a `message` event, or None for all other talk."""
    if event.get("channel") != config.channel or event.get("subtype") not in (
        None,
        "bot_message",
        "file_share",
    ):
        return None
    ts, thread_ts = event.get("ts"), event.get("thread_ts")
    if not isinstance(ts, str) or (thread_ts is not None and thread_ts != ts):
        return None
    text = visible_text(event)
    found = re2.search(config.announcement, text)
    if found is None:
        return None
    if not _may_announce(event, config):
        return NoAnnouncer()
    place = Place(config.channel, ts, _key(config.channel, ts))
    return Announcement(place, float(ts), _named(found.groupdict(), text, inventory))


def _key(channel: str, ts: str) -> str:
    """The same for each delivery of this message, and opaque: any app of the workspace can read
    message metadata.
    """
    return hashlib.sha256(f"{channel}:{ts}".encode()).hexdigest()[:24]


def _may_announce(event: Mapping[str, Any], config: SlackConfig) -> bool:
    """Whether each id that an announcer entry gives is the sender's."""
    sender = {
        "bot_id": event.get("bot_id"),
        "app_id": event.get("app_id"),
        "user_id": event.get("user"),
    }
    return any(
        all(
            sender[kind] == wanted
            for kind, wanted in announcer.model_dump(exclude_none=True).items()
        )
        for announcer in config.announcers
    )


def _named(taken: Mapping[str, str | None], text: str, inventory: Inventory) -> Named:
    """What the pattern's groups `hosts` and `service` took, or where it has none the whole text."""
    groups = {name: value for name, value in taken.items() if name in ("hosts", "service")}
    if not groups:
        return inventory.resolve(text, in_prose=True)
    return inventory.resolve(" ".join(value for value in groups.values() if value))


def visible_text(event: Mapping[str, Any]) -> str:
    """The sender's own text, a line for each piece, unescaped once (Slack sends `&`, `<` and `>`
    escaped).

    Left out are attachments that show another message or a linked page, and in a person's message
    what it quotes; bots use the quote's bar as decoration.
    """
    is_person = not event.get("bot_id")
    pieces = dict.fromkeys(
        piece for piece in _pieces(event, MAX_DEPTH, is_person=is_person) if piece
    )
    return html.unescape("\n".join(pieces)[:MAX_TEXT_CHARS])


def _pieces(node: object, depth: int, *, is_person: bool) -> Iterator[str]:
    if depth == 0:
        return
    if isinstance(node, list):
        for entry in node:
            yield from _pieces(entry, depth - 1, is_person=is_person)
    elif isinstance(node, Mapping) and not (is_person and node.get("type") == "rich_text_quote"):
        for key in _TEXT_KEYS:
            if isinstance(node.get(key), str):
                yield _without_quotes(node[key]) if is_person else node[key]
        for key in _NESTED_KEYS:
            below = (
                [each for each in _list(node[key]) if not _quotes(each)]
                if key == "attachments" and key in node
                else node.get(key)
            )
            if isinstance(below, list | Mapping):
                yield from _pieces(below, depth - 1, is_person=is_person)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _quotes(attachment: object) -> bool:
    return isinstance(attachment, Mapping) and any(attachment.get(key) for key in _QUOTING_KEYS)


def _without_quotes(text: str) -> str:
    return "\n".join(
        line for line in text.split("\n") if not line.lstrip().startswith(_QUOTED_LINE)
    )
