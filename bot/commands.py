"""`diagnose HOST…` and `help`, asked of sevbot by somebody in a chat: answered to the asker only,
by the same path as a SEV.
"""

from __future__ import annotations

import asyncio
import logging
import secrets

from bot.chat import Asker, Looking, Note, Verdict, failed, verdict_on
from bot.held import Reports
from bot.inventory import Named
from bot.investigate import Investigator

MAX_NAMES = 50
AT_ONCE = 2
KEY_BYTES = 12
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

    def __init__(self, investigator: Investigator, reports: Reports | None = None) -> None:
        self._investigator = investigator
        self._reports = reports if reports is not None else Reports()
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def answer(self, said: str, asker: Asker) -> None:
        """Answer what stands behind /sev: at once, and where hosts must be asked for it once more
        when there is a report.
        """
        verb, *rest = said.split(maxsplit=1) or [""]
        named = self._investigator.inventory.resolve(" ".join(rest))
        if refusal := self._refusal(verb, named):
            await asker.answer(Note(refusal))
            return
        if not named.targets:  # no host to wait for: a second answer could overtake the first
            await asker.answer(await self._diagnose(named))
            return
        await asker.answer(Looking(len(named.names)))
        async with self._slots:
            found = await self._diagnose(named)
        await asker.answer(found)

    def _refusal(self, verb: str, named: Named) -> tuple[str, ...] | None:
        """Help, or why the question is not taken; None if it is a question for hosts."""
        if verb in ("", "help"):
            return HELP
        if verb != "diagnose":
            return (f"/sev knows no {verb[:40]!r}.", *HELP)
        if not named.names:
            return (NO_NAMES,)
        if len(named.names) > MAX_NAMES:
            return (f"/sev diagnose takes at most {MAX_NAMES} names at a time.",)
        if self._slots.locked():
            return (
                f"sevbot is busy with {AT_ONCE} other questions: please ask again in a moment.",
            )
        return None

    async def _diagnose(self, named: Named) -> Note | Verdict:
        try:
            verdict = verdict_on(await self._investigator.report(named))
        except Exception as error:
            _log.exception("/sev diagnose failed")
            return failed("this", error)
        return self._reports.keep(secrets.token_hex(KEY_BYTES), verdict)
