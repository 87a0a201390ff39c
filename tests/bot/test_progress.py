"""How far a look is, said in its message."""

from __future__ import annotations

import asyncio

import pytest

from bot.chat import Looking, Note, Place, Posted, Verdict, Words
from bot.progress import Progress

PLACE, POSTED = Place("room", "42", "k1"), Posted("1", done=False)


class SlowRoom:
    """A chat that takes its time over what it is told."""

    def __init__(self) -> None:
        self.began, self.go_on = asyncio.Event(), asyncio.Event()
        self.said: list[Words] = []

    async def find_or_post(self, place: Place, words: Words, *, fresh: bool = False) -> Posted:
        raise AssertionError(f"{place} {words} {fresh}")

    async def edit(self, place: Place, posted: Posted, words: Note | Verdict) -> None:
        assert (place, posted) == (PLACE, POSTED)
        self.said.append(words)

    async def progress(self, place: Place, posted: Posted, looking: Looking) -> None:
        assert (place, posted) == (PLACE, POSTED)
        self.began.set()
        await self.go_on.wait()
        self.said.append(looking)

    async def link(self, place: Place, posted: Posted) -> str:
        raise AssertionError(f"{place} {posted}")


def test_what_is_being_said_is_said_before_the_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the chat takes over it."""
    monkeypatch.setattr("bot.progress.BETWEEN_S", 0.0)
    verdict = Note(("found",))

    async def run() -> None:
        room = SlowRoom()

        async def look() -> None:
            async with Progress(room, PLACE, POSTED, Looking(2, ("a note",))) as told:
                told.answered(1)
                await room.began.wait()
            await room.edit(PLACE, POSTED, verdict)

        looking = asyncio.create_task(look())
        await room.began.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        assert room.said == []
        room.go_on.set()
        await looking
        assert room.said == [Looking(2, ("a note",), answered=1), verdict]

    asyncio.run(run())


def test_between_two_words_some_seconds_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is over before is not told, and its end waits for nothing."""
    monkeypatch.setattr("bot.progress.BETWEEN_S", 3600.0)

    async def run() -> None:
        room = SlowRoom()
        room.go_on.set()
        async with Progress(room, PLACE, POSTED, Looking(2)) as told:
            told.answered(1)
            await asyncio.sleep(0.01)
        assert room.said == []

    asyncio.run(run())


def test_of_one_host_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer is the verdict."""
    monkeypatch.setattr("bot.progress.BETWEEN_S", 0.0)

    async def run() -> None:
        room = SlowRoom()
        room.go_on.set()
        async with Progress(room, PLACE, POSTED, Looking(1)) as told:
            told.answered(1)
            await asyncio.sleep(0.01)
        assert room.said == []

    asyncio.run(run())
