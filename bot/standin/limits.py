"""What Slack refuses in a message beside its blocks: too long, too many, malformed (docs.slack.dev,
chat.postMessage).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.standin.surfaces import check_blocks
from bot.standin.workspace import SlackError

MAX_POSTED_TEXT = 40_000
MAX_UPDATED_TEXT = 4_000
MAX_ATTACHMENTS = 100

Thing = Mapping[str, Any]


def check_content(content: Thing, *, takes_newer: bool = True) -> None:
    """Raises SlackError with Slack's code for whatever Slack would refuse in this message; without
    `takes_newer` newer kinds of blocks, too.
    """
    text, blocks, attachments = (
        content.get("text"),
        content.get("blocks"),
        content.get("attachments"),
    )
    if not (text or blocks or attachments):
        raise SlackError("no_text")
    if text is not None and not isinstance(text, str):
        raise SlackError("invalid_arguments")
    if blocks is not None:
        check_blocks(blocks, takes_newer=takes_newer)
    if attachments is not None:
        _check_attachments(attachments, takes_newer=takes_newer)
    _check_metadata(content.get("metadata"))


def _check_attachments(attachments: object, *, takes_newer: bool) -> None:
    if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
        raise SlackError("invalid_attachments")
    if len(attachments) > MAX_ATTACHMENTS:
        raise SlackError("too_many_attachments")
    for each in attachments:
        if "blocks" in each:
            check_blocks(each["blocks"], takes_newer=takes_newer)


def _check_metadata(metadata: object) -> None:
    if metadata is None or metadata == {}:
        return
    kinds = (
        (metadata.get("event_type"), metadata.get("event_payload"))
        if isinstance(metadata, dict)
        else ()
    )
    if not kinds or not isinstance(kinds[0], str) or not isinstance(kinds[1], dict):
        raise SlackError("invalid_metadata_format")
