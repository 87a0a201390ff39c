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
import re
from collections.abc import Iterator, Mapping
from typing import Any

import re2

from bot.chat import Announcement, Place
from bot.config import SlackConfig
from bot.inventory import Inventory, Named

MAX_TEXT_CHARS = 16 * 1024
MAX_DEPTH = 12
_TEXT_KEYS = ("text", "title", "pretext", "fallback", "value")
_NESTED_KEYS = (
    "text", "rich_text_title", "title", "subtitle", "body", "details", "fields", "elements",
    "child_blocks", "tasks", "rows", "blocks", "attachments",
)  # fmt: skip
# of rich text: their elements are the parts of one line, whatever their style
_ONE_LINE = ("rich_text_section", "rich_text_preformatted", "rich_text_quote")
_CELLS = " | "
_TS = re.compile(r"\d{1,12}(?:\.\d{1,9})?", re.ASCII)
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
    if not isinstance(ts, str) or not _TS.fullmatch(ts):
        return None
    if thread_ts not in (None, ts):
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
    sender = {"bot_id": event.get("bot_id"), "app_id": app_of(event), "user_id": event.get("user")}
    return any(
        all(
            sender[kind] == wanted
            for kind, wanted in announcer.model_dump(exclude_none=True).items()
        )
        for announcer in config.announcers
    )


def app_of(event: Mapping[str, Any]) -> object:
    """The sender's app; of some senders Slack names it in `bot_profile` only."""
    profile = event.get("bot_profile")
    named = profile.get("app_id") if isinstance(profile, Mapping) else None
    return event.get("app_id") or named


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
        if node.get("type") in _ONE_LINE:
            yield "".join(map(_inline, _list(node.get("elements"))))
            return
        for key in _TEXT_KEYS:
            if isinstance(node.get(key), str):
                yield _without_quotes(node[key]) if is_person else node[key]
        for key in _NESTED_KEYS:
            yield from _below(node, key, depth - 1, is_person=is_person)


def _below(node: Mapping[str, Any], key: str, depth: int, *, is_person: bool) -> Iterator[str]:
    """What a node holds under one of its keys: a line for each row of a table."""
    below = node.get(key)
    if key == "attachments":
        below = [each for each in _list(below) if not _quotes(each)]
    if key == "rows":
        for row in _list(below):
            cells = (_pieces(cell, depth - 1, is_person=is_person) for cell in _list(row))
            yield _CELLS.join(" ".join(cell) for cell in cells)
    elif isinstance(below, list | Mapping):
        yield from _pieces(below, depth, is_person=is_person)


def _inline(element: object) -> str:
    """A part of a line: its text, or a link's address where it has none. What is shown by a picture
    or another's name parts words.
    """
    if not isinstance(element, Mapping):
        return ""
    said = (element.get(key) for key in ("text", "url", "fallback"))
    return next((each for each in said if isinstance(each, str) and each), " ")


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _quotes(attachment: object) -> bool:
    return isinstance(attachment, Mapping) and any(attachment.get(key) for key in _QUOTING_KEYS)


def _without_quotes(text: str) -> str:
    return "\n".join(
        line for line in text.split("\n") if not line.lstrip().startswith(_QUOTED_LINE)
    )
