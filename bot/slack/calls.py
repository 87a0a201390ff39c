"""The calls that a SEV's message needs, each in its turn (bot.slack.budget), and the mark by which
our message is known again.

The mark, key and state, stands in the message's metadata and, since Slack drops metadata that it
finds too long, in the id of its first block.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.chat import Place, Posted
from bot.slack.budget import KEPT_FOR_VERDICTS, Budget, Line, Urgency
from bot.slack.content import Content
from bot.slack.escape import Block
from bot.slack.retry import TROUBLE
from bot.slack.retry_after import GaveUpError, asked_wait_s

METADATA_TYPE = "sevbot_diagnosis"
BLOCK_ID = "sevbot:"
LOOKING, DONE = "looking", "done"
PAGE = 200
AT_ONCE_S = 3.0  # a verdict waits for no more than that
LINK_S = 5.0

Call = Callable[[], Awaitable[AsyncSlackResponse]]
Json = Mapping[str, Any]


@dataclass(frozen=True)
class Calls:
    """Slack's methods by `client`, which must not retry by itself; they raise what it raises.

    Where Slack asks one call to wait, all of its kind wait.
    """

    client: AsyncWebClient
    budget: Budget

    async def post(self, place: Place, content: Content, urgency: Urgency) -> Json:
        """Reply in the place's thread; the answer, with `ts` and `message`."""
        post = partial(
            self.client.chat_postMessage,
            channel=place.channel,
            thread_ts=place.thread,
            **_arguments(place, content, LOOKING),
        )
        return await self._in_turn(self.budget.posts(place.channel), urgency, post)

    async def edit(self, place: Place, posted: Posted, content: Content) -> None:
        """Put the last words into the message."""
        edit = partial(self._update, place, posted, content, DONE)
        await self._in_turn(self.budget.edits, Urgency.VERDICT, edit)

    async def edit_at_once(self, place: Place, posted: Posted, content: Content) -> None:
        """Put words into the message that others will follow, within 3 s; not at all where verdicts
        may need the room.
        """
        if not self.budget.edits.has_room(KEPT_FOR_VERDICTS):
            return
        try:
            async with asyncio.timeout(AT_ONCE_S):
                await self._update(place, posted, content, LOOKING)
        except SlackApiError as error:
            _heed(self.budget.edits, error)
            raise

    async def thread(self, place: Place, cursor: str | None) -> Json:
        """A page of the thread, with metadata."""
        read = partial(
            self.client.conversations_replies,
            channel=place.channel,
            ts=place.thread,
            include_all_metadata=True,
            limit=PAGE,
            cursor=cursor,
        )
        return await self._in_turn(self.budget.reads, Urgency.FIRST_MESSAGE, read)

    async def channel(self, place: Place) -> Json:
        """The channel's last messages since the announcement, with metadata."""
        read = partial(
            self.client.conversations_history,
            channel=place.channel,
            oldest=place.thread,
            include_all_metadata=True,
            limit=PAGE,
        )
        return await self._in_turn(self.budget.reads, Urgency.FIRST_MESSAGE, read)

    async def delete(self, channel: str, ts: str) -> None:
        """Delete our message."""
        await self.client.chat_delete(channel=channel, ts=ts)

    async def link(self, channel: str, ts: str) -> str:
        """The message's permalink; where Slack does not give it, `channel/ts`."""
        with suppress(*TROUBLE, GaveUpError):
            async with asyncio.timeout(LINK_S):
                answer = await self.client.chat_getPermalink(channel=channel, message_ts=ts)
            return str(answer["permalink"])
        return f"{channel}/{ts}"

    async def _update(
        self, place: Place, posted: Posted, content: Content, state: str
    ) -> AsyncSlackResponse:
        return await self.client.chat_update(
            channel=place.channel, ts=posted.id, **_arguments(place, content, state)
        )

    @staticmethod
    async def _in_turn(line: Line, urgency: Urgency, call: Call) -> Json:
        await line.turn(urgency)
        try:
            answer = await call()
        except SlackApiError as error:
            _heed(line, error)
            raise
        return answer.data if isinstance(answer.data, dict) else {}


def _heed(line: Line, error: SlackApiError) -> None:
    with suppress(GaveUpError):  # for which each gives up by itself
        if (asked_s := asked_wait_s(error.response)) is not None:
            line.hold(asked_s)


def _arguments(place: Place, content: Content, state: str) -> dict[str, Any]:
    return {
        "text": content.text,
        "blocks": _marked(content.blocks, place.key, state),
        "mrkdwn": False,
        "parse": "none",
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {
            "event_type": METADATA_TYPE,
            "event_payload": {"key": place.key, "state": state},
        },
    }


def _marked(blocks: Sequence[Block], key: str, state: str) -> list[Block]:
    """The blocks with the key in the id of the first."""
    return [{**block, "block_id": f"{BLOCK_ID}{key}:{state}"} for block in blocks[:1]] + [
        *blocks[1:]
    ]


def key_and_state(message: Json) -> tuple[object, object]:
    """What marks a message as ours, from its metadata or else from its first block's id."""
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") if metadata.get("event_type") == METADATA_TYPE else None
    if isinstance(payload, Mapping):
        return payload.get("key"), payload.get("state")
    first = next(iter(message.get("blocks") or ()), None) or {}
    block_id = str(first.get("block_id") or "")
    key, _, state = block_id.removeprefix(BLOCK_ID).rpartition(":")
    return (key, state) if block_id.startswith(BLOCK_ID) else (None, None)
