"""Words as what a Slack message holds, in the forms that workspaces take: blocks, plainer blocks,
the plain text alone.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from slack_sdk.errors import SlackApiError

from bot.chat import Words
from bot.slack.blocks import blocks_of, rich_of, text_of
from bot.slack.escape import Block
from bot.slack.retry import error_code

UNKNOWN_BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format"})
TOO_BIG = UNKNOWN_BLOCKS | {"msg_blocks_too_long", "msg_too_long"}
# a message with rich_text may not be edited to one without (docs.slack.dev, chat.update)
MISMATCH = "block_mismatch"

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Content:
    """`text` stands in notifications, and for the blocks where there are none. `plainer` are the
    blocks without kinds that not every workspace takes.
    """

    text: str
    blocks: list[Block]
    plainer: list[Block] = field(default_factory=list)

    def in_plainer_blocks(self) -> Content:
        """The same without newer kinds of blocks."""
        return replace(self, blocks=self.plainer)

    def text_alone(self) -> Content:
        """The same without blocks, for where Slack takes none of these."""
        return replace(self, blocks=[], plainer=[])

    def as_rich_text(self) -> Content:
        """The plain text as the one block that may follow any other."""
        return replace(self, blocks=rich_of(self.text), plainer=[])


def content_of(words: Words) -> Content:
    """What is said, laid out. A failure of the layout is a defect; the plain text goes all the
    same.
    """
    said = text_of(words)
    try:
        return Content(said, blocks_of(words, newer=True), blocks_of(words))
    except Exception:
        _log.exception("a message could not be laid out; its plain text is sent alone")
        return Content(said, [], [])


class Forms:
    """Which kinds of blocks the workspace takes, as far as it has told: newer ones until it refused
    them once.
    """

    def __init__(self) -> None:
        self.takes_newer = True

    async def send(self, content: Content, send: Callable[[Content], Awaitable[T]]) -> T:
        """Send the best form that Slack takes; raises what `send` raises, for all else."""
        form = content if self.takes_newer else content.in_plainer_blocks()
        if form.blocks != content.plainer:
            try:
                return await send(form)
            except SlackApiError as error:
                if error_code(error) not in UNKNOWN_BLOCKS:
                    return await self._send_less(content, send, error)
            plainer = await self._send_plainer(content, send)
            self.takes_newer = False
            _log.info("this workspace takes no newer kinds of blocks: plainer ones are sent")
            return plainer
        return await self._send_plainer(content, send)

    async def _send_plainer(self, content: Content, send: Callable[[Content], Awaitable[T]]) -> T:
        try:
            return await send(content.in_plainer_blocks())
        except SlackApiError as error:
            return await self._send_less(content, send, error)

    async def _send_less(
        self, content: Content, send: Callable[[Content], Awaitable[T]], error: SlackApiError
    ) -> T:
        """The plain text, where it may help."""
        code = error_code(error)
        if code == MISMATCH:
            return await send(content.as_rich_text())
        if code not in TOO_BIG or not content.blocks:
            raise error
        _log.warning("Slack refused the blocks (%s); the plain text is sent alone", code)
        try:
            return await send(content.text_alone())
        except SlackApiError as refused:
            if error_code(refused) != MISMATCH:
                raise
        return await send(content.as_rich_text())
