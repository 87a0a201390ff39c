"""Where in a long log OOM reports are: find, then parse. What lies between them is only counted,
for the line numbers. In the same pass the records are found that have one of the words that causes
look for, with some lines below each.

A region begins at the `invoked oom-killer` above a kill (or, where that is lost, some way above the
kill) and ends with the kill's record. It begins and ends between records: a user's record must not
pass for the kernel's because its first line was left out. A log that fits into the window is short,
and searched for headers and chosen tasks, too, whose kill line may be lost.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from diagnostics.facts.log_window import RECORD_BYTES, Source, Window, Words

# how far above a kill its header may stand: thousands of lines of the task table
BACK_BYTES = 1 << 20
# how far above a kill to begin where no header is found, and to look on for another kill of the
# same report
LOST_HEAD_BYTES = 1 << 16
WRAPPED_BYTES = 1 << 9  # how far below a kill its wrapped rest may go on
# so many kills without a header: where there are some, more follow, and not each is worth a look
BURST, BURST_BYTES = 4, 1 << 13
HEAD_BYTES = 1 << 16
# what is kept below a record that was asked for: a call trace of some 30 lines
BELOW_BYTES = 1 << 14
RECORD_CHARS = 1 << 15  # of such a record; its words stand near its beginning
MOST_SAID = 200  # of the records with the same words, the last ones
TRACE, AFTER_TRACE = "Call Trace:", "Mem-Info:"
MOST_TRACE_CHARS = 1 << 14
HEADER = b"invoked oom-killer"
OF_SHORT = (HEADER, b"ill process ", b"killed process")
# a report that names a victim has one of them
KILLS = (b"Killed process ", b"oom-kill:constraint=CONSTRAINT_")


@dataclass(frozen=True)
class Region:
    """A stretch of a log; `first_line` is the number of its first line, from 1."""

    first_line: int
    text: str


class Record(NamedTuple):
    """The beginning of a record, with some lines below it; `first_line` is its number, from 1."""

    first_line: int
    data: bytes


class Found:
    """The last records of each words that were asked for; `dropped` are the words that had more."""

    def __init__(self, words: Sequence[bytes]) -> None:
        self.words = tuple(words)
        self.dropped: set[str] = set()
        self._kept = {word: deque[Record](maxlen=MOST_SAID) for word in self.words}

    def add(self, word: bytes, record: Record) -> None:
        """Keep it, and let go of the first one where there are too many."""
        kept = self._kept[word]
        if len(kept) == MOST_SAID:
            self.drop(word)
        kept.append(record)

    def drop(self, word: bytes) -> None:
        """Remember that one with this word is not kept."""
        self.dropped.add(word.decode())

    def records(self) -> list[Record]:
        """Each once, in the order of the log; one may have several of the words."""
        each = {record.first_line: record for kept in self._kept.values() for record in kept}
        return [each[number] for number in sorted(each)]


@dataclass(frozen=True)
class LogText:
    """A log as its beginning and its regions, which can be read once.

    `said` has the last records with one of the words that were asked for, each from its beginning
    on and with some lines below it; it is complete once the regions have been read.
    """

    head: str
    regions: Iterator[Region]
    said: Found = field(default_factory=lambda: Found(()))


def of_text(text: str, words: Sequence[str] = ()) -> LogText:
    """A log that is in memory; `words` as for a stream."""
    return of_stream(io.BytesIO(text.encode("utf-8", errors="replace")), words)


def of_stream(stream: Source, words: Sequence[str] = ()) -> LogText:
    """A file, a pipe or what unpacks one: read once, in memory that does not grow with it.

    Records that have one of the `words` are found beside the OOM reports.
    """
    window = Window(stream)
    window.fill()
    first = window.line_start(HEAD_BYTES) or HEAD_BYTES
    head = window.text(0, window.size if window.size <= HEAD_BYTES else first)
    search = _Search(window, Found([word.encode() for word in words]))
    wanted = (*KILLS, *OF_SHORT) if window.last else KILLS
    return LogText(head, search.regions(wanted), search.said)


def without_stacks(region: Region) -> Iterator[Region]:
    """The region without its call traces, which are half of a report and say nothing that is asked
    for.

    Left out is what stands between the lines `Call Trace:` and `Mem-Info:`, where both begin a
    record (are not indented) and nothing between them speaks of a kill.
    """
    text, first, begin = region.text, region.first_line, 0
    trace = text.find(TRACE)
    while trace >= 0 and (after := text.find(AFTER_TRACE, trace, trace + MOST_TRACE_CHARS)) >= 0:
        cut, go_on = text.find("\n", trace) + 1, text.rfind("\n", 0, after) + 1
        begins = text[text.rfind("\n", 0, trace) + 1], text[go_on]
        left_out = text[cut:go_on]
        if (
            cut < go_on
            and not any(map(str.isspace, begins))
            and "illed process" not in left_out
            and "oom-kill" not in left_out
        ):
            yield Region(first, text[begin:cut])
            first += text.count("\n", begin, go_on)
            begin = go_on
        trace = text.find(TRACE, after)
    yield Region(first, text[begin:])


class _Search:
    """What is looked for in a window, from its beginning on; up to `done` it has been searched."""

    def __init__(self, window: Window, said: Found) -> None:
        self._window = window
        self.said = said
        self._done = 0
        self._start = 0  # the region that is open, and where the one before it ended
        self._end = 0
        self._kill = 0  # behind the last kill that was found
        self._has_header = False  # whether the open region has one
        self._bare = 0  # kills since the last header

    def regions(self, wanted: tuple[bytes, ...]) -> Iterator[Region]:
        """The stretches around the words that are wanted."""
        window, words = self._window, Words((*wanted, *self.said.words))
        while True:
            end = window.line_start(window.size - RECORD_BYTES)
            limit = end if end > self._done and not window.last else window.size
            said = {word: deque[int](maxlen=MOST_SAID) for word in self.said.words}
            for at, found in words.find(window.data, self._done, limit):
                if found in wanted:
                    yield from self._reach(at)
                else:
                    self._note(said[found], found, at)
            self._keep(said)
            self._done = limit
            if window.last:
                yield from self._close()
                return
            back = limit - BACK_BYTES
            drop = (window.line_start(back) or back) if back > 0 else 0
            if self._start < drop:
                yield from self._close()
            self._slide(drop)
            window.fill()

    def _note(self, places: deque[int], word: bytes, at: int) -> None:
        if len(places) == MOST_SAID:
            self.said.drop(word)
        places.append(at)

    def _keep(self, said: Mapping[bytes, Iterable[int]]) -> None:
        """Keep the records that hold these positions, each once for the same words."""
        window = self._window
        for word, places in said.items():
            last = -1
            for at in places:
                start = window.record_start(at, 0)
                if start == last or at - start > RECORD_CHARS:
                    continue
                last, end = start, window.record_end(at)
                below = min(max(end, window.line_start(at + BELOW_BYTES)), start + RECORD_CHARS)
                data = bytes(memoryview(window.data)[start : min(below, window.size)])
                self.said.add(word, Record(window.line_at(start), data))

    def _reach(self, kill: int) -> Iterator[Region]:
        """Let the open region go on to a kill, or close it and open one for the kill."""
        if kill + WRAPPED_BYTES < self._end:
            return
        window = self._window
        header = window.data.rfind(HEADER, self._kill, kill + len(HEADER))
        above = header if header >= 0 else self._without_header(kill)
        begin = window.record_start(above, self._start)
        # a long region is closed where a report begins
        limit = LOST_HEAD_BYTES if header >= 0 else BACK_BYTES
        if self._start < self._end and (begin - self._start > limit or begin > self._end):
            self._end = min(self._end, begin)
            yield from self._close()
        if self._start == self._end:
            self._start, self._has_header = begin, False
        self._has_header = self._has_header or header >= 0
        self._bare = 0 if header >= 0 else self._bare + 1
        below = BURST_BYTES if self._bare >= BURST else WRAPPED_BYTES
        # a report may end in a panic, without a kill
        goes_on = LOST_HEAD_BYTES if header == kill else below
        self._end = max(self._end, window.record_end(min(kill + goes_on, window.size)))
        self._kill = kill + 1

    def _without_header(self, kill: int) -> int:
        """Where to begin for a kill without a header of its own: a line between may have passed for
        the kill of its report.
        """
        is_near = self._start < self._end and self._has_header and kill - self._start <= BACK_BYTES
        return self._end if is_near else max(kill - LOST_HEAD_BYTES, self._end)

    def _close(self) -> Iterator[Region]:
        if self._start < self._end:
            text = self._window.text(self._start, self._end)
            yield Region(self._window.line_at(self._start), text)
        self._start = self._end

    def _slide(self, drop: int) -> None:
        self._window.slide(drop)
        self._done = max(self._done - drop, 0)
        self._start, self._end, self._kill = (
            max(position - drop, 0) for position in (self._start, self._end, self._kill)
        )
