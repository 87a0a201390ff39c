"""Whether a log-in may be begun: refusals are few, and what was refused rests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from diagnostics.collect.logins import MOST_REFUSALS, REST_S, Login, Logins, RestingError


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


async def refuse(logins: Logins, address: str) -> None:
    login = await logins.begin(address)
    await login.offer()
    login.refused()
    login.end()


async def let_in(logins: Logins, address: str) -> None:
    login = await logins.begin(address)
    await login.offer()
    login.let_in()
    login.end()


async def waits(something: Awaitable[object]) -> bool:
    """Whether it is not over although everything else had its turn; it is given up."""
    task = asyncio.ensure_future(something)
    for _ in range(5):
        await asyncio.sleep(0)
    if task.done():
        task.result()
        return False
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return True


async def until(count: int, make: Callable[[], Awaitable[Login]]) -> list[Login]:
    return [await make() for _ in range(count)]


def test_after_three_refusals_an_address_rests_and_others_do_not() -> None:
    """Once the key was let in somewhere, an address that refuses it says nothing on the others."""

    async def run() -> None:
        clock = Clock()
        logins = Logins(clock)
        await let_in(logins, "good")
        for _ in range(MOST_REFUSALS):
            await refuse(logins, "bad")
        clock.now_s += 1
        with pytest.raises(RestingError) as caught:
            await logins.begin("bad")
        assert (caught.value.everywhere, caught.value.left_s) == (False, REST_S - 1)
        await let_in(logins, "good")
        clock.now_s += REST_S
        await refuse(logins, "bad")

    asyncio.run(run())


def test_a_key_that_was_never_let_in_rests_everywhere_after_three() -> None:
    """Three addresses refused it: a fourth is not even dialled, until the rest is over."""

    async def run() -> None:
        clock = Clock()
        logins = Logins(clock)
        for address in ("one", "two", "three"):
            await refuse(logins, address)
        with pytest.raises(RestingError) as caught:
            await logins.begin("four")
        assert caught.value.everywhere
        clock.now_s += REST_S
        await let_in(logins, "four")

    asyncio.run(run())


def test_refusals_long_apart_are_no_three_in_a_row() -> None:
    """One refusal for each SEV of a month is nothing to rest for."""

    async def run() -> None:
        clock = Clock()
        logins = Logins(clock)
        for _ in range(5):
            await refuse(logins, "bad")
            clock.now_s += REST_S
        await let_in(logins, "bad")

    asyncio.run(run())


def test_at_an_address_refusals_and_log_ins_under_way_are_three_together() -> None:
    """So that even if all of them are refused there are no more than three refusals."""

    async def run() -> None:
        logins = Logins(Clock())
        await let_in(logins, "elsewhere")
        under_way = await until(MOST_REFUSALS, lambda: logins.begin("here"))
        assert await waits(logins.begin("here"))
        assert not await waits(logins.begin("elsewhere"))
        under_way[0].refused()
        under_way[0].end()
        assert await waits(logins.begin("here"))
        under_way[1].end()
        under_way[1].end()  # a second call changes nothing
        assert not await waits(logins.begin("here"))

    asyncio.run(run())


def test_log_ins_that_end_together_leave_those_who_wait_their_address() -> None:
    """As where a host hangs: three time limits are over in one turn of the loop, before those who
    wait can come in.
    """

    async def run() -> None:
        logins = Logins(Clock())
        hosts = await until(MOST_REFUSALS, lambda: logins.begin("here"))
        begun = [asyncio.ensure_future(logins.begin("here")) for _ in range(MOST_REFUSALS)]
        await asyncio.sleep(0)
        for login in hosts:
            login.end()
        assert await waits(logins.begin("here"))
        assert all(task.done() for task in begun)

    asyncio.run(run())


def test_until_it_was_let_in_a_key_is_offered_to_three_hosts_at_a_time() -> None:
    """Each may be at another address; once one lets it in all may."""

    async def run() -> None:
        logins = Logins(Clock())
        hosts = [await logins.begin(f"host {number}") for number in range(6)]
        for login in hosts[:MOST_REFUSALS]:
            await login.offer()
        others = [asyncio.ensure_future(login.offer()) for login in hosts[MOST_REFUSALS:]]
        await asyncio.sleep(0)
        assert not any(task.done() for task in others)
        hosts[0].let_in()
        hosts[0].end()
        await asyncio.gather(*others)

    asyncio.run(run())


def test_those_who_wait_are_told_when_the_third_refusal_comes() -> None:
    """Nobody waits for a turn that will not come."""

    async def run() -> None:
        logins = Logins(Clock())
        hosts = [await logins.begin("here") for _ in range(MOST_REFUSALS)]
        waiting = asyncio.ensure_future(logins.begin("here"))
        await asyncio.sleep(0)
        for login in hosts:
            await login.offer()
            login.refused()
            login.end()
        with pytest.raises(RestingError):
            await waiting

    asyncio.run(run())


def test_one_who_gave_up_waiting_leaves_no_place_taken() -> None:
    """A caller's deadline while it waits for its turn."""

    async def run() -> None:
        logins = Logins(Clock())
        hosts = await until(MOST_REFUSALS, lambda: logins.begin("here"))
        assert await waits(logins.begin("here"))
        for login in hosts:
            login.end()
        await until(MOST_REFUSALS, lambda: logins.begin("here"))

    asyncio.run(run())
