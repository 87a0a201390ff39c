"""64 hosts that attack before they prove who they are: the bot goes on answering Slack, and each of
them is told.
"""

from __future__ import annotations

import asyncio
import threading

import pytest

from bot.apart import Apart
from diagnostics.bundle import Bundle, Missing
from diagnostics.collect.ssh import Target
from tests.bench.hostile import measure
from tests.hostile_hosts import ADDRESSES, KINDS

# for an acknowledgement; here of work that this process does meanwhile, whoever else has the
# machine
SLACK_WAITS_S = 3.0
TARGET = Target("web1", "192.0.2.1", 22, "x")


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_hosts_hold_up_neither_slack_nor_memory(kind: str) -> None:
    """Each costs some milliseconds and kilobytes, and is closed: nothing that it sends is read for
    long.
    """
    felt = measure(kind)
    assert sum(felt.told.values()) == len(ADDRESSES)
    assert all(
        "before it proved who it is" in words or "does not speak SSH" in words
        for words in felt.told
    )
    assert felt.cpu_s < 8
    assert felt.peak_mb < 256
    assert felt.lag_cpu_s < SLACK_WAITS_S


class Recorder:
    """A collector that notes where it runs, and hangs for the host that it is told to hang for."""

    def __init__(self) -> None:
        self.threads: set[int] = set()
        self.began = threading.Event()
        self.cancelled = 0

    async def collect(self, target: Target) -> Bundle | Missing:
        self.threads.add(threading.get_ident())
        self.began.set()
        if target.name == "hangs":
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
        return Missing(target.name)


def test_hosts_are_asked_on_another_thread_than_slack_is_answered() -> None:
    """And what comes of it comes back to ours."""

    async def run() -> None:
        recorder = Recorder()
        async with Apart(recorder) as apart:
            assert await apart.collect(TARGET) == Missing("web1")
        assert recorder.threads
        assert threading.get_ident() not in recorder.threads

    asyncio.run(run(), debug=True)


@pytest.mark.parametrize("way", ["the caller gives up", "the bot ends"])
def test_a_look_that_nobody_waits_for_any_more_is_ended(way: str) -> None:
    """No login stays open behind a question that was given up, or a bot that is stopped."""

    async def run() -> None:
        recorder = Recorder()
        hangs = Target("hangs", "192.0.2.1", 22, "x")
        async with Apart(recorder) as apart:
            task = asyncio.create_task(apart.collect(hangs))
            await asyncio.to_thread(recorder.began.wait, 10)
            if way == "the caller gives up":
                task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert recorder.cancelled == 1

    asyncio.run(run(), debug=True)
