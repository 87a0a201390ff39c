"""Slack's Retry-After, clamped where the answer comes in, so that no library sees it as it was
sent.

slack_sdk sleeps on this header by itself (in Socket Mode), for as long as it says: a day, or no
time at all in a loop without end. So every answer of Slack's goes through `ClampedResponse`: what
reads the header behind it sees whole seconds from 1 to 300. Where Slack asked for more, `wait_s`
raises GaveUpError. The header is delta-seconds in digits (RFC 9110, 10.2.3); a date or anything
else counts as not said.
"""

from __future__ import annotations

import logging
from functools import cached_property
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.connector import Connection

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy

MAX_RETRY_AFTER_S = 300
UNSAID_S = 10  # where a 429 does not say how long, or not in seconds
MAX_DIGITS = 9
HEADER = "Retry-After"
# beside the clamped header: the seconds that Slack asked for, where they were more
ASKED = "X-Sevbot-Retry-After"
HTTP_TOO_MANY = 429

_log = logging.getLogger(__name__)


class GaveUpError(Exception):
    """Slack asks for a longer wait than sevbot will wait: `seconds` (at most 999,999,999, however
    many it said).
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"Slack asks to wait {seconds} s; above {MAX_RETRY_AFTER_S} s sevbot gives up"
        )
        self.seconds = seconds


class ClampedResponse(aiohttp.ClientResponse):
    """An answer of Slack's as its libraries may see it. A wait that was cut is logged here, since a
    library does not know of it.
    """

    @cached_property
    def headers(self) -> CIMultiDictProxy[str]:
        """The headers as `clamped` leaves them: Retry-After is 1 to 300 s, and a 429 has one."""
        return clamped(self.status, super().headers)

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        await super().start(connection)
        if asked := self.headers.get(ASKED):
            # the URL of an answer to a command lets anybody answer
            call = self.url.name if self.url.parent.name == "api" else "answer to a command"
            _log.error(
                "Slack asks to wait %s s before the next %s; above %d s sevbot gives up",
                asked,
                call,
                MAX_RETRY_AFTER_S,
            )
        return self


def clamped(status: int, headers: CIMultiDictProxy[str]) -> CIMultiDictProxy[str]:
    """The headers with Retry-After in 1 to 300 s; a 429 always has one."""
    said = [value.strip() for value in headers.getall(HEADER, ())]
    if not said and status != HTTP_TOO_MANY and ASKED not in headers:
        return headers
    asked = max(
        (_seconds(value) for value in said if value.isascii() and value.isdigit()), default=UNSAID_S
    )
    safe = headers.copy()
    safe.popall(ASKED, None)
    safe[HEADER] = str(min(max(asked, 1), MAX_RETRY_AFTER_S))
    if asked > MAX_RETRY_AFTER_S:
        safe[ASKED] = str(asked)
    return type(headers)(safe)


def _seconds(digits: str) -> int:
    significant = digits.lstrip("0") or "0"
    return int(significant) if len(significant) <= MAX_DIGITS else 10**MAX_DIGITS - 1


def asked_wait_s(response: Any) -> int | None:  # noqa: ANN401 # any of slack_sdk's
    """The seconds that an answer asks to wait, 1 to 300, or None if it asks for none; raises
    GaveUpError where Slack asked for more.
    """
    headers = getattr(response, "headers", None) or {}
    if asked := headers.get(ASKED):
        raise GaveUpError(int(asked))
    return int(headers[HEADER]) if HEADER in headers else None
