"""What each method of the stand-in's Web API does, with Slack's refusals: those that sevbot calls,
and what tests look with.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from functools import partial

from bot.standin.channels import Channel
from bot.standin.limits import MAX_POSTED_TEXT, MAX_UPDATED_TEXT, check_content
from bot.standin.surfaces import problems_of
from bot.standin.views import Views
from bot.standin.workspace import Json, SlackError, Workspace, is_too_long

MAX_PAGE = 1000
HISTORY_PAGE = 100


class Methods:
    """The methods over one workspace; each takes decoded arguments, and raises SlackError where
    Slack refuses.
    """

    def __init__(self, workspace: Workspace, views: Views) -> None:
        self._workspace = workspace
        self._views = views

    def table(self) -> Mapping[str, tuple[str | None, Callable[[Json], Json]]]:
        """By name: the scope that the token needs, if any, and what answers."""
        return {
            "auth.test": (None, self._auth_test),
            "chat.postMessage": ("chat:write", self._post_message),
            "chat.update": ("chat:write", self._update),
            "chat.delete": ("chat:write", self._delete),
            "chat.getPermalink": (None, self._permalink),
            "chat.postEphemeral": ("chat:write", self._post_ephemeral),
            "conversations.history": ("channels:history", self._history),
            "conversations.replies": ("channels:history", self._replies),
            "conversations.info": ("channels:read", self._info),
            "usergroups.users.list": ("usergroups:read", self._group_users),
            "views.open": (None, self._views.open_view),
            "views.push": (None, self._views.push),
            "views.update": (None, self._views.update),
            "blocks.validate": (None, partial(_validate, self._workspace)),
        }

    def _readable(self, arguments: Json) -> Channel:
        channel = self._workspace.channel(arguments.get("channel"))
        channel.check_read()
        return channel

    def _writable(self, arguments: Json) -> Channel:
        channel = self._workspace.channel(arguments.get("channel"))
        channel.check_write()
        return channel

    def _message(self, arguments: Json, refusal: str) -> Json:
        """A message of sevbot's own; `refusal` where it is somebody else's."""
        workspace = self._workspace
        message = workspace.messages.get(str(arguments.get("ts")))
        if message is None or workspace.where(message) != arguments.get("channel"):
            raise SlackError("message_not_found")
        if message.get("bot_id") != workspace.sevbot.bot_id:
            raise SlackError(refusal)
        return message

    def _auth_test(self, _: Json) -> Json:
        workspace, bot = self._workspace, self._workspace.sevbot
        team = {
            "url": f"https://{workspace.team_name}.invalid/",
            "team": workspace.team_name,
            "team_id": workspace.team_id,
        }
        grid = {"enterprise_id": workspace.enterprise_id} if workspace.enterprise_id else {}
        return {
            **team,
            **grid,
            "user": bot.name,
            "user_id": bot.user_id,
            "bot_id": bot.bot_id,
            "is_enterprise_install": False,
        }

    def _post_message(self, arguments: Json) -> Json:
        """Text above 40,000 characters is cut. A parent that is gone is no error: the answer's
        message then has no thread_ts.
        """
        workspace, channel = self._workspace, self._writable(arguments)
        content = {**arguments, "text": str(arguments.get("text") or "")[:MAX_POSTED_TEXT]}
        check_content(content, takes_newer=workspace.takes_newer)
        message = workspace.post_as_bot(
            workspace.sevbot, content, arguments.get("thread_ts"), channel.id
        )
        return {
            "channel": channel.id,
            "ts": message["ts"],
            "message": workspace.seen(message, metadata=True),
            **_warned(arguments),
        }

    def _update(self, arguments: Json) -> Json:
        workspace, channel = self._workspace, self._writable(arguments)
        message = self._message(arguments, "cant_update_message")
        window_s = workspace.edit_window_s
        if window_s is not None and time.time() - float(message["ts"]) > window_s:
            raise SlackError("edit_window_closed")
        if len(str(arguments.get("text") or "")) > MAX_UPDATED_TEXT:
            raise SlackError("msg_too_long")
        check_content(arguments, takes_newer=workspace.takes_newer)
        if _has_rich_text(message) and not _has_rich_text(arguments):
            raise SlackError("block_mismatch")
        workspace.edit(message, arguments)
        seen = workspace.seen(message, metadata=True)
        return {
            "channel": channel.id,
            "ts": message["ts"],
            "text": message["text"],
            "message": seen,
            **_warned(arguments),
        }

    def _delete(self, arguments: Json) -> Json:
        channel = self._writable(arguments)
        message = self._message(arguments, "cant_delete_message")
        self._workspace.delete(message["ts"])
        return {"channel": channel.id, "ts": message["ts"]}

    def _permalink(self, arguments: Json) -> Json:
        channel, ts = self._readable(arguments), str(arguments.get("message_ts"))
        if ts not in self._workspace.messages:
            raise SlackError("message_not_found")
        url = f"https://{self._workspace.team_name}.invalid/archives/{channel.id}"
        return {"channel": channel.id, "permalink": f"{url}/p{ts.replace('.', '')}"}

    def _post_ephemeral(self, arguments: Json) -> Json:
        self._writable(arguments)
        user = arguments.get("user")
        if user not in self._workspace.people:
            raise SlackError("user_not_in_channel")
        check_content(arguments, takes_newer=self._workspace.takes_newer)
        return {
            "message_ts": self._workspace.show_to(user, self._workspace.sevbot, arguments)["ts"]
        }

    def _history(self, arguments: Json) -> Json:
        channel = self._readable(arguments)
        within = _in_window(self._workspace.roots(channel.id), arguments)
        return self._page(list(reversed(within)), arguments, HISTORY_PAGE)

    def _replies(self, arguments: Json) -> Json:
        self._readable(arguments)
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

    def _info(self, arguments: Json) -> Json:
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

    def _group_users(self, arguments: Json) -> Json:
        members = self._workspace.groups.get(str(arguments.get("usergroup")))
        if members is None:
            raise SlackError("no_such_subteam")
        return {"users": list(members)}


def _validate(workspace: Workspace, arguments: Json) -> Json:
    """What would be refused of `blocks`, `message` or `view`, of which there is one; nothing is
    posted. Slack's refusal is invalid_blocks, invalid_message or invalid_view with all `errors`
    (docs.slack.dev, blocks.validate; github.com/abdolence/slack-morphism-rust).
    """
    given = [kind for kind in ("blocks", "message", "view") if arguments.get(kind) is not None]
    if len(given) != 1:
        raise SlackError("invalid_arguments")
    (kind,) = given
    problems = problems_of(kind, arguments[kind], takes_newer=workspace.takes_newer)
    if problems:
        raise SlackError(f"invalid_{kind}", errors=[each.as_json() for each in problems])
    return {}


def _warned(arguments: Json) -> Json:
    """That metadata was dropped is said as a warning only."""
    if not is_too_long(arguments.get("metadata")):
        return {}
    warnings = ["metadata_too_large"]
    return {"warning": warnings[0], "response_metadata": {"warnings": warnings}}


def _has_rich_text(content: Json) -> bool:
    blocks = content.get("blocks")
    held = blocks if isinstance(blocks, list) else []
    return any(isinstance(block, dict) and block.get("type") == "rich_text" for block in held)


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
