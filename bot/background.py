"""Work that nobody waits for, until the bot is stopped."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


class Background:
    """Tasks that are under way; its length is their number."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def begin(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run it beside what runs already."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def drain(self, within_s: float) -> None:
        """Wait so long for what is under way, then end what is not done."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
