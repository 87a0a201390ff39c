"""What the stand-in's Web API reads of conversations: in pages, and in windows of time."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from bot.standin.channels import Channel
from bot.standin.workspace import Json, SlackError, Workspace

MAX_PAGE = 1000
HISTORY_PAGE = 100


class Reads:
    """The methods that read; each takes decoded arguments, and raises SlackError where Slack
    refuses.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def readable(self, arguments: Json) -> Channel:
        """The channel; SlackError where sevbot may not read in it."""
        channel = self._workspace.channel(arguments.get("channel"))
        channel.check_read()
        return channel

    def history(self, arguments: Json) -> Json:
        """conversations.history: the channel without replies, newest first."""
        channel = self.readable(arguments)
        within = _in_window(self._workspace.roots(channel.id), arguments)
        return self._page(list(reversed(within)), arguments, HISTORY_PAGE)

    def replies(self, arguments: Json) -> Json:
        """conversations.replies: a parent and its replies."""
        self.readable(arguments)
        ts = str(arguments.get("ts"))
        thread = self._workspace.thread(ts)
        if ts not in self._workspace.messages:
            raise SlackError("thread_not_found")
        return self._page([thread[0], *_in_window(thread[1:], arguments)], arguments, MAX_PAGE)

    def _page(self, messages: Sequence[Json], arguments: Json, default: int) -> Json:
        limit = _limit(arguments.get("limit"), default)
        start = _start(messages, arguments.get("cursor"))
        end = start + limit
        metadata = _is_true(arguments.get("include_all_metadata"))
        page: Json = {
            "messages": [self._workspace.seen(each, metadata) for each in messages[start:end]],
            "has_more": end < len(messages),
        }
        if page["has_more"]:
            cursor = base64.b64encode(f"next_ts:{messages[end]['ts']}".encode()).decode()
            page["response_metadata"] = {"next_cursor": cursor}
        return page

    def info(self, arguments: Json) -> Json:
        """Also of a channel that sevbot is not in, unless that is private."""
        channel = self._workspace.channel(arguments.get("channel"))
        if channel.is_private:
            channel.check_read()
        return {
            "channel": {
                "id": channel.id,
                "name": channel.name,
                "is_channel": not channel.is_private,
                "is_private": channel.is_private,
                "is_archived": channel.is_archived,
                "is_member": channel.is_member,
            }
        }


def _is_true(value: object) -> bool:
    return value in (True, 1, "1", "true", "True")


def _limit(value: object, default: int) -> int:
    try:
        limit = int(str(value)) if value is not None else default
    except ValueError:
        raise SlackError("invalid_limit") from None
    if limit < 1:
        raise SlackError("invalid_limit")
    return min(limit, MAX_PAGE)


def _start(messages: Sequence[Json], cursor: object) -> int:
    if not cursor:
        return 0
    try:
        kind, _, ts = base64.b64decode(str(cursor), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise SlackError("invalid_cursor") from None
    places = [place for place, message in enumerate(messages) if message["ts"] == ts]
    if kind != "next_ts" or not places:
        raise SlackError("invalid_cursor")
    return places[0]


def _in_window(messages: Sequence[Json], arguments: Json) -> list[Json]:
    """Those between `oldest` and `latest`; the two themselves only with `inclusive`."""
    oldest, latest = (_time(arguments, name) for name in ("oldest", "latest"))
    inclusive = _is_true(arguments.get("inclusive"))

    def inside(message: Json) -> bool:
        ts = Decimal(message["ts"])
        if inclusive and ts in (oldest, latest):
            return True
        return (oldest is None or ts > oldest) and (latest is None or ts < latest)

    return [message for message in messages if inside(message)]


def _time(arguments: Json, name: str) -> Decimal | None:
    value = arguments.get(name)
    try:
        return Decimal(str(value)) if value not in (None, "") else None
    except InvalidOperation:
        raise SlackError(f"invalid_ts_{name}") from None
