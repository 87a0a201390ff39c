"""How far a look is, said in its message while it lasts: at most every three seconds, and nothing
after it.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from types import TracebackType

from bot.chat import Chat, Looking, Place, Posted

BETWEEN_S = 3.0


class Progress:
    """`async with Progress(…) as told:` while hosts are asked; `told.answered(3)` as they answer.

    What is being said at the block's end is said to its end, so no word of it can come behind the
    verdict. Of one host nothing is said: its answer is the verdict.
    """

    def __init__(self, chat: Chat, place: Place, posted: Posted, looking: Looking) -> None:
        self._chat = chat
        self._place = place
        self._posted = posted
        self._looking = looking
        self._over, self._changed = asyncio.Event(), asyncio.Event()
        self._telling: asyncio.Task[None] | None = None

    def answered(self, hosts: int) -> None:
        """So many have answered by now."""
        self._looking = replace(self._looking, answered=hosts)
        self._changed.set()

    async def __aenter__(self) -> Progress:
        if self._looking.hosts > 1:
            self._telling = asyncio.create_task(self._tell())
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._changed.set()
        if self._telling is not None:
            await asyncio.wait((self._telling,))  # which, unlike `await`, cancels nothing

    async def _tell(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BETWEEN_S):
                    await self._over.wait()
            await self._changed.wait()
            self._changed.clear()
            if self._over.is_set():
                return
            await self._chat.progress(self._place, self._posted, self._looking)
