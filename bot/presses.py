"""What a press on a SEV's message sets going: another look, or what somebody says of the verdict.

It knows no chat. The one message is edited, one edit after the other, and says who pressed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from enum import Enum

from bot.background import Background
from bot.chat import Announcement, Chat, Looking, Verdict
from bot.held import Reports
from bot.investigate import Sev
from bot.sevs import Sevs
from diagnostics.plain import plain

MAX_CAUSE_CHARS = 1_000
BETWEEN_EDITS_S = 2.0  # of 40 a minute, so that verdicts have room

_log = logging.getLogger(__name__)


class Again(Enum):
    """What became of a wish to look again."""

    BEGUN = "begun"
    UNDER_WAY = "under way"


class Presses:
    """Looks again at most once at a time for each SEV; feedback goes into the log, a line each."""

    def __init__(self, sevs: Sevs, chat: Chat, reports: Reports) -> None:
        self._sevs = sevs
        self._chat = chat
        self._reports = reports
        self._looking: set[str] = set()
        self._tasks = Background()
        self._edits: dict[str, asyncio.Task[None]] = {}
        self._stale: set[str] = set()
        self._one_edit = asyncio.Lock()

    def again(self, sev: Announcement, person: str) -> Again:
        """Begin to look again, and edit the message when it is done. Returns at once."""
        key = sev.place.key
        if key in self._looking:
            return Again.UNDER_WAY
        self._looking.add(key)
        _log.info("SEV at %s: %s has it looked at again", sev.place.thread, person)
        self._tasks.begin(self._look(sev, person))
        return Again.BEGUN

    def says(
        self, key: str, where: str, person: str, *, is_right: bool, true_cause: str = ""
    ) -> bool:
        """Log what somebody says of the verdict on the SEV `where`, and have its message say so.
        False where it is no longer held, and only the log has it.
        """
        entry = self._reports.get(key)
        held = entry.verdict.held if entry is not None else None
        if held is not None and held.said.get(person) == is_right and not true_cause:
            return True  # said already
        verdict = entry.verdict.telling.headline if entry is not None else "no longer held"
        _log.info(
            "feedback on the SEV at %s: %s, says %s; verdict: %s%s",
            plain(where, MAX_CAUSE_CHARS),
            "right" if is_right else "wrong",
            person,
            plain(verdict),
            f"; true cause: {plain(true_cause, MAX_CAUSE_CHARS)}" if true_cause else "",
        )
        self._reports.say(key, person, is_right=is_right)
        if entry is not None and entry.sev is not None:
            self._retell(key)
        return entry is not None

    async def drain(self, within_s: float) -> None:
        """Wait for what is under way, then end what is not done; the messages keep their last
        words.
        """
        await self._tasks.drain(within_s)

    async def _look(self, sev: Announcement, person: str) -> None:
        key = sev.place.key
        try:
            hosts = len(sev.named.names)
            posted = await self._chat.find_or_post(sev.place, Looking(hosts))
            words = await self._sevs.verdict(sev, Sev(sev.opened_s, time.monotonic()))
            if isinstance(words, Verdict):
                _log.info("SEV at %s, again: %s", sev.place.thread, words.telling.headline)
                words = self._reports.keep(key, words, sev, posted, again_by=person)
            await self._chat.edit(sev.place, posted, words)
        except Exception:
            _log.exception("the SEV at %s was not told again", sev.place.thread)
        finally:
            self._looking.discard(key)

    def _retell(self, key: str) -> None:
        """Have the message say what is held; presses that come while it is edited share the next
        edit. Of all messages one is edited at a time, and then a pause: verdicts come first.
        """
        self._stale.add(key)
        if key not in self._edits:
            self._edits[key] = self._tasks.begin(self._edit(key))

    async def _edit(self, key: str) -> None:
        try:
            while key in self._stale:
                async with self._one_edit:
                    self._stale.discard(key)
                    await self._tell(key)
                    await asyncio.sleep(BETWEEN_EDITS_S)
        finally:
            self._edits.pop(key, None)  # without a pause behind the last look at `_stale`

    async def _tell(self, key: str) -> None:
        entry = self._reports.get(key)
        if entry is None or entry.sev is None or entry.posted is None:
            return
        try:
            await self._chat.edit(entry.sev.place, entry.posted, entry.verdict)
        except Exception:
            _log.exception("the message of the SEV at %s was not edited", entry.sev.place.thread)
