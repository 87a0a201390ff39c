"""One look at a host in a minute, shared between all who ask: a SEV and ten curious people are no
eleven log-ins.

What a look brought is kept in memory until its minute is over, as long as all of it together is not
too much; then only the time is.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.apart import Collector
from diagnostics.bundle import Bundle, Missing
from diagnostics.collect.ssh import Target

BETWEEN_S = 60.0
MOST_KEPT_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True)
class Seen:
    """What a host said. `age_s` is how long ago the look began, where somebody else's question had
    begun it; else None.
    """

    found: Bundle | Missing
    age_s: float | None = None


@dataclass
class _Look:
    begun_s: float
    answer: asyncio.Task[Bundle | Missing] | None  # None: it was too much to keep
    size: int = 0


class Looks:
    """Asks hosts by `collector`, each at most once in a minute. `clock` gives seconds that only
    grow, and is that of `since_s`.
    """

    def __init__(self, collector: Collector, clock: Callable[[], float] = time.monotonic) -> None:
        self._collector = collector
        self._clock = clock
        self._last: dict[str, _Look] = {}  # oldest first

    async def at(self, target: Target, since_s: float | None = None) -> Seen:
        """What `target` says or said within the minute; with `since_s` by a look that began then or
        later, for which this may wait.
        """
        while True:
            look = self._last.get(target.name)
            if look is None or self._left_s(look) <= 0:
                return Seen(await asyncio.shield(self._begin(target)))
            if look.answer is not None and (since_s is None or look.begun_s >= since_s):
                found = await asyncio.shield(look.answer)
                return Seen(found, self._clock() - look.begun_s)
            if since_s is None:
                return Seen(
                    Missing(
                        _not_kept(target.where, self._clock() - look.begun_s, self._left_s(look)),
                        ask_again=True,
                    )
                )
            await asyncio.sleep(self._left_s(look))

    def wait_s(self, target: Target, since_s: float | None) -> float:
        """For how many seconds `at` waits before it looks or shares a look; a question without
        `since_s` never waits.
        """
        look = self._last.get(target.name)
        if since_s is None or look is None or (look.answer is not None and look.begun_s >= since_s):
            return 0.0
        return self._left_s(look)

    def too_early(self, target: Target, since_s: float) -> tuple[float, float] | None:
        """Where a question of `since_s` must wait: how many seconds before it the last look began,
        and how many it waits from now.
        """
        look = self._last.get(target.name)
        if look is None or look.begun_s >= since_s or self._left_s(look) <= 0:
            return None
        return since_s - look.begun_s, self._left_s(look)

    def _left_s(self, look: _Look) -> float:
        return max(look.begun_s + BETWEEN_S - self._clock(), 0.0)

    def _begin(self, target: Target) -> asyncio.Task[Bundle | Missing]:
        task = asyncio.create_task(self._collector.collect(target))
        look = _Look(self._clock(), task)
        self._last.pop(target.name, None)
        self._last[target.name] = look
        task.add_done_callback(lambda done: self._keep(target.name, look, done))
        asyncio.get_running_loop().call_later(BETWEEN_S, self._forget, target.name, look)
        return task

    def _keep(self, name: str, look: _Look, done: asyncio.Task[Bundle | Missing]) -> None:
        """Count the answer, and let the oldest go where all are too much; one for which the host
        did nothing is not kept at all.
        """
        if not done.cancelled() and done.exception() is None:
            found = done.result()
            look.size = _size(found)
            if isinstance(found, Missing) and found.ask_again:
                self._forget(name, look)
        kept = sum(each.size for each in self._last.values() if each.answer is not None)
        for each in self._last.values():
            if kept <= MOST_KEPT_BYTES:
                return
            if each.answer is not None and each.answer.done():
                kept -= each.size
                each.answer = None

    def _forget(self, name: str, look: _Look) -> None:
        if self._last.get(name) is look:
            del self._last[name]


def _not_kept(where: str, before_s: float, left_s: float) -> str:
    return (
        f"{where}: it was looked at {before_s:.0f} s ago, and what it said was too much to "
        f"keep beside what other hosts said: ask again in {left_s:.0f} s"
    )


def _size(found: Bundle | Missing) -> int:
    if isinstance(found, Missing):
        return 0
    return sum(
        sys.getsizeof(section.text) + sys.getsizeof(section.notes)
        for section in found.sections.values()
    )
