"""The one message in a SEV's thread: found again or posted once, then edited in place.

Slack has no idempotent post. So before any post, and after any post whose answer was lost, the
thread is read back for our own message with this SEV's key in its metadata; only if it is not there
is it posted. Edits are idempotent and may be repeated.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import Note, Place, Posted, Ready, Verdict, Words
from bot.slack.content import Content, content_of
from bot.slack.retry import TROUBLE, again, error_code
from bot.slack.retry_after import GaveUpError

METADATA_TYPE = "sevbot_diagnosis"
# for about three minutes: an outage of Slack is no reason to leave a SEV with "looking"
ATTEMPTS = 12
MAX_LATE, MAX_LATE_S = 1_000, 24 * 3600.0
LATE_CURE = "Ask again with /sev diagnose HOST…"
TOO_BIG = frozenset(
    {"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "msg_too_long"}
)

_log = logging.getLogger(__name__)


class SevThread:
    """Posts and edits by `client`, which must not retry by itself (a retried post is a second
    post).

    Where Slack asks for more than five minutes, GaveUpError is raised at once, and the SEV's
    message says so when that time is over.
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

    async def find_or_post(self, place: Place, words: Words) -> Posted:
        """Our message, posted if it is not there yet; raises the last error after some attempts, or
        GaveUpError.

        Of one that is not the SEV's answer itself nothing is said later.
        """
        try:
            return await self._find_or_post(place, content_of(words))
        except GaveUpError as gave_up:
            if not isinstance(words, Ready):
                self._say_later(place, gave_up)
            raise

    async def edit(self, place: Place, posted: Posted, words: Note | Verdict) -> None:
        """Edit the message to its last form; where Slack refuses the blocks, the plain text goes
        alone. Raises as `find_or_post` does.
        """
        content = content_of(words)
        try:
            await self._finish(place, posted, content)
        except GaveUpError as gave_up:
            self._say_later(place, gave_up, content.text)
            raise

    async def _find(self, place: Place) -> Posted | None:
        """Our message for this key, if it is in the thread."""
        cursor: str | None = None
        while True:
            answer = await self._client.conversations_replies(
                channel=place.channel,
                ts=place.thread,
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

    async def _find_or_post(self, place: Place, content: Content) -> Posted:
        """Look in the thread before each attempt to post: the last one may have done it."""

        async def look_and_post() -> Posted:
            if found := await self._find(place):
                return found
            answer = await self._client.chat_postMessage(
                channel=place.channel,
                thread_ts=place.thread,
                **_arguments(place, content, "looking"),
            )
            return Posted(str(answer["ts"]), done=False)

        return await again(look_and_post, ATTEMPTS)

    async def _finish(self, place: Place, posted: Posted, content: Content) -> None:
        try:
            await self._update(place, posted, content)
        except SlackApiError as error:
            if error_code(error) not in TOO_BIG or not content.blocks:
                raise
            _log.warning(
                "Slack refused the blocks (%s); the plain text is sent alone", error_code(error)
            )
            await self._update(place, posted, content.text_alone())

    async def _update(self, place: Place, posted: Posted, content: Content) -> None:
        """Edit, which may be repeated."""
        await again(
            partial(
                self._client.chat_update,
                channel=place.channel,
                ts=posted.id,
                **_arguments(place, content, "done"),
            ),
            ATTEMPTS,
        )

    def _say_later(self, place: Place, gave_up: GaveUpError, verdict: str = "") -> None:
        """Once for each message; of more SEVs than anybody reads the log alone tells."""
        if place.key in self._late or len(self._late) >= MAX_LATE:
            return
        task = asyncio.create_task(self._late_words(place, gave_up, verdict))
        self._late[place.key] = task
        task.add_done_callback(lambda _: self._late.pop(place.key, None))

    async def _late_words(self, place: Place, gave_up: GaveUpError, verdict: str) -> None:
        """Wait as long as Slack asked, a day at most, then put into the message what was to be
        said; once only.
        """
        content = content_of(
            Note((verdict or "sevbot gave up on this SEV.", f"{gave_up}.", LATE_CURE))
        )
        await asyncio.sleep(min(gave_up.seconds, MAX_LATE_S))
        try:
            posted = await self._find_or_post(place, content)
            if not posted.done:
                await self._finish(place, posted, content)
        except (*TROUBLE, GaveUpError) as error:
            _log.error("the SEV at %s was never told that sevbot gave up: %s", place.thread, error)


def _arguments(place: Place, content: Content, state: str) -> dict[str, Any]:
    return {
        "text": content.text,
        "blocks": content.blocks,
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
