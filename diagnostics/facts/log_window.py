"""A window that slides over a log: what is in memory of it, where its records begin and end there,
and the numbers of its lines.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import re2

WINDOW_BYTES = 1 << 22
FEW, SHORT_BYTES = 4, 1 << 20  # words, and a text, for which loading RE2 does not pay
# the kernel cuts a record at about 1 kB; dmesg indents each of its lines by some 40 columns
RECORD_BYTES, RECORD_LINES = 1 << 16, 1024


class Source(Protocol):
    """Bytes that are read once: a file, a pipe, or what unpacks one."""

    def readinto(self, buffer: memoryview, /) -> int | None:
        """How many bytes were put into the buffer; none at the end."""


class Words:
    """Words that are looked for together: in a long text by RE2, which needs for any number of them
    what about seven need one by one.
    """

    def __init__(self, words: Sequence[bytes]) -> None:
        self._words = words

    def find(self, data: bytearray, start: int, limit: int) -> Iterable[tuple[int, bytes]]:
        """Where one of them stands between two positions, and which it is, in order."""
        if len(self._words) > FEW and limit - start > SHORT_BYTES:
            part = bytes(memoryview(data)[start:limit])
            return ((start + found.start(), found[0]) for found in self._pattern.finditer(part))
        found = []
        for words in self._words:
            at = data.find(words, start, limit)
            while at >= 0:
                found.append((at, words))
                at = data.find(words, at + 1, limit)
        return sorted(found)

    @cached_property
    def _pattern(self) -> re2._Regexp[bytes]:
        import re2  # noqa: PLC0415  # slow to load

        options = re2.Options()
        options.encoding = re2.Options.Encoding.LATIN1  # bytes as they are
        options.never_capture = True
        return re2.compile(b"|".join(map(re2.escape, self._words)), options)


class Window:
    """Of a stream what is in `data[:size]`; all positions are in it. `last`: it has ended."""

    def __init__(self, stream: Source) -> None:
        self._stream = stream
        self._known = [(0, 1)]  # positions, rising, and the numbers of the lines that begin there
        self.data = bytearray(WINDOW_BYTES)
        self.size = 0
        self.last = False

    def fill(self) -> None:
        """Read until the window is full or the stream ends; a pipe gives less at a time."""
        view = memoryview(self.data)
        while self.size < len(view):
            count = self._stream.readinto(view[self.size :])
            if not count:
                break
            self.size += count
        self.last = self.size < len(view)

    def slide(self, drop: int) -> None:
        """Let go of what is before the position, which is 0 from then on."""
        first = self.line_at(drop)
        later = [(position - drop, line) for position, line in self._known if position > drop]
        self._known = [(0, first), *later]
        view, keep = memoryview(self.data), self.size - drop
        view[:keep] = view[drop : self.size]
        self.size = keep

    def text(self, start: int, end: int) -> str:
        """What stands between two positions."""
        return self.data[start:end].decode("utf-8", errors="replace")

    def line_start(self, position: int) -> int:
        """Where the line that holds the position begins."""
        return self.data.rfind(b"\n", 0, position) + 1

    def line_at(self, position: int) -> int:
        """The number of the line that begins there, counted from the last place that is known."""
        place = bisect_right(self._known, (position, sys.maxsize)) - 1
        known, line = self._known[place]
        passed = self.data[known:position]
        # twice as fast as count, which looks at each byte
        line += len(passed) - len(passed.replace(b"\n", b""))
        if known < position:
            self._known.insert(place + 1, (position, line))
        return line

    def record_start(self, position: int, least: int) -> int:
        """The first line of the record that holds the position, not before `least`; a record's
        further lines are indented.
        """
        floor = max(least, position - RECORD_BYTES, 0)
        start = self.line_start(position)
        for _ in range(RECORD_LINES):
            if start <= floor or not self.data[start : start + 1].isspace():
                break
            start = self.line_start(start - 1)
        return max(start, least)

    def record_end(self, position: int) -> int:
        """Behind the last line of the record that holds the position."""
        ceiling = min(position + RECORD_BYTES, self.size)
        end = position
        for _ in range(RECORD_LINES):
            if end >= ceiling:
                break
            newline = self.data.find(b"\n", end, ceiling)
            end = newline + 1 if newline >= 0 else ceiling
            if not self.data[end : end + 1].isspace():
                break
        return end
