"""`/sev diagnose HOST…` and `/sev help`: acknowledged at once, answered to the asker only, by the same path as an announcement."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import aiohttp

from bot.asking import Door
from bot.blocks import (
    Block,
    looking_blocks,
    looking_text,
    note_blocks,
    note_text,
    report_blocks,
    report_text,
)
from bot.inventory import Named
from bot.investigate import Investigator
from bot.retry_after import GaveUpError, asked_wait_s

MAX_NAMES = 50
AT_ONCE = 2
HTTP_OK = 200
RESPOND_AGAIN_S = 1.0
MAX_BODY_CHARS = 300
HELP = (
    "/sev diagnose HOST… looks at hosts or services of the inventory and tells why processes were killed there. Only you see the answer.",
    "/sev help shows this. sevbot also answers in the thread of each SEV that is announced in its channel; it only reads on hosts.",
)

Ack = Callable[..., Awaitable[Any]]

_log = logging.getLogger(__name__)


class Commands:
    """Answers `/sev`. Only so many questions run at once, since announced SEVs come first."""

    def __init__(self, investigator: Investigator, door: Door) -> None:
        self._door = door
        self._investigator = investigator
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def answer(self, command: Mapping[str, Any], ack: Ack, respond: Ack) -> None:
        """Acknowledge within Slack's 3 s, and answer again once there is a report (Slack does not replace the first answer)."""
        words = str(command.get("text") or "").split(maxsplit=1)
        named = self._investigator.inventory.resolve(" ".join(words[1:]))
        turned_away = await self._door.refusal(command)
        if refusal := (turned_away,) if turned_away else self._refusal(words, named):
            await ack(text=note_text(refusal[0]), blocks=note_blocks(refusal))
            return
        if not named.targets:  # no host to wait for: a second answer could overtake the first
            text, blocks = await self._diagnose(named)
            await ack(text=text, blocks=blocks)
            return
        count = len(named.names)
        await ack(text=looking_text(count), blocks=looking_blocks(count))
        async with self._slots:
            text, blocks = await self._diagnose(named)
        await _respond(respond, text, blocks)

    def _refusal(self, words: Sequence[str], named: Named) -> tuple[str, ...] | None:
        """Help, or why the question is not taken; None if it is a question for hosts."""
        if words[:1] in ([], ["help"]):
            return HELP
        if words[0] != "diagnose":
            return (f"/sev knows no {words[0][:40]!r}.", *HELP)
        if not named.names:
            return (
                "/sev diagnose needs at least one host or service of the inventory: /sev diagnose web1 web2",
            )
        if len(named.names) > MAX_NAMES:
            return (f"/sev diagnose takes at most {MAX_NAMES} names at a time.",)
        if self._slots.locked():
            return (
                f"sevbot is busy with {AT_ONCE} other questions: please ask again in a moment.",
            )
        return None

    async def _diagnose(self, named: Named) -> tuple[str, list[Block]]:
        try:
            report = await self._investigator.report(named)
            return report_text(report), report_blocks(report)
        except Exception as error:
            _log.exception("/sev diagnose failed")
            text = f"sevbot failed on this ({type(error).__name__}); its log has the details. Please look at the hosts by hand."
            return text, note_blocks([text])


async def _respond(respond: Ack, text: str, blocks: list[Block]) -> None:
    """The answer by the command's response_url, which may be used five times: again where it did not go, then its text alone."""
    for content in (
        {"text": text, "blocks": blocks},
        {"text": text, "blocks": blocks},
        {"text": text},
    ):
        try:
            answer = await respond(**content, response_type="ephemeral")
            if answer.status_code == HTTP_OK:
                return
            _log.warning(
                "Slack refused the answer to /sev: %s %s",
                answer.status_code,
                answer.body[:MAX_BODY_CHARS],
            )
            pause_s = asked_wait_s(answer) or RESPOND_AGAIN_S
        except GaveUpError:
            break
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.warning("the answer to /sev did not go: %s", error)
            pause_s = RESPOND_AGAIN_S
        await asyncio.sleep(pause_s)
    _log.error("/sev has no answer: Slack took none")
