"""A collector on a thread and a loop of its own, so that nothing a host does holds up the loop that
answers Slack.
"""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Protocol

from diagnostics.bundle import Bundle, Missing
from diagnostics.collect.ssh import Target


class Collector(Protocol):
    """Whatever brings a host's bundle, or says why it could not; it never raises on what a host
    does.
    """

    async def collect(self, target: Target) -> Bundle | Missing:
        """The host's bundle, or Missing with the sentence that says why it could not be asked."""


class Apart:
    """Asks `collector` on its own loop while the block runs; what is under way at its end is
    cancelled.
    """

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._runs = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ssh", daemon=True)

    async def __aenter__(self) -> Apart:
        self._thread.start()
        await asyncio.to_thread(self._runs.wait)
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        await asyncio.to_thread(self._thread.join)

    async def collect(self, target: Target) -> Bundle | Missing:
        """What the collector says of `target`; cancelling this cancels it there."""
        return await asyncio.wrap_future(
            asyncio.run_coroutine_threadsafe(self._collector.collect(target), self._loop)
        )

    def _run(self) -> None:
        asyncio.run(self._until_over())

    async def _until_over(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._over = asyncio.Event()
        self._runs.set()
        await self._over.wait()
