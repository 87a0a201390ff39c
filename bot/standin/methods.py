"""What each method of the stand-in's Web API does, with Slack's refusals: those that sevbot calls,
and what tests look with.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial

from bot.standin.channels import Channel
from bot.standin.limits import MAX_POSTED_TEXT, MAX_UPDATED_TEXT, check_content
from bot.standin.reads import Reads
from bot.standin.surfaces import problems_of
from bot.standin.views import Views
from bot.standin.workspace import Json, SlackError, Workspace, is_too_long


class Methods:
    """The methods over one workspace; each takes decoded arguments, and raises SlackError where
    Slack refuses.
    """

    def __init__(self, workspace: Workspace, views: Views) -> None:
        self._workspace = workspace
        self._views = views
        self._reads = Reads(workspace)

    def table(self) -> Mapping[str, tuple[str | None, Callable[[Json], Json]]]:
        """By name: the scope that the token needs, if any, and what answers."""
        return {
            "auth.test": (None, self._auth_test),
            "chat.postMessage": ("chat:write", self._post_message),
            "chat.update": ("chat:write", self._update),
            "chat.delete": ("chat:write", self._delete),
            "chat.getPermalink": (None, self._permalink),
            "chat.postEphemeral": ("chat:write", self._post_ephemeral),
            "conversations.history": ("channels:history", self._reads.history),
            "conversations.replies": ("channels:history", self._reads.replies),
            "conversations.info": ("channels:read", self._reads.info),
            "usergroups.users.list": ("usergroups:read", self._group_users),
            "views.open": (None, self._views.open_view),
            "views.push": (None, self._views.push),
            "views.update": (None, self._views.update),
            "blocks.validate": (None, partial(_validate, self._workspace)),
        }

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
        channel.check_post(is_reply=arguments.get("thread_ts") is not None)
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
        channel, ts = self._reads.readable(arguments), str(arguments.get("message_ts"))
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
