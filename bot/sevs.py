"""From an announcement to a finished message: each SEV once, however often it is told of, and with
an answer even on failure.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import replace

from bot.background import Background
from bot.chat import (
    Announcement,
    Chat,
    Looking,
    Note,
    NowhereError,
    Place,
    Posted,
    Ready,
    Verdict,
    failed,
    verdict_on,
)
from bot.held import Reports
from bot.investigate import Answered, Investigator, Sev
from bot.progress import Progress
from diagnostics.telling.names import listed

REMEMBERED = 10_000
AT_ONCE = 8
MOST_WAITING = 1_000  # more than anybody announces; each takes some memory
LAST_WORDS_S = 5.0

_log = logging.getLogger(__name__)

NO_HOST = Note(
    (
        "sevbot saw this announcement, but found no host or service of its inventory in it.",
        "Name them with /sev diagnose HOST…, or add the service to sevbot's configuration.",
    )
)
STOPPED = Note(
    (
        "sevbot was stopped before it was done with this SEV.",
        "Ask again with /sev diagnose HOST… once it runs again.",
    )
)


class Sevs:
    """Answers announcements in the background. A SEV that was seen is not begun again; after a
    restart its thread tells.

    A bot that is stopped says so in the messages that it leaves unfinished; one that is killed
    cannot, and its messages go on saying "looking", since an announcement that was taken is not
    delivered once more.
    """

    def __init__(
        self,
        investigator: Investigator,
        chat: Chat,
        reports: Reports | None = None,
        *,
        notify_when_ready: bool = False,
    ) -> None:
        self._investigator = investigator
        self._chat = chat
        self._reports = reports if reports is not None else Reports()
        self._notify = notify_when_ready
        self._seen: OrderedDict[str, bool] = OrderedDict()  # False: the chat did not take it
        self._tasks = Background()
        self._slots = asyncio.Semaphore(AT_ONCE)

    def announced(self, sev: Announcement) -> None:
        """Begin to answer `sev`, unless that has begun already. Returns at once: a chat wants its
        event acknowledged.
        """
        key = sev.place.key
        if self._seen.get(key):
            return
        if len(self._tasks) >= MOST_WAITING:
            _log.error("the SEV at %s is not answered: too many are", sev.place.thread)
            return
        sev = replace(sev, fresh=sev.fresh and key not in self._seen)
        self._seen[key] = True
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        self._tasks.begin(self._answer(sev, Sev(sev.opened_s, time.monotonic())))

    async def drain(self, within_s: float) -> None:
        """Wait for the answers under way, then end those that are not done; their messages say
        so.
        """
        await self._tasks.drain(within_s)

    async def _answer(self, sev: Announcement, when: Sev) -> None:
        """Post, look, edit. A failure of ours becomes the message, so that nobody waits for an
        answer that never comes.
        """
        posted = None
        try:
            looking = self._looking(sev, when)
            posted = await self._chat.find_or_post(sev.place, looking, fresh=sev.fresh)
            if posted.done:
                return
            words: Note | Verdict = NO_HOST
            if looking.hosts:
                words = await self._verdict(sev, when, posted, looking)
            if isinstance(words, Verdict):
                words = self._reports.keep(sev.place.key, words, sev, posted)
            await self._chat.edit(sev.place, posted, words)
            if self._notify:
                beside = replace(sev.place, key=f"{sev.place.key}-ready")
                await self._chat.find_or_post(beside, Ready(words))
            await self._log(sev, when, posted, words)
        except asyncio.CancelledError:
            if posted is not None and not posted.done:
                await self._say_stopped(sev.place, posted)
            raise
        except NowhereError as gone:
            _log.warning("the SEV at %s is given up: %s", sev.place.thread, gone)
        except Exception:
            _log.exception(
                "the chat refused or could not be reached: the SEV at %s has no answer",
                sev.place.thread,
            )
            self._seen[sev.place.key] = False  # a later delivery may have better luck

    def _looking(self, sev: Announcement, when: Sev) -> Looking:
        named = sev.named
        waits = self._investigator.waits(named.targets, when)
        return Looking(len(named.targets) + len(named.unknown), waits)

    async def _say_stopped(self, place: Place, posted: Posted) -> None:
        """The last words of a bot that is stopped; the chat's trouble must not keep it from
        ending.
        """
        with suppress(Exception):
            async with asyncio.timeout(LAST_WORDS_S):
                await self._chat.edit(place, posted, STOPPED)

    async def _verdict(
        self, sev: Announcement, when: Sev, posted: Posted, looking: Looking
    ) -> Note | Verdict:
        asked = replace(looking, hosts=len(sev.named.targets))
        async with Progress(self._chat, sev.place, posted, asked) as progress:
            return await self.verdict(sev, when, progress.answered)

    async def verdict(
        self, sev: Announcement, when: Sev, answered: Answered | None = None
    ) -> Note | Verdict:
        """Look, and tell what came of it; a failure of ours is told too."""
        try:
            # all are posted at once, so many are looked at together
            return verdict_on(
                await self._investigator.report(sev.named, when, self._slots, answered)
            )
        except Exception as error:
            _log.exception("the diagnosis of the SEV at %s failed", sev.place.thread)
            return failed("this SEV", error)

    async def _log(
        self, sev: Announcement, when: Sev, posted: Posted, words: Note | Verdict
    ) -> None:
        """One line for each SEV."""
        verdict = words.telling.headline if isinstance(words, Verdict) else words.sentences[0]
        _log.info(
            "SEV at %s: %s; %s; %.1f s; %s",
            sev.place.thread,
            verdict,
            listed([target.name for target in sev.named.targets]) or "no host",
            time.monotonic() - when.noticed_s,
            await self._chat.link(sev.place, posted),
        )
