"""How fast we may post, edit and read in one workspace, so that Slack need not refuse: each has a
line of its own, in which verdicts go before first messages.

Slack allows about one post a second in a channel with short bursts, and of `chat.update` and
`conversations.replies` (Tier 3) 50 a minute (docs.slack.dev, Rate limits). These stay below: in no
minute more than 48 edits or reads. What is held back here waits; how far a look is (`has_room`) is
never held back but dropped.
"""

from __future__ import annotations

import asyncio
import heapq
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum
from itertools import count

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[object]]


class Urgency(IntEnum):
    """Who goes first where several wait; within one, in the order they came."""

    VERDICT = 0
    FIRST_MESSAGE = 1


@dataclass(frozen=True)
class Rate:
    """One in `each_s` seconds, and up to `burst` at once after a rest."""

    each_s: float
    burst: int


A_MINUTE_S = 60.0
POSTS = Rate(1.0, 3)
EDITS = Rate(A_MINUTE_S / 40, 8)
READS = Rate(A_MINUTE_S / 40, 8)
KEPT_FOR_VERDICTS = 4  # edits that progress leaves to them


class Line:
    """Lets through as `rate` says. `clock` gives seconds that only grow, `sleep` waits by it."""

    def __init__(self, rate: Rate, clock: Clock, sleep: Sleep) -> None:
        self._rate = rate
        self._clock = clock
        self._sleep = sleep
        # when all of the burst is there again: a bucket told by one time (ITU-T I.371, GCRA)
        self._full_at_s = clock()
        self._waiting: list[tuple[Urgency, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._letting: asyncio.Task[None] | None = None

    async def turn(self, urgency: Urgency) -> None:
        """Return when it is this one's turn."""
        if not self._waiting and self._wait_s() <= 0:
            self._take()
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (urgency, next(self._numbers), turn))
        if self._letting is None or self._letting.done():
            self._letting = asyncio.create_task(self._let())
        await turn

    def has_room(self, keep: int) -> bool:
        """Take a turn at once if nobody waits and `keep` more are left after it; else take none."""
        if self._waiting or self._wait_s(keep) > 0:
            return False
        self._take()
        return True

    def hold(self, seconds: float) -> None:
        """Let nobody through for so long: Slack asked for it."""
        burst_s = (self._rate.burst - 1) * self._rate.each_s
        self._full_at_s = max(self._full_at_s, self._clock() + seconds + burst_s)

    def close(self) -> None:
        """Let nobody through any more."""
        if self._letting is not None:
            self._letting.cancel()

    async def _let(self) -> None:
        while self._waiting:
            if (wait_s := self._wait_s()) > 0:
                await self._sleep(wait_s)
                continue
            _, _, turn = heapq.heappop(self._waiting)
            if not turn.done():  # else whoever waited was cancelled
                self._take()
                turn.set_result(None)

    def _wait_s(self, keep: int = 0) -> float:
        at_once = self._rate.burst - 1 - keep
        return self._full_at_s - at_once * self._rate.each_s - self._clock()

    def _take(self) -> None:
        self._full_at_s = max(self._full_at_s, self._clock()) + self._rate.each_s


class Budget:
    """The lines of one workspace: posts by channel, edits, reads. The clock can be another one than
    this machine's.
    """

    def __init__(self, clock: Clock = time.monotonic, sleep: Sleep = asyncio.sleep) -> None:
        self._posts = defaultdict[str, Line](lambda: Line(POSTS, clock, sleep))
        self.edits = Line(EDITS, clock, sleep)
        self.reads = Line(READS, clock, sleep)

    def posts(self, channel: str) -> Line:
        """The line for posts in `channel`."""
        return self._posts[channel]

    def close(self) -> None:
        """End what lets others through; nobody may wait any more."""
        for line in (self.edits, self.reads, *self._posts.values()):
            line.close()
