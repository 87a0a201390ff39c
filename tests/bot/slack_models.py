"""Slack's own library as a second opinion on every payload that a test sends: each block is read by
slack_sdk.models, whose own checks must pass.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from slack_sdk.models.blocks import Block as SdkBlock

from bot.standin.slack import SlackStandIn


def check_all_that_was_sent(slack: SlackStandIn) -> None:
    """AssertionError for a block that Slack's models do not know, or whose checks fail."""
    for call in slack.history:
        content = call.arguments.get("view", call.arguments)
        for block in _blocks(content):
            check(block)
    for shown in (*slack.ephemerals, *slack.views.values()):
        for block in _blocks(shown):
            check(block)


def check(block: dict[str, Any]) -> None:
    """One block, of the kind that it says."""
    read = SdkBlock.parse(copy.deepcopy(block))
    assert read is not None, block
    read.validate_json()
    assert read.to_dict()["type"] == block["type"]


def _blocks(content: object) -> Iterator[dict[str, Any]]:
    blocks = content.get("blocks") if isinstance(content, dict) else None
    yield from blocks if isinstance(blocks, list) else []
