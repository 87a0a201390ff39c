"""Words as what a Slack message holds: blocks, and the plain text beside them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from bot.chat import Words
from bot.slack.blocks import Block, blocks_of, text_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Content:
    """`text` stands in notifications, and for the blocks where there are none."""

    text: str
    blocks: list[Block]

    def text_alone(self) -> Content:
        """The same without blocks, for where Slack takes none of these."""
        return replace(self, blocks=[])


def content_of(words: Words) -> Content:
    """What is said, laid out. A failure of the layout is a defect; the plain text goes all the
    same.
    """
    text = text_of(words)
    try:
        return Content(text, blocks_of(words))
    except Exception:
        _log.exception("a message could not be laid out; its plain text is sent alone")
        return Content(text, [])
