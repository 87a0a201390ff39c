"""The one policy on trying again what Slack did not take: what may pass, how often, and how long it
is waited.

tenacity runs it. It never sees a Retry-After as Slack sent it: bot.slack.retry_after clamps that
where the answer comes in, and a longer wait raises GaveUpError at once. `again` repeats whatever it
gets, so what is not safe to repeat must look first whether it is there: a post reads its thread
(bot.slack.message).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookResponse
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from bot.slack.retry_after import HTTP_TOO_MANY, asked_wait_s

MAY_PASS = frozenset(
    {
        "fatal_error",
        "internal_error",
        "ratelimited",
        "rate_limited",
        "request_timeout",
        "service_unavailable",
    }
)
HTTP_OK, HTTP_SERVER_ERROR = 200, 500

T = TypeVar("T")


class NotTakenError(Exception):
    """Slack did not take an answer by a response_url, whose client raises nothing for it."""

    def __init__(self, response: WebhookResponse) -> None:
        super().__init__(f"HTTP status {response.status_code}")
        self.response = response


TROUBLE = (SlackApiError, NotTakenError, aiohttp.ClientError, OSError)  # a TimeoutError is one


@dataclass(frozen=True)
class Pauses:
    """Where Slack does not say how long: `first_s`, then twice as long each time, up to
    `most_s`.
    """

    first_s: float = 0.5
    most_s: float = 30.0


EVER_LONGER = Pauses()


async def again(call: Callable[[], Awaitable[T]], attempts: int, pauses: Pauses = EVER_LONGER) -> T:
    """What `call` gives, at the first or a later attempt.

    Raises its error where that does not pass or was the last, and GaveUpError where Slack asks for
    more than 300 s.
    """

    async def once() -> T:
        return await call()  # tenacity awaits what is declared `async`, and nothing else

    def pause_s(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome is not None else None
        return wait_s(error, state.attempt_number - 1, pauses)

    retrying = AsyncRetrying(
        sleep=asyncio.sleep,
        stop=stop_after_attempt(attempts),
        wait=pause_s,
        retry=retry_if_exception(may_pass),
        reraise=True,
    )
    return await retrying(once)


def error_code(error: Exception) -> str | None:
    """Slack's own word for it; an answer that is no JSON leaves an error without one."""
    data = getattr(getattr(error, "response", None), "data", None)
    return data.get("error") if isinstance(data, dict) else None


def may_pass(error: BaseException) -> bool:
    """Whether another attempt may go better: lost connections, rate limits and server errors, not
    refusals.
    """
    if not isinstance(error, SlackApiError):
        return isinstance(error, TROUBLE)
    status = _status(error)
    return status == HTTP_TOO_MANY or status >= HTTP_SERVER_ERROR or error_code(error) in MAY_PASS


def wait_s(error: BaseException | None, attempt: int, pauses: Pauses = EVER_LONGER) -> float:
    """Retry-After where Slack gives one, else what `pauses` says before attempt 1, 2 and so on;
    raises GaveUpError above 300 s.
    """
    asked = None
    if isinstance(error, SlackApiError | NotTakenError):
        asked = asked_wait_s(error.response)
    return float(asked) if asked is not None else min(pauses.first_s * 2.0**attempt, pauses.most_s)


def _status(error: SlackApiError) -> int:
    """The HTTP status; slack_sdk hands over aiohttp's own response where the body was no JSON."""
    response = error.response
    status = (
        getattr(response, "status_code", None)
        or getattr(response, "status", None)
        or HTTP_SERVER_ERROR
    )
    return int(status) if status != HTTP_OK or error_code(error) else HTTP_SERVER_ERROR
