"""Words of one message in the order in which they were said: each edit waits for the one before,
and no older words are sent behind newer ones, however often a call is tried again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from bot.slack.content import Content

MOST_KEPT = 500

Send = Callable[[Content], Awaitable[None]]


@dataclass
class _Said:
    content: Content
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Newest:
    """The last words of each message, by key; of the last 500."""

    def __init__(self) -> None:
        self._said: OrderedDict[str, _Said] = OrderedDict()

    async def say(self, key: str, content: Content, send: Send) -> None:
        """Send `content` when its turn has come; not at all where others have followed it."""
        said = self._said.setdefault(key, _Said(content))
        said.content = content
        self._said.move_to_end(key)
        self._forget()
        async with said.turn:
            if said.content is content:
                await send(content)

    async def say_again(self, key: str, send: Send) -> None:
        """Send once more what was said last."""
        if said := self._said.get(key):
            async with said.turn:
                await send(said.content)

    def _forget(self) -> None:
        for key, said in list(self._said.items()):
            if len(self._said) <= MOST_KEPT:
                return
            if not said.turn.locked():
                del self._said[key]
