"""The one message in a SEV's thread: found again or posted once, then edited in place.

Slack has no idempotent post. So before any post, and after any post whose answer was lost, the thread is read back for our own message
with this SEV's key in its metadata; only if it is not there is it posted. Edits are idempotent and may be repeated.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.blocks import note_blocks
from bot.retry_after import HTTP_TOO_MANY, GaveUpError, asked_wait_s

METADATA_TYPE = "sevbot_diagnosis"
ATTEMPTS = (
    12  # for about three minutes: an outage of Slack is no reason to leave a SEV with "looking"
)
MAX_WAIT_S = 30.0
MAX_LATE, MAX_LATE_S = 1_000, 24 * 3600.0
LATE_CURE = "Ask again with /sev diagnose HOST…"
TOO_BIG = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"}
)
MAY_PASS = frozenset(
    {
        "fatal_error",
        "internal_error",
        "ratelimited",
        "rate_limited",
        "request_timeout",
        "service_unavailable",
    }
)
HTTP_OK, HTTP_SERVER_ERROR = 200, 500

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """Where a message stands or shall stand: the channel, the thread's parent, and the key that marks the message as ours."""

    channel: str
    thread_ts: str
    key: str


@dataclass(frozen=True)
class Posted:
    """Our message in the thread. `done` is true once the diagnosis stands in it."""

    ts: str
    done: bool


class SevThread:
    """Posts and edits by `client`, which must not retry by itself (a retried post is a second post).

    Where Slack asks for more than five minutes, GaveUpError is raised at once, and the SEV's message says so when that time is over.
    """

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._late: dict[str, asyncio.Task[None]] = {}

    async def close(self) -> None:
        """End what still waits to be said."""
        late = list(self._late.values())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def posted_in(self, place: Place) -> Posted | None:
        """Our message for this key, if it is in the thread."""
        cursor: str | None = None
        while True:
            answer = await self._client.conversations_replies(
                channel=place.channel,
                ts=place.thread_ts,
                include_all_metadata=True,
                limit=200,
                cursor=cursor,
            )
            for message in answer.get("messages") or []:
                payload = _our_payload(message)
                if payload.get("key") == place.key:
                    return Posted(message["ts"], payload.get("state") == "done")
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None

    async def ensure(
        self,
        place: Place,
        text: str,
        blocks: Sequence[Mapping[str, Any]],
        *,
        is_answer: bool = True,
    ) -> Posted:
        """Our message, posted if it is not there yet; raises the last error after some attempts, or GaveUpError.

        Of one that is not the SEV's answer itself nothing is said later.
        """
        try:
            return await self._ensure(place, text, blocks)
        except GaveUpError as gave_up:
            if is_answer:
                self._say_later(place, gave_up)
            raise

    async def _ensure(self, place: Place, text: str, blocks: Sequence[Mapping[str, Any]]) -> Posted:
        for attempt in range(ATTEMPTS):
            try:
                if found := await self.posted_in(place):
                    return found
                answer = await self._client.chat_postMessage(
                    channel=place.channel,
                    thread_ts=place.thread_ts,
                    **_content(place, text, blocks, "looking"),
                )
                return Posted(str(answer["ts"]), done=False)
            except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
                if attempt == ATTEMPTS - 1 or not may_pass(error):
                    raise
                await asyncio.sleep(wait_s(error, attempt))
        raise AssertionError("the loop returns or raises")

    async def finish(
        self, place: Place, posted: Posted, text: str, blocks: Sequence[Mapping[str, Any]]
    ) -> None:
        """Edit the message to its last form; where Slack refuses the blocks, the plain text goes alone. Raises as `ensure` does."""
        try:
            await self._finish(place, posted, text, blocks)
        except GaveUpError as gave_up:
            self._say_later(place, gave_up, text)
            raise

    async def _finish(
        self, place: Place, posted: Posted, text: str, blocks: Sequence[Mapping[str, Any]]
    ) -> None:
        try:
            await self._edit(place, posted, _content(place, text, blocks, "done"))
        except SlackApiError as error:
            if error_code(error) not in TOO_BIG or not blocks:
                raise
            _log.warning(
                "Slack refused the blocks (%s); the plain text is sent alone", error_code(error)
            )
            await self._edit(place, posted, _content(place, text, [], "done"))

    async def _edit(self, place: Place, posted: Posted, content: Mapping[str, Any]) -> None:
        """Edit, again where Slack's trouble may pass; raises the last error."""
        for attempt in range(ATTEMPTS):
            try:
                await self._client.chat_update(channel=place.channel, ts=posted.ts, **content)
            except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
                if attempt == ATTEMPTS - 1 or not may_pass(error):
                    raise
                await asyncio.sleep(wait_s(error, attempt))
            else:
                return

    def _say_later(self, place: Place, gave_up: GaveUpError, verdict: str = "") -> None:
        """Once for each message; of more SEVs than anybody reads the log alone tells."""
        if place.key in self._late or len(self._late) >= MAX_LATE:
            return
        task = asyncio.create_task(self._late_words(place, gave_up, verdict))
        self._late[place.key] = task
        task.add_done_callback(lambda _: self._late.pop(place.key, None))

    async def _late_words(self, place: Place, gave_up: GaveUpError, verdict: str) -> None:
        """Wait as long as Slack asked, a day at most, then put into the message what was to be said; once only."""
        words = (verdict or "sevbot gave up on this SEV.", f"{gave_up}.", LATE_CURE)
        await asyncio.sleep(min(gave_up.seconds, MAX_LATE_S))
        try:
            posted = await self._ensure(place, words[0], note_blocks(words))
            if not posted.done:
                await self._finish(place, posted, words[0], note_blocks(words))
        except (SlackApiError, aiohttp.ClientError, TimeoutError, GaveUpError) as error:
            _log.error(
                "the SEV at %s was never told that sevbot gave up: %s", place.thread_ts, error
            )


def _content(
    place: Place, text: str, blocks: Sequence[Mapping[str, Any]], state: str
) -> dict[str, Any]:
    return {
        "text": text,
        "blocks": list(blocks),
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


def _our_payload(message: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = message.get("metadata") or {}
    payload = metadata.get("event_payload") if metadata.get("event_type") == METADATA_TYPE else None
    return payload if isinstance(payload, Mapping) else {}


def error_code(error: Exception) -> str | None:
    """Slack's own word for it; an answer that is no JSON leaves an error without one."""
    data = getattr(getattr(error, "response", None), "data", None)
    return data.get("error") if isinstance(data, dict) else None


def may_pass(error: Exception) -> bool:
    """Whether another attempt may go better: lost connections, rate limits and server errors, not refusals."""
    if not isinstance(error, SlackApiError):
        return True
    status = _status(error)
    return status == HTTP_TOO_MANY or status >= HTTP_SERVER_ERROR or error_code(error) in MAY_PASS


def wait_s(error: Exception, attempt: int) -> float:
    """Retry-After where Slack gives one, else 0.5, 1, 2 s and so on, up to half a minute; raises GaveUpError above 300 s."""
    asked = asked_wait_s(error.response) if isinstance(error, SlackApiError) else None
    return float(asked) if asked is not None else min(0.5 * 2.0**attempt, MAX_WAIT_S)


def _status(error: SlackApiError) -> int:
    """The HTTP status; slack_sdk hands over aiohttp's own response where the body was no JSON."""
    response = error.response
    status = (
        getattr(response, "status_code", None)
        or getattr(response, "status", None)
        or HTTP_SERVER_ERROR
    )
    return int(status) if status != HTTP_OK or error_code(error) else HTTP_SERVER_ERROR
