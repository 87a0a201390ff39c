"""What standard output is: how wide, and whether colour is wanted there. And what standard error
says while one waits.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from types import TracebackType
from typing import TextIO

FIRST_S = 1.0  # until then nobody wonders
TERMINAL_S, LINE_S = 0.5, 5.0  # a terminal's line is renewed; a file or a pipe gets another


def width_of(stream: TextIO, environ: Mapping[str, str]) -> int | None:
    """Columns: those of `COLUMNS`, else of the terminal; None for a file or a pipe, or a terminal
    that does not say.
    """
    asked = environ.get("COLUMNS", "")
    if asked.isascii() and asked.isdigit() and int(asked[:6]):
        return int(asked[:6])
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):  # no terminal; no file at all
        return None


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Only a terminal, and one that is not dumb; anything in NO_COLOR says no
    (https://no-color.org).
    """
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


class HowFar:
    """`async with HowFar(stderr, 12) as told:` while hosts are asked: after a second `stream` says
    how many have answered, a terminal on one line, which is empty at the end.
    """

    def __init__(self, stream: TextIO, hosts: int) -> None:
        self._stream = stream
        self._hosts = hosts
        self._answered = 0
        self._saying: asyncio.Task[None] | None = None
        self._is_terminal = stream.isatty()
        self._shown = ""

    def answered(self, hosts: int) -> None:
        """So many have answered by now."""
        self._answered = hosts

    async def __aenter__(self) -> HowFar:
        self._saying = asyncio.create_task(self._say())
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._saying is not None:
            self._saying.cancel()
        if self._shown and self._is_terminal:
            self._write(f"\r{' ' * len(self._shown)}\r")

    async def _say(self) -> None:
        await asyncio.sleep(FIRST_S)
        while True:
            of = f"{self._hosts} host{'s' if self._hosts != 1 else ''}"
            self._shown = f"sevbot: asked {self._answered} of {of} …"
            self._write(f"\r{self._shown}" if self._is_terminal else f"{self._shown}\n")
            await asyncio.sleep(TERMINAL_S if self._is_terminal else LINE_S)

    def _write(self, text: str) -> None:
        """What cannot be said there need not be: it is no part of the answer."""
        try:
            self._stream.write(text)
            self._stream.flush()
        except (OSError, ValueError):
            self._is_terminal = False
