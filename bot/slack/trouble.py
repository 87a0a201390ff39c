"""What went wrong between Slack and us: whether it may pass, and how long it is waited for."""

from __future__ import annotations

from slack_sdk.errors import SlackApiError

from bot.slack.retry_after import HTTP_TOO_MANY, asked_wait_s

MAX_WAIT_S = 30.0
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


def error_code(error: Exception) -> str | None:
    """Slack's own word for it; an answer that is no JSON leaves an error without one."""
    data = getattr(getattr(error, "response", None), "data", None)
    return data.get("error") if isinstance(data, dict) else None


def may_pass(error: Exception) -> bool:
    """Whether another attempt may go better: lost connections, rate limits and server errors, not refusals."""
    if not isinstance(error, SlackApiError):
        return True
    status = _status(error)
    return status == HTTP_TOO_MANY or status >= HTTP_SERVER_ERROR or error_code(error) in MAY_PASS


def wait_s(error: Exception, attempt: int) -> float:
    """Retry-After where Slack gives one, else 0.5, 1, 2 s and so on, up to half a minute; raises GaveUpError above 300 s."""
    asked = asked_wait_s(error.response) if isinstance(error, SlackApiError) else None
    return float(asked) if asked is not None else min(0.5 * 2.0**attempt, MAX_WAIT_S)


def _status(error: SlackApiError) -> int:
    """The HTTP status; slack_sdk hands over aiohttp's own response where the body was no JSON."""
    response = error.response
    status = (
        getattr(response, "status_code", None)
        or getattr(response, "status", None)
        or HTTP_SERVER_ERROR
    )
    return int(status) if status != HTTP_OK or error_code(error) else HTTP_SERVER_ERROR
