"""The last verdicts, in memory, so that a press on a message can be answered: what it asks for is
looked up here, never taken from the message.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace

from bot.chat import Announcement, Held, Posted, Verdict

MOST_HELD = 200
MOST_HELD_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Entry:
    """A verdict that is held. `sev` and `posted` say where it stands; None where one person alone
    saw it. `size` is bytes.
    """

    verdict: Verdict
    sev: Announcement | None
    posted: Posted | None
    size: int


class Reports:
    """Holds the last `most` verdicts, as long as they have `most_bytes` together; the oldest goes
    first, and answers to questions before those to SEVs.
    """

    def __init__(self, most: int = MOST_HELD, most_bytes: int = MOST_HELD_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._bytes = 0

    def keep(
        self,
        key: str,
        verdict: Verdict,
        sev: Announcement | None = None,
        posted: Posted | None = None,
        again_by: str | None = None,
    ) -> Verdict:
        """Hold the verdict by this key, in place of an earlier one; returns it as it is held."""
        held = replace(verdict, held=Held(key, sev is not None, again_by))
        self._drop(key)
        entry = Entry(held, sev, posted, size_of(verdict))
        self._entries[key] = entry
        self._bytes += entry.size
        while len(self._entries) > self._most or (
            self._bytes > self._most_bytes and len(self._entries) > 0
        ):
            self._drop(self._least())
        return held

    def _least(self) -> str:
        """The oldest answer to a question, which can be asked again; else the oldest of all."""
        questions = (key for key, entry in self._entries.items() if entry.sev is None)
        return next(questions, next(iter(self._entries)))

    def get(self, key: str) -> Entry | None:
        """What is held by this key, or None."""
        return self._entries.get(key)

    def say(self, key: str, person: str, *, is_right: bool) -> None:
        """Somebody says that the verdict is right, or not; of one person the last word counts."""
        entry = self._entries.get(key)
        if entry is None or entry.verdict.held is None:
            return
        said = {**entry.verdict.held.said}
        said.pop(person, None)
        said[person] = is_right
        held = replace(entry.verdict.held, said=said)
        self._entries[key] = replace(entry, verdict=replace(entry.verdict, held=held))

    def _drop(self, key: str) -> None:
        if (entry := self._entries.pop(key, None)) is not None:
            self._bytes -= entry.size


def size_of(value: object) -> int:
    """Bytes of memory that a value of ours takes, each object counted once."""
    seen: set[int] = set()
    total = 0
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        total += sys.getsizeof(each)
        if is_dataclass(each) and not isinstance(each, type):
            waiting += [getattr(each, field.name) for field in fields(each)]
        elif isinstance(each, Mapping):
            waiting += [*each.keys(), *each.values()]
        elif isinstance(each, tuple | list | set | frozenset):
            waiting += each
    return total
