"""A bad hour: 100 SEVs in a minute, by a clock that goes on whenever nothing is under way."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.slack.budget import Budget, Line
from bot.standin.hosts import ReplayHosts
from bot.standin.slack import SlackStandIn
from diagnostics.bundle.directory import read_directory
from tests.bot.stage import Stage, config_for, is_done, served
from tests.bot.virtual_clock import VirtualClock
from tests.conftest import ROOT

RANKER = read_directory(ROOT / "tests/cases/membind-oom-16g-6.1")
SEVS, WITHIN_S = 100, 60.0
FIRST_MESSAGES_S = 100.0  # one post a second
TIER_3_A_MINUTE = 50
BUDGETED = ("chat.postMessage", "chat.update", "conversations.replies")


@dataclass
class Watched:
    """The calls that are held to a rate, with their times by the test's clock."""

    slack: SlackStandIn
    clock: VirtualClock
    turns: int = 0
    seen: list[tuple[float, str]] = field(default_factory=list)

    def is_quiet(self) -> bool:
        """Whether each call that had its turn was answered."""
        return len(self._answered()) >= self.turns

    async def note(self) -> None:
        """For ever: the clock stands while a call is under way, so its time is the call's."""
        while True:
            changed = self.slack.changes.next()
            for method in self._answered()[len(self.seen) :]:
                self.seen.append((self.clock(), method))
            await changed.wait()

    def most_in_a_minute(self, method: str) -> int:
        times = [at_s for at_s, each in self.seen if each == method]
        return max(sum(start <= each < start + 60 for each in times) for start in times)

    def _answered(self) -> list[str]:
        calls = (*self.slack.history, *self.slack.refused)
        return [call.method for call in calls if call.method in BUDGETED]


def test_a_hundred_sevs_in_a_minute_all_get_their_message_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In what one post a second allows, without one refusal by Slack's tiers; each has its verdict
    in the end.
    """
    monkeypatch.setattr("bot.slack.listeners.CLOCKS_DIFFER_S", 0.0)
    monkeypatch.setattr("bot.looks.BETWEEN_S", 0.2)  # real seconds, since hosts are real
    clock = VirtualClock()

    async def run() -> None:
        async with (
            SlackStandIn() as slack,
            ReplayHosts({"web1": RANKER, "web2": RANKER}, tmp_path) as hosts,
        ):
            slack.workspace.clock = clock
            watched, on = Watched(slack, clock), Stage(slack, hosts)
            take = Line._take

            def counted(line: Line) -> None:
                watched.turns += 1
                take(line)

            monkeypatch.setattr(Line, "_take", counted)
            aside = [asyncio.create_task(clock.run(watched.is_quiet))]
            aside.append(asyncio.create_task(watched.note()))
            async with served(slack, config_for(slack, hosts), budget=Budget(clock, clock.sleep)):
                sevs = []
                for number in range(SEVS):
                    sevs.append(await slack.announce(f"SEV-{number % 4}: ranker is down"))
                    await clock.sleep(WITHIN_S / SEVS)
                await slack.wait_for(
                    lambda: all(any(map(is_done, slack.thread(ts))) for ts in sevs), 60
                )
            for task in aside:
                task.cancel()
            posts = [at_s for at_s, method in watched.seen if method == "chat.postMessage"]

            assert [call for call in slack.refused if call.method in BUDGETED] == []
            assert len(posts) == SEVS
            assert max(posts) <= FIRST_MESSAGES_S
            assert watched.most_in_a_minute("chat.update") < TIER_3_A_MINUTE
            assert watched.most_in_a_minute("chat.postMessage") <= 60 + 3
            assert on.calls("conversations.replies") == 0
            assert Counter(len(on.answers(ts)) for ts in sevs) == {1: SEVS}

    asyncio.run(run())
