"""How fast Slack is called, by a clock of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from bot.slack.budget import A_MINUTE_S, EDITS, KEPT_FOR_VERDICTS, POSTS, READS, Line, Rate, Urgency
from tests.bot.virtual_clock import VirtualClock

TIER_3_A_MINUTE = 50  # docs.slack.dev, Rate limits
FIRST, VERDICT = Urgency.FIRST_MESSAGE, Urgency.VERDICT


def by_the_clock(run: Callable[[VirtualClock], Awaitable[None]]) -> None:
    async def main() -> None:
        clock = VirtualClock()
        ticking = asyncio.create_task(clock.run())
        await run(clock)
        ticking.cancel()

    asyncio.run(main())


def in_any_minute(times: list[float]) -> int:
    return max(sum(start <= each <= start + A_MINUTE_S for each in times) for start in times)


@pytest.mark.parametrize("rate", [EDITS, READS], ids=["edits", "reads"])
@pytest.mark.parametrize("rest_s", [0.0, 3_600.0])
def test_no_minute_has_more_than_its_tier(rate: Rate, rest_s: float) -> None:
    """After a rest, too, when some may go at once."""
    times: list[float] = []

    async def run(clock: VirtualClock) -> None:
        line = Line(rate, clock, clock.sleep)

        async def one() -> None:
            await line.turn(FIRST)
            times.append(clock())

        await clock.sleep(rest_s)
        await asyncio.gather(*(one() for _ in range(200)))

    by_the_clock(run)

    assert times == sorted(times)
    assert 40 <= in_any_minute(times) < TIER_3_A_MINUTE
    assert times[-1] - rest_s == pytest.approx((200 - rate.burst) * A_MINUTE_S / 40)


def test_posts_are_one_a_second_with_a_short_burst() -> None:
    """Nobody who announces one SEV waits."""
    times: list[float] = []

    async def run(clock: VirtualClock) -> None:
        line = Line(POSTS, clock, clock.sleep)
        for _ in range(6):
            await line.turn(FIRST)
            times.append(clock())

    by_the_clock(run)

    assert times == [0, 0, 0, 1, 2, 3]


def test_verdicts_go_first_then_first_messages_in_their_order() -> None:
    """However late they came."""
    gone: list[str] = []

    async def run(clock: VirtualClock) -> None:
        line = Line(Rate(1.0, 1), clock, clock.sleep)

        async def one(name: str, urgency: Urgency) -> None:
            await line.turn(urgency)
            gone.append(name)

        await line.turn(FIRST)
        await asyncio.gather(one("first 1", FIRST), one("first 2", FIRST), one("verdict", VERDICT))

    by_the_clock(run)

    assert gone == ["verdict", "first 1", "first 2"]


def test_whoever_does_not_wait_any_more_takes_no_turn() -> None:
    """A SEV whose bot is stopped."""

    async def run(clock: VirtualClock) -> None:
        line = Line(Rate(1.0, 1), clock, clock.sleep)
        await line.turn(FIRST)
        gone = asyncio.create_task(line.turn(VERDICT))
        stays = asyncio.create_task(line.turn(FIRST))
        await asyncio.sleep(0)
        gone.cancel()
        await stays
        assert clock() == 1.0

    by_the_clock(run)


def test_progress_has_no_room_beside_verdicts() -> None:
    """It leaves some edits for them, and takes none where one waits."""

    async def run(clock: VirtualClock) -> None:
        line = Line(EDITS, clock, clock.sleep)
        told = [line.has_room(KEPT_FOR_VERDICTS) for _ in range(EDITS.burst)]
        assert told.count(True) == EDITS.burst - KEPT_FOR_VERDICTS
        for _ in range(KEPT_FOR_VERDICTS):
            await line.turn(VERDICT)
        assert clock() == 0
        waits = asyncio.create_task(line.turn(VERDICT))
        await asyncio.sleep(0)
        assert not line.has_room(0)
        await waits
        await clock.sleep(A_MINUTE_S)
        assert line.has_room(KEPT_FOR_VERDICTS)

    by_the_clock(run)


def test_where_slack_asks_one_to_wait_all_wait() -> None:
    """So the others do not get the same answer."""

    async def run(clock: VirtualClock) -> None:
        line = Line(EDITS, clock, clock.sleep)
        line.hold(30)
        assert not line.has_room(0)
        await line.turn(VERDICT)
        assert clock() == 30

    by_the_clock(run)
