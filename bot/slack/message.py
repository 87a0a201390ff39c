"""The one message in a SEV's thread: found again or posted once, then edited in place.

Slack has no idempotent post. So before a post that may have been made already, and after any post
whose answer was lost, the thread is read back for our own message with this SEV's key; only if it
is not there is it posted. Edits are idempotent and may be repeated.

A reply to a message that was deleted falls into the channel without an error: only `thread_ts` is
missing in the answer (github.com/slack-go/slack/issues/1571). It is deleted.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import Looking, Note, NowhereError, Place, Posted, Ready, Verdict, Words
from bot.slack.budget import Budget, Urgency
from bot.slack.calls import DONE, Calls, key_and_state
from bot.slack.client import SLACK_TIMEOUT_S
from bot.slack.content import Content, Forms, content_of
from bot.slack.newest import Newest
from bot.slack.retry import TROUBLE, again, error_code
from bot.slack.retry_after import GaveUpError

# for about three minutes: an outage of Slack is no reason to leave a SEV with "looking"
ATTEMPTS = 12
MAX_LATE, MAX_LATE_S = 1_000, 24 * 3600.0
LATE_CURE = "Ask again with /sev diagnose HOST…"
# a workspace may allow edits for some minutes only, or none (docs.slack.dev, chat.update)
CANNOT_EDIT = frozenset({"edit_window_closed", "cant_update_message"})
# of conversations.replies and chat.postMessage: the announcement was deleted
NO_THREAD = frozenset({"thread_not_found", "message_not_found"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OneMessage:
    """Finds our message in a thread, or posts it. Another bot's message is never taken for ours."""

    calls: Calls
    bot_id: str | None

    async def find_or_post(
        self, place: Place, content: Content, urgency: Urgency, *, fresh: bool = False
    ) -> Posted:
        """As SevThread does it."""
        attempts = count()

        async def look_and_post() -> Posted:
            is_first = next(attempts) == 0
            if not (fresh and is_first) and (found := await self._find(place)):
                return found
            answer = await self.calls.post(place, content, urgency)
            posted = Posted(str(answer["ts"]), done=False)
            if (answer.get("message") or {}).get("thread_ts") != place.thread:
                await self._take_back(place, posted)
                raise NowhereError("its announcement is gone; what fell into the channel, too")
            return posted

        try:
            return await again(look_and_post, ATTEMPTS)
        except SlackApiError as error:
            if error_code(error) not in NO_THREAD:
                raise
            if next(attempts) > 1:
                await self._take_back_lost(place)
            raise NowhereError(f"its announcement is gone ({error_code(error)})") from error

    async def _find(self, place: Place) -> Posted | None:
        """Our message for this key, if it is in the thread."""
        cursor: str | None = None
        while True:
            answer = await self.calls.thread(place, cursor)
            if found := self._ours(answer, place.key):
                return found
            cursor = (answer.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return None

    def _ours(self, page: Mapping[str, Any], wanted: str) -> Posted | None:
        for message in page.get("messages") or ():
            key, state = key_and_state(message)
            if key == wanted and self.bot_id in (None, message.get("bot_id")):
                return Posted(message["ts"], state == DONE)
        return None

    async def _take_back_lost(self, place: Place) -> None:
        """What fell into the channel by a post whose answer was lost."""
        with suppress(*TROUBLE, GaveUpError):
            if fell := self._ours(await self.calls.channel(place), place.key):
                await self._take_back(place, fell)

    async def _take_back(self, place: Place, posted: Posted) -> None:
        """Delete what fell into the channel."""
        try:
            await again(partial(self.calls.delete, place.channel, posted.id), ATTEMPTS)
        except (*TROUBLE, GaveUpError) as error:
            _log.error("%s/%s fell into the channel and stays: %s", place.channel, posted.id, error)
        else:
            _log.warning(
                "the announcement at %s is gone: the answer fell into the channel and was deleted",
                place.thread,
            )


class SevThread:
    """Posts and edits by `client`, which must not retry by itself (a retried post is a second
    post).

    Where Slack asks for more than five minutes, GaveUpError is raised at once, and the SEV's
    message says so when that time is over. `bot_id` is our own: another's message is never taken
    for ours. `forms` knows which blocks the workspace takes.
    """

    def __init__(
        self,
        client: AsyncWebClient,
        bot_id: str | None = None,
        budget: Budget | None = None,
        forms: Forms | None = None,
    ) -> None:
        self._calls = Calls(client, budget or Budget())
        self._one = OneMessage(self._calls, bot_id)
        self._forms = forms if forms is not None else Forms()
        self._late: dict[str, asyncio.Task[None]] = {}
        self._unsure: set[str] = set()
        self._newest = Newest()

    async def close(self) -> None:
        """End what still waits to be said."""
        late = list(self._late.values())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        self._calls.budget.close()

    async def find_or_post(self, place: Place, words: Words, *, fresh: bool = False) -> Posted:
        """Our message, posted if it is not there yet; raises the last error after some attempts,
        GaveUpError, or NowhereError. With `fresh` the first attempt does not read the thread.

        Of one that is not the SEV's answer itself nothing is said later.
        """
        urgency = Urgency.VERDICT if isinstance(words, Ready) else Urgency.FIRST_MESSAGE
        try:
            return await self._one.find_or_post(place, content_of(words), urgency, fresh=fresh)
        except GaveUpError as gave_up:
            if not isinstance(words, Ready):
                self._say_later(place, gave_up)
            raise

    async def progress(self, place: Place, posted: Posted, looking: Looking) -> None:
        """Edit the message once, if no verdict waits for an edit and some are left for the next."""
        try:
            await self._calls.edit_at_once(place, posted, content_of(looking))
        except SlackApiError as error:
            _log.info("how far the look is was not said: Slack says %s", error_code(error))
        except TROUBLE as error:
            # it may still be on its way, and come behind the verdict
            self._unsure.add(place.key)
            _log.info("how far the look is was perhaps not said: %s", type(error).__name__)

    async def parent(self, place: Place) -> Mapping[str, Any]:
        """The announcement as it stands in the channel now, empty where it is gone; raises what
        Slack's client does.
        """
        page = await self._calls.thread(place, None)
        first = next(iter(page.get("messages") or ()), None) or {}
        return first if first.get("ts") == place.thread else {}

    async def link(self, place: Place, posted: Posted) -> str:
        """The message's permalink; where Slack does not give it, the channel and the ts."""
        return await self._calls.link(place.channel, posted.id)

    async def edit(self, place: Place, posted: Posted, words: Note | Verdict) -> None:
        """Edit the message to its last form; where Slack refuses the blocks, plainer ones go, then
        the plain text alone. Raises as `find_or_post` does.
        """
        content = content_of(words)
        try:
            await self._newest.say(place.key, content, partial(self._finish, place, posted))
        except GaveUpError as gave_up:
            self._say_later(place, gave_up, content.text)
            raise
        if place.key in self._unsure:
            self._unsure.discard(place.key)
            self._later(place, self._once_more(place, posted))

    async def _once_more(self, place: Place, posted: Posted) -> None:
        """The last words again, once what was on its way before them has come or never will."""
        await asyncio.sleep(SLACK_TIMEOUT_S)
        try:
            await self._newest.say_again(place.key, partial(self._finish, place, posted))
        except (*TROUBLE, GaveUpError) as error:
            _log.warning("the answer at %s could not be said once more: %s", place.thread, error)

    async def _finish(self, place: Place, posted: Posted, content: Content) -> None:
        try:
            await self._forms.send(content, partial(self._update, place, posted))
        except SlackApiError as error:
            if error_code(error) not in CANNOT_EDIT:
                raise
            _log.warning("the answer at %s stands anew: %s", place.thread, error_code(error))
            await self._anew(place, content)

    async def _anew(self, place: Place, content: Content) -> None:
        """A message of its own for words that Slack lets into the old one no more, once for each
        verdict: the thread is read first.
        """
        digest = hashlib.sha256(content.text.encode()).hexdigest()[:8]
        beside = replace(place, key=f"{place.key}-{digest}")
        await self._forms.send(content, partial(self._post_anew, beside))

    async def _post_anew(self, place: Place, content: Content) -> None:
        await self._one.find_or_post(place, content, Urgency.VERDICT)

    async def _update(self, place: Place, posted: Posted, content: Content) -> None:
        """Edit, which may be repeated."""
        await again(partial(self._calls.edit, place, posted, content), ATTEMPTS)

    def _say_later(self, place: Place, gave_up: GaveUpError, verdict: str = "") -> None:
        """Once for each message; of more SEVs than anybody reads the log alone tells."""
        if place.key in self._late or len(self._late) >= MAX_LATE:
            return
        self._later(place, self._late_words(place, gave_up, verdict))

    def _later(self, place: Place, words: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(words)
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
            posted = await self._one.find_or_post(place, content, Urgency.FIRST_MESSAGE)
            if not posted.done:
                await self._finish(place, posted, content)
        except (*TROUBLE, GaveUpError, NowhereError) as error:
            _log.error("the SEV at %s was never told that sevbot gave up: %s", place.thread, error)
