"""`diagnose HOST…` and `help`, asked of sevbot by somebody in a chat: answered to the asker only,
by the same path as a SEV.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from bot.chat import Asker, Looking, Note, Verdict, failed, verdict_on
from bot.investigate import Investigator

MAX_NAMES = 50
AT_ONCE = 2
HELP = (
    (
        "/sev diagnose HOST… looks at hosts or services of the inventory and tells why processes"
        " were killed there. Only you see the answer."
    ),
    (
        "/sev help shows this. sevbot also answers in the thread of each SEV that is announced in"
        " its channel; it only reads on hosts."
    ),
)
NO_NAMES = (
    "/sev diagnose needs at least one host or service of the inventory: /sev diagnose web1 web2"
)

_log = logging.getLogger(__name__)


class Commands:
    """Answers what is asked. Only so many questions run at once, since announced SEVs come
    first.
    """

    def __init__(self, investigator: Investigator) -> None:
        self._investigator = investigator
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def answer(self, words: Sequence[str], asker: Asker) -> None:
        """Answer what stands behind /sev: at once, and where hosts must be asked for it once more
        when there is a report.
        """
        names = tuple(dict.fromkeys(words[1:]))
        if refusal := self._refusal(words, names):
            await asker.answer(Note(refusal))
            return
        # with no host to wait for, a second answer could overtake the first
        if not self._investigator.inventory.find(names)[0]:
            await asker.answer(await self._diagnose(names))
            return
        await asker.answer(Looking(len(names)))
        async with self._slots:
            found = await self._diagnose(names)
        await asker.answer(found)

    def _refusal(self, words: Sequence[str], names: Sequence[str]) -> tuple[str, ...] | None:
        """Help, or why the question is not taken; None if it is a question for hosts."""
        if words[:1] in ([], ["help"]):
            return HELP
        if words[0] != "diagnose":
            return (f"/sev knows no {words[0][:40]!r}.", *HELP)
        if not names:
            return (NO_NAMES,)
        if len(names) > MAX_NAMES:
            return (f"/sev diagnose takes at most {MAX_NAMES} names at a time.",)
        if self._slots.locked():
            return (
                f"sevbot is busy with {AT_ONCE} other questions: please ask again in a moment.",
            )
        return None

    async def _diagnose(self, names: Sequence[str]) -> Note | Verdict:
        try:
            return verdict_on(await self._investigator.report(names))
        except Exception as error:
            _log.exception("/sev diagnose failed")
            return failed("this", error)
