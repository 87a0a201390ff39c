"""What Slack refuses in a message: too long, too many, malformed. Limits from docs.slack.dev, Block
Kit reference and chat.postMessage.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from bot.standin.workspace import SlackError

MAX_POSTED_TEXT = 40_000
MAX_UPDATED_TEXT = 4_000
MAX_BLOCKS = 50
# undocumented; seen by others as msg_blocks_too_long (github.com/slackapi/bolt-js/issues/2509)
MAX_BLOCKS_CHARS = 13_200
MAX_TEXT_OBJECT = 3_000
MAX_HEADER = 150
MAX_FIELDS = 10
MAX_FIELD = 2_000
MAX_CONTEXT_ELEMENTS = 10
MAX_ACTIONS = 25
MAX_BLOCK_ID = 255
MAX_ATTACHMENTS = 100
INLINE = frozenset(
    {"text", "link", "user", "usergroup", "channel", "emoji", "broadcast", "date", "color"}
)
INLINE_IN_CODE = frozenset({"text", "link"})

Thing = Mapping[str, Any]


def check_content(content: Thing, max_text: int) -> None:
    """Raises SlackError with Slack's code for whatever Slack would refuse in this message."""
    text, blocks, attachments = (
        content.get("text"),
        content.get("blocks"),
        content.get("attachments"),
    )
    if not (text or blocks or attachments):
        raise SlackError("no_text")
    if text is not None and not isinstance(text, str):
        raise SlackError("invalid_arguments")
    if len(text or "") > max_text:
        raise SlackError("msg_too_long")
    if blocks is not None:
        check_blocks(blocks)
    if attachments is not None:
        _check_attachments(attachments)
    _check_metadata(content.get("metadata"))


def check_blocks(blocks: object) -> None:
    """Raises SlackError: invalid_blocks_format, invalid_blocks (with the reason and where) or
    msg_blocks_too_long.
    """
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    problems = (
        ["no more than 50 items allowed [json-pointer:/blocks]"] if len(blocks) > MAX_BLOCKS else []
    )
    for place, block in enumerate(blocks):
        if problem := _block(block):
            problems.append(f"{problem} [json-pointer:/blocks/{place}]")
    if problems:
        raise SlackError(
            "invalid_blocks",
            errors=problems,
            response_metadata={"messages": [f"[ERROR] {each}" for each in problems]},
        )
    if len(json.dumps(blocks, ensure_ascii=False)) > MAX_BLOCKS_CHARS:
        raise SlackError("msg_blocks_too_long")


def _check_attachments(attachments: object) -> None:
    if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    for each in attachments:
        if "blocks" in each:
            check_blocks(each["blocks"])


def _check_metadata(metadata: object) -> None:
    if metadata is None:
        return
    kinds = (
        (metadata.get("event_type"), metadata.get("event_payload"))
        if isinstance(metadata, dict)
        else ()
    )
    if not kinds or not isinstance(kinds[0], str) or not isinstance(kinds[1], dict):
        raise SlackError("invalid_metadata_format")


def _block(block: object) -> str | None:
    if not isinstance(block, dict):
        return "must be an object"
    check = _BLOCKS.get(str(block.get("type")))
    if check is None:
        return f"unsupported type: {block.get('type')}"
    if len(str(block.get("block_id", ""))) > MAX_BLOCK_ID:
        return "block_id: must be less than 256 characters"
    return check(block)


def _header(block: Thing) -> str | None:
    return _text_object(block.get("text"), MAX_HEADER, kinds=("plain_text",))


def _section(block: Thing) -> str | None:
    text, fields = block.get("text"), block.get("fields")
    if text is None and fields is None:
        return "must have text or fields"
    if text is not None and (problem := _text_object(text, MAX_TEXT_OBJECT)):
        return problem
    return (
        None
        if fields is None
        else _each(fields, MAX_FIELDS, lambda field: _text_object(field, MAX_FIELD))
    )


def _context(block: Thing) -> str | None:
    return _each(block.get("elements"), MAX_CONTEXT_ELEMENTS, _context_element)


def _context_element(element: object) -> str | None:
    if isinstance(element, dict) and element.get("type") == "image":
        return (
            None
            if element.get("alt_text") and (element.get("image_url") or element.get("slack_file"))
            else "malformed image"
        )
    return _text_object(element, MAX_TEXT_OBJECT)


def _actions(block: Thing) -> str | None:
    return _each(block.get("elements"), MAX_ACTIONS, _action)


def _action(element: object) -> str | None:
    return (
        None
        if isinstance(element, dict) and isinstance(element.get("type"), str)
        else "malformed element"
    )


def _rich_text(block: Thing) -> str | None:
    return _each(block.get("elements"), None, _rich_part)


def _rich_part(part: object) -> str | None:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(part, dict) or kind not in (
        "rich_text_section",
        "rich_text_preformatted",
        "rich_text_list",
        "rich_text_quote",
    ):
        return f"unsupported rich text element: {kind}"
    if kind == "rich_text_list":
        if part.get("style") not in ("bullet", "ordered"):
            return "list style must be bullet or ordered"
        return _each(part.get("elements"), None, _list_item)
    allowed = INLINE_IN_CODE if kind == "rich_text_preformatted" else INLINE
    return _each(part.get("elements"), None, lambda element: _inline(element, allowed))


def _list_item(item: object) -> str | None:
    if isinstance(item, dict) and item.get("type") == "rich_text_section":
        return _rich_part(item)
    return "a list holds sections only"


def _inline(element: object, allowed: frozenset[str]) -> str | None:
    if not isinstance(element, dict) or element.get("type") not in allowed:
        return "unsupported element in rich text"
    if element["type"] == "text" and not (isinstance(element.get("text"), str) and element["text"]):
        return "must be more than 0 characters"
    if element["type"] == "link" and not isinstance(element.get("url"), str):
        return "a link needs its url"
    return None


def _each(things: object, most: int | None, check: Callable[[object], str | None]) -> str | None:
    if not isinstance(things, list) or not things:
        return "must be a list of at least 1 item"
    if most is not None and len(things) > most:
        return f"no more than {most} items allowed"
    return next((problem for thing in things if (problem := check(thing))), None)


def _text_object(
    thing: object, limit: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")
) -> str | None:
    if (
        not isinstance(thing, dict)
        or thing.get("type") not in kinds
        or not isinstance(thing.get("text"), str)
    ):
        return f"must be a text object of {' or '.join(kinds)}"
    if not 0 < len(thing["text"]) <= limit:
        return f"text must be 1 to {limit} characters"
    return None


_BLOCKS: Mapping[str, Callable[[Thing], str | None]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "divider": lambda _: None,
    "rich_text": _rich_text,
    "actions": _actions,
}
