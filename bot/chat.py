"""What sevbot says to people, in the words of no chat: bot.slack makes Slack of it, and another
chat may stand beside it.

`verdict_on` is the only place where a report is told for a chat. So a report is told once, whatever
is made of it: a message, its plain text, a line in the log.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bot.inventory import Named
from diagnostics.model import Report, findings_of
from diagnostics.telling.brief import Brief, brief
from diagnostics.telling.words import Telling, tell


@dataclass(frozen=True)
class Looking:
    """We are asking so many hosts, and so many of them have `answered`; `notes` says what is to be
    known meanwhile.
    """

    hosts: int
    notes: tuple[str, ...] = ()
    answered: int = 0


@dataclass(frozen=True)
class Note:
    """Sentences, at least one. The first also stands alone where there is room for one only."""

    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Held:
    """By which key a verdict can be asked about, and what people did since: who had it looked
    again, and who says that it is right, by the chat's own ids of people.

    An answer to a question (not `is_sev`) is one person's, and can only be asked for its evidence.
    """

    key: str
    is_sev: bool = True
    again_by: str | None = None
    said: Mapping[str, bool] = field(default_factory=dict)

    def says(self, *, is_right: bool) -> tuple[str, ...]:
        """Who says so, in the order they spoke."""
        return tuple(person for person, right in self.said.items() if right == is_right)


@dataclass(frozen=True)
class Verdict:
    """What came of it, for `hosts` hosts; for `found` of them a cause was found. `brief` stands
    above the fold, `telling` holds all of it, `report` what it was told from.

    `looked_at_s` is when it was told (seconds since 1970); `held` is None until somebody holds it.
    """

    telling: Telling
    found: int
    hosts: int
    brief: Brief
    report: Report
    looked_at_s: float = field(compare=False)
    held: Held | None = None


@dataclass(frozen=True)
class Ready:
    """A message of its own that these words now stand in another one, which was edited: an edit
    notifies nobody.
    """

    words: Note | Verdict


Words = Looking | Note | Verdict | Ready


def verdict_on(report: Report) -> Verdict:
    """The report, told."""
    found = sum(bool(findings_of(host)) for host in report.hosts)
    return Verdict(
        tell(report), found, len(report.hosts), brief(report), report, looked_at_s=time.time()
    )


def failed(at: str, error: Exception) -> Note:
    """What is said where sevbot itself failed `at` something; `error` goes into the log."""
    kind = type(error).__name__
    details = f"sevbot failed on {at} ({kind}); its log has the details."
    return Note((f"{details} Please look at the hosts by hand.",))


@dataclass(frozen=True)
class Place:
    """Where a message stands or shall stand: the channel and the thread by the chat's own ids, and
    the key that marks it as ours.

    The key is opaque, and the same whenever the same SEV is told of again.
    """

    channel: str
    thread: str
    key: str


@dataclass(frozen=True)
class Posted:
    """Our message, by the chat's own id. `done` is true once its last words stand in it."""

    id: str
    done: bool


@dataclass(frozen=True)
class Announcement:
    """A SEV: where it is answered, when it was announced (seconds since 1970), and what its text
    names, or its pattern took for a name.

    With `fresh` it is told for the first time, and was made after this process began: then nobody
    can have answered it yet.
    """

    place: Place
    opened_s: float
    named: Named
    fresh: bool = False


class NowhereError(Exception):
    """The place of an answer is gone: what was announced there was deleted. No use to try again."""


class Chat(Protocol):
    """Where SEVs are answered. `find_or_post` and `edit` raise what the chat's library raises, once
    it is no use to try again, and NowhereError.
    """

    async def find_or_post(self, place: Place, words: Words, *, fresh: bool = False) -> Posted:
        """Our message with this key, posted if it is not there. However often this is called, there
        is one. With `fresh` it cannot be there, and need not be looked for at first.
        """

    async def progress(self, place: Place, posted: Posted, looking: Looking) -> None:
        """Say how far the look is, in the message. Never raises; where there is no room it is
        dropped. To be awaited to its end before the last words are put there.
        """

    async def edit(self, place: Place, posted: Posted, words: Note | Verdict) -> None:
        """Put its last words into the message; it is then found as done."""

    async def link(self, place: Place, posted: Posted) -> str:
        """Where the message can be read, for the log. Never raises."""


class Asker(Protocol):
    """Somebody who asked, and who alone sees the answers."""

    async def answer(self, words: Words) -> None:
        """Say it to them. The first answer is to come at once, another may follow; one that does
        not go is logged.
        """
