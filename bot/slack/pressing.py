"""What happens when somebody presses: each press is acknowledged first (Slack wants it within 3 s),
then its modal is opened, since a trigger_id is good for 3 s; all else comes after.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.chat import Announcement
from bot.config import SlackConfig
from bot.held import Reports
from bot.inventory import Inventory
from bot.presses import Again, Presses
from bot.slack import buttons
from bot.slack.announcement import read_announcement
from bot.slack.asking import Door
from bot.slack.escape import Block
from bot.slack.evidence_view import Opened, evidence_view, not_held_view, sentence_view
from bot.slack.message import SevThread
from bot.slack.modals import Modals
from bot.slack.press import Press, answer, read_press
from bot.slack.retry import TROUBLE
from bot.slack.retry_after import GaveUpError
from bot.slack.slash import Ack
from bot.slack.wrong_view import NOTHING_SAID, WORDS, thanks_view, true_cause, wrong_view

LOOKING_AGAIN = (
    "sevbot looks again. A host is looked at once a minute at most, so it may take a minute. Then"
    " the message in the thread is edited."
)
UNDER_WAY = "sevbot is looking again already. The message in the thread is edited when it is done."
NO_ANNOUNCEMENT = (
    "sevbot cannot read this SEV's announcement any more.",
    "Ask with /sev diagnose HOST…",
)
BUSY = "sevbot is reading other announcements: please press again in a moment."
MOST_READING = 2  # reads are few, and SEVs need them
IN_THE_LOG = "Thank you, it is in sevbot's log. The diagnosis itself is no longer held."

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pressing:
    """Hands presses to the use cases, as far as `door` lets them in."""

    config: SlackConfig
    door: Door
    inventory: Inventory
    presses: Presses
    reports: Reports
    thread: SevThread
    modals: Modals
    reading: list[str] = field(default_factory=list)

    def on(self, app: AsyncApp) -> None:
        """Listen to `app`."""

        async def on_action(ack: Ack, body: dict[str, Any], action: dict[str, Any]) -> None:
            await ack()
            await self.pressed(body, action)

        async def on_wrong(ack: Ack, body: dict[str, Any]) -> None:
            await self.submitted(ack, body)

        async def on_other(ack: Ack) -> None:
            await ack()

        app.action(re.compile("^sevbot_"))(on_action)
        app.view(buttons.WRONG_VIEW)(on_wrong)
        app.action(re.compile(".*"))(on_other)
        app.view(re.compile(".*"))(on_other)

    async def pressed(self, body: dict[str, Any], action: dict[str, Any]) -> None:
        """A button of a message or a modal; acknowledged already."""
        try:
            press = read_press(body, action)
        except ValueError as error:
            _log.warning("a press cannot be answered: %s", error)
            return
        action_id = str(action.get("action_id"))
        is_wrong = press.value.startswith(buttons.SAYS_WRONG) or action_id == buttons.WRONG
        if action_id in (buttons.NEXT, buttons.BACK):
            await self._turn_page(press)
        elif action_id == buttons.AGAIN:
            await self._again(press)
        elif action_id == buttons.EVIDENCE:
            await self.modals.open(
                press, self._asked(press), lambda newer: self._evidence(press.opened, newer=newer)
            )
        elif is_wrong:
            if await self.modals.open(
                press, self._asked(press), lambda _: wrong_view(press.opened)
            ):
                self._say(press, is_right=False)
        elif not await self._refused(press) and not self._say(press, is_right=True):
            await answer(press, self.modals.client.session, IN_THE_LOG)

    async def submitted(self, ack: Ack, body: dict[str, Any]) -> None:
        """The true cause, from the modal that *Wrong* opened."""
        press = read_press(body)
        cause = true_cause((body["view"].get("state") or {}).get("values") or {})
        if refusal := await self._asked(press):
            await ack(response_action="update", view=sentence_view("Wrong", press.opened, refusal))
        elif not cause:
            await ack(response_action="errors", errors={WORDS: NOTHING_SAID})
        else:
            is_shown = self._say(press, is_right=False, cause=cause)
            thanks = thanks_view(press.opened, is_shown=is_shown)
            await ack(response_action="update", view=thanks)

    def _say(self, press: Press, *, is_right: bool, cause: str = "") -> bool:
        return self.presses.says(
            press.opened.key, press.opened.thread, press.person, is_right=is_right, true_cause=cause
        )

    def _evidence(self, opened: Opened, page: int = 0, *, newer: bool) -> Block:
        entry = self.reports.get(opened.key)
        if entry is None:
            return not_held_view(opened)
        return evidence_view(entry.verdict, opened, page, newer=newer)

    async def _turn_page(self, press: Press) -> None:
        if not await self._refused(press):
            page = int(press.value) if press.value.isdecimal() else 0
            await self.modals.update(
                press.view_id,
                lambda newer: self._evidence(press.opened, page, newer=newer),
                press.view_hash,
            )

    async def _again(self, press: Press) -> None:
        if await self._refused(press):
            return
        entry = self.reports.get(press.opened.key)
        if entry is None and len(self.reading) >= MOST_READING:
            await self._tell(press, BUSY)
            return
        sev = entry.sev if entry is not None else await self._announcement(press)
        if sev is None:
            await self._tell(press, *NO_ANNOUNCEMENT)
        elif self.presses.again(sev, press.person) is Again.BEGUN:
            await self._tell(press, LOOKING_AGAIN)
        else:
            await self._tell(press, UNDER_WAY)

    async def _announcement(self, press: Press) -> Announcement | None:
        """What a bot that was started again knows of the SEV: its announcement as it stands now."""
        self.reading.append(press.opened.key)
        try:
            parent = await self.thread.parent(press.place)
        except (*TROUBLE, GaveUpError) as error:
            _log.warning("the announcement at %s cannot be read: %s", press.opened.thread, error)
            return None
        finally:
            self.reading.remove(press.opened.key)
        event = {**parent, "channel": press.opened.channel}
        read = read_announcement(event, self.config, self.inventory)
        is_it = isinstance(read, Announcement) and read.place == press.place
        return read if is_it and isinstance(read, Announcement) else None

    async def _refused(self, press: Press) -> bool:
        """Whether whoever pressed may not; it is told to them."""
        refusal = await self._asked(press)
        if refusal is not None:
            await self._tell(press, refusal)
        return refusal is not None

    async def _asked(self, press: Press) -> str | None:
        return await self.door.refusal(press.asked, "a press")

    async def _tell(self, press: Press, *sentences: str) -> None:
        """To whoever pressed: below the message, or in the modal."""
        if press.view_id:
            said = sentence_view("sevbot", press.opened, *sentences)
            await self.modals.update(press.view_id, lambda _: said)
        else:
            await answer(press, self.modals.client.session, *sentences)
