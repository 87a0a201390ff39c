"""From an announcement to a finished message: each SEV once, however often it is delivered, and with an answer even on failure."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from contextlib import suppress

from bot.announcement import Announcement
from bot.blocks import Block, looking_blocks, looking_text, note_blocks, report_blocks, report_text
from bot.investigate import Investigator, Sev
from bot.thread import Place, Posted, SevThread
from diagnostics.telling.words import tell

REMEMBERED = 10_000
AT_ONCE = 8
LAST_WORDS_S = 5.0

_log = logging.getLogger(__name__)

NO_HOST = (
    "sevbot saw this announcement, but found no host or service of its inventory in it.",
    "Name them with /sev diagnose HOST…, or add the service to sevbot's configuration.",
)
STOPPED = (
    "sevbot was stopped before it was done with this SEV.",
    "Ask again with /sev diagnose HOST… once it runs again.",
)


class Sevs:
    """Answers announcements in the background. A SEV that was seen is not begun again; after a restart its thread tells.

    A bot that is stopped says so in the messages that it leaves unfinished; one that is killed cannot, and its messages go on saying
    "looking", since Slack delivers an event that was acknowledged no second time.
    """

    def __init__(
        self, investigator: Investigator, thread: SevThread, *, notify_when_ready: bool = False
    ) -> None:
        self._investigator = investigator
        self._thread = thread
        self._notify = notify_when_ready
        self._seen: OrderedDict[str, None] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()
        self._slots = asyncio.Semaphore(AT_ONCE)

    def announced(self, sev: Announcement) -> None:
        """Begin to answer `sev`, unless that has begun already. Returns at once, so that Slack's 3 s are kept."""
        if sev.key in self._seen:
            return
        self._seen[sev.key] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        task = asyncio.create_task(self._answer(sev, Sev(float(sev.ts), time.monotonic())))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def drain(self, within_s: float) -> None:
        """Wait for the answers under way, then end those that are not done; their messages say so."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _answer(self, sev: Announcement, when: Sev) -> None:
        """Post, look, edit. A failure of ours becomes the message, so that nobody waits for an answer that never comes."""
        place = Place(sev.channel, sev.ts, sev.key)
        posted = None
        try:
            count = len(sev.named.targets) + len(sev.named.unknown)
            looking = [
                *looking_blocks(count),
                *note_blocks(self._investigator.waits(sev.named.targets, when)),
            ]
            posted = await self._thread.ensure(place, looking_text(count), looking)
            if posted.done:
                return
            text, blocks = (
                await self._verdict(sev, when) if count else (NO_HOST[0], note_blocks(NO_HOST))
            )
            await self._thread.finish(place, posted, text, blocks)
            if self._notify:
                ready = Place(sev.channel, sev.ts, f"{sev.key}-ready")
                await self._thread.ensure(ready, text, note_blocks([text]), is_answer=False)
        except asyncio.CancelledError:
            if posted is not None and not posted.done:
                await self._say_stopped(place, posted)
            raise
        except Exception:
            _log.exception(
                "Slack refused or could not be reached: the SEV at %s has no answer", sev.ts
            )
            self._seen.pop(sev.key, None)  # a later delivery may have better luck

    async def _say_stopped(self, place: Place, posted: Posted) -> None:
        """The last words of a bot that is stopped; Slack's trouble must not keep it from ending."""
        with suppress(Exception):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._thread.finish(place, posted, STOPPED[0], note_blocks(STOPPED))

    async def _verdict(self, sev: Announcement, when: Sev) -> tuple[str, list[Block]]:
        try:
            report = await self._investigator.report(
                sev.named, when, self._slots
            )  # all are posted at once, so many are looked at together
            _log.info("SEV at %s: %s", sev.ts, tell(report).headline)
            return report_text(report), report_blocks(report)
        except Exception as error:
            _log.exception("the diagnosis of the SEV at %s failed", sev.ts)
            text = f"sevbot failed on this SEV ({type(error).__name__}); its log has the details. Please look at the hosts by hand."
            return text, note_blocks([text])
