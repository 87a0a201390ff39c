"""Whoever typed a slash command: the acknowledgement within Slack's 3 s, and what comes by the
response_url.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.chat import Words
from bot.slack.content import Content, content_of
from bot.slack.retry import TROUBLE, NotTakenError, Pauses, again
from bot.slack.retry_after import GaveUpError

HTTP_OK = 200
RESPONSES = 3
EACH_S = Pauses(1.0, 1.0)  # a person waits for it
MAX_BODY_CHARS = 300

Ack = Callable[..., Awaitable[Any]]

_log = logging.getLogger(__name__)


class SlashAsker:
    """The asker of one command. The first answer acknowledges it; Slack replaces none, so a second
    stands below it.
    """

    def __init__(self, ack: Ack, response_url: str, session: aiohttp.ClientSession | None) -> None:
        self._ack = ack
        self._webhook = AsyncWebhookClient(response_url, session=session, retry_handlers=[])
        self._is_acknowledged = False

    async def answer(self, words: Words) -> None:
        """Only the asker sees it."""
        content = content_of(words)
        if self._is_acknowledged:
            await self._respond(content)
        else:
            self._is_acknowledged = True
            await self._ack(text=content.text, blocks=content.blocks)

    async def _respond(self, content: Content) -> None:
        """By the response_url, which may be used five times: again where it did not go, then its
        text alone.
        """
        forms = iter((content, content.in_plainer_blocks(), content.text_alone()))
        try:
            await again(lambda: self._send(next(forms)), RESPONSES, EACH_S)
        except (*TROUBLE, GaveUpError):
            _log.error("/sev has no answer: Slack took none")

    async def _send(self, form: Content) -> None:
        try:
            answer = await self._webhook.send(
                text=form.text, blocks=form.blocks or None, response_type="ephemeral"
            )
        except TROUBLE as error:
            _log.warning("the answer to /sev did not go: %s", error)
            raise
        if answer.status_code != HTTP_OK:
            _log.warning(
                "Slack refused the answer to /sev: %s %s",
                answer.status_code,
                answer.body[:MAX_BODY_CHARS],
            )
            raise NotTakenError(answer)
