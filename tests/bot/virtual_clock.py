"""A clock for tests: an hour goes by as soon as nobody does anything any more."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from contextlib import suppress
from itertools import count

SETTLE = 20  # so many rounds of the loop, in which tasks that can go on do


class VirtualClock:
    """Called, it gives the seconds since its beginning. `run` lets it go on, from one sleeper's
    end to the next, whenever it is quiet.
    """

    def __init__(self) -> None:
        self.now_s = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        """As asyncio.sleep, by this clock."""
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now_s + seconds, next(self._numbers), woken))
        await woken

    async def run(self, is_quiet: Callable[[], bool] = lambda: True) -> None:
        """For ever; to be cancelled."""
        while True:
            for _ in range(SETTLE):
                await asyncio.sleep(0)
            if not self._sleepers or not is_quiet():
                await asyncio.sleep(0.001)
                continue
            at_s, _, woken = heapq.heappop(self._sleepers)
            self.now_s = max(self.now_s, at_s)
            with suppress(asyncio.InvalidStateError):
                woken.set_result(None)
