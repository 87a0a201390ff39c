"""No older words of a message come behind newer ones."""

from __future__ import annotations

import asyncio

from bot.slack.content import Content
from bot.slack.newest import MOST_KEPT, Newest


def content(text: str) -> Content:
    return Content(text, [], [])


def test_an_edit_waits_for_the_one_before_and_what_was_overtaken_is_not_sent() -> None:
    """The first is held up; the second is overtaken by the third while it waits."""
    sent: list[str] = []
    may_go = asyncio.Event()

    async def slow(form: Content) -> None:
        await may_go.wait()
        sent.append(form.text)

    async def run() -> None:
        newest = Newest()
        edits = [
            asyncio.create_task(newest.say("k", content(text), slow))
            for text in ("first", "second", "third")
        ]
        await asyncio.sleep(0)
        may_go.set()
        await asyncio.gather(*edits)
        await newest.say_again("k", slow)

    asyncio.run(run())
    assert sent in (["third", "third"], ["first", "third", "third"])
    assert "second" not in sent


def test_what_is_said_once_more_is_what_was_said_last() -> None:
    """Not what was said when it was decided to say it once more; another message is no matter."""
    sent: list[str] = []

    async def send(form: Content) -> None:
        sent.append(form.text)

    async def run() -> None:
        newest = Newest()
        await newest.say("k", content("old"), send)
        await newest.say("k", content("new"), send)
        await newest.say("other", content("else"), send)
        await newest.say_again("k", send)
        await newest.say_again("unknown", send)

    asyncio.run(run())
    assert sent == ["old", "new", "else", "new"]


def test_only_so_many_messages_are_remembered() -> None:
    """The oldest go."""
    sent: list[str] = []

    async def send(form: Content) -> None:
        sent.append(form.text)

    async def run() -> None:
        newest = Newest()
        for number in range(MOST_KEPT + 1):
            await newest.say(f"k{number}", content(f"{number}"), send)
        sent.clear()
        await newest.say_again("k0", send)
        await newest.say_again("k1", send)

    asyncio.run(run())
    assert sent == ["1"]
