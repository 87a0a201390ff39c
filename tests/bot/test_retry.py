"""The one policy on trying again: how often, after which pauses, and what is never tried again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookResponse

from bot.slack.message import ATTEMPTS
from bot.slack.retry import NotTakenError, Pauses, again
from bot.slack.retry_after import ASKED, HEADER, GaveUpError
from diagnostics.bundle.directory import read_directory
from tests.bot.stage import ANNOUNCEMENT, stage
from tests.conftest import ROOT

RANKER = read_directory(ROOT / "tests/cases/membind-oom-16g-6.1")


class Answer(dict[str, str]):
    """What slack_sdk hands over beside its error."""

    def __init__(self, error: str, headers: dict[str, str]) -> None:
        super().__init__(error=error)
        self.data, self.status_code, self.headers = {"error": error}, 200, headers


def refused(error: str, headers: dict[str, str]) -> SlackApiError:
    answer = Answer(error, headers)
    return SlackApiError("x", answer)  # type: ignore[no-untyped-call] # slack_sdk leaves it untyped


class Call:
    """Fails with what it was given, in turn, then gives 7."""

    def __init__(self, *errors: BaseException) -> None:
        self.errors = list(errors)
        self.made = 0

    async def __call__(self) -> int:
        self.made += 1
        if self.errors:
            raise self.errors.pop(0)
        return 7


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept, in turn; none of it is."""
    slept: list[float] = []
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await real(0)

    monkeypatch.setattr("bot.slack.retry.asyncio.sleep", sleep)
    return slept


def test_an_outage_is_waited_for_ever_longer_and_then_its_error_is_raised(
    pauses: list[float],
) -> None:
    """About three minutes; no pause follows the last attempt."""
    call = Call(*(TimeoutError(str(number)) for number in range(1, 20)))

    with pytest.raises(TimeoutError, match=f"^{ATTEMPTS}$"):
        asyncio.run(again(call, ATTEMPTS))

    assert call.made == ATTEMPTS
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30, 30]


@pytest.mark.parametrize(
    "error",
    [
        refused("ratelimited", {HEADER: "300"}),
        NotTakenError(WebhookResponse(url="", status_code=429, body="", headers={HEADER: "300"})),
    ],
    ids=["api", "response_url"],
)
def test_slacks_own_pause_comes_before_ours(pauses: list[float], error: Exception) -> None:
    """As the answer says, clamped where it came in."""
    assert asyncio.run(again(Call(error, aiohttp.ClientError()), 3, Pauses(1.0, 1.0))) == 7
    assert pauses == [300, 1]


@pytest.mark.parametrize(
    "error",
    [
        refused("channel_not_found", {HEADER: "1"}),
        ValueError("a defect"),
        asyncio.CancelledError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_does_not_pass_is_raised_at_once(pauses: list[float], error: BaseException) -> None:
    """A refusal, a defect of ours, and the end of the task."""
    call = Call(error)

    with pytest.raises(type(error)):
        asyncio.run(again(call, 3))

    assert (call.made, pauses) == (1, [])


@pytest.mark.parametrize("attempts", [1, 3])
def test_a_pause_that_is_too_long_is_given_up_at_once(pauses: list[float], attempts: int) -> None:
    """At the last attempt, too: what Slack asked for is what the SEV's message then says."""
    call = Call(refused("ratelimited", {HEADER: "300", ASKED: "86400"}))

    with pytest.raises(GaveUpError, match="86400 s"):
        asyncio.run(again(call, attempts))

    assert (call.made, pauses) == (1, [])


def test_a_function_that_only_gives_a_coroutine_is_awaited(pauses: list[float]) -> None:
    """A partial or a lambda is no coroutine function, and its failure is one all the same."""
    call = Call(TimeoutError())

    def given() -> Awaitable[int]:
        return call()

    assert asyncio.run(again(given, 2)) == 7
    assert pauses == [0.5]


@pytest.mark.parametrize("fault", ["500", "drop-after-commit"])
def test_before_each_post_the_thread_is_read(tmp_path: Path, fault: str) -> None:
    """Never a bare retry: as many reads as attempts, and one more where the answer was lost."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            on.slack.fail_next("chat.postMessage", fault)
            on.slack.fail_next("chat.postMessage", "500")
            ts = await on.slack.announce(ANNOUNCEMENT)
            await on.verdict(ts)
            calls = [*on.slack.history, *on.slack.refused]
            posts = sum(call.method == "chat.postMessage" for call in calls)

            assert posts == (3 if fault == "500" else 1)
            assert on.calls("conversations.replies") == posts + (fault != "500")
            assert len(on.answers(ts)) == 1

    asyncio.run(run())
