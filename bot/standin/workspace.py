"""The stand-in's workspace: one channel with its messages, and the apps and people in it. State
only: nothing here is sent anywhere.
"""

from __future__ import annotations

import asyncio
import copy
import json
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.standin.app_settings import Settings
from bot.standin.channels import Channel
from bot.standin.errors import SlackError

__all__ = ["ANNOUNCER", "SEVBOT", "VISITOR", "Bot", "Changes", "Json", "SlackError", "Workspace"]

Json = dict[str, Any]

# kept for whoever asks the stand-in, not told to apps
MAX_METADATA_BYTES = 4_000
HOW_SENT = ("unfurl_links", "unfurl_media", "mrkdwn", "parse", "link_names")
CONTENT = ("text", "blocks", "attachments", "metadata")


TEAM = "T0STANDIN01"


@dataclass(frozen=True)
class Bot:
    """An installed app and its bot user. One of another team speaks here only in a channel that is
    shared with it.
    """

    name: str
    user_id: str
    bot_id: str
    app_id: str
    team_id: str = TEAM


SEVBOT = Bot("sevbot", user_id="U0SEVBOT001", bot_id="B0SEVBOT001", app_id="A0SEVBOT001")
ANNOUNCER = Bot("SEV bot", user_id="U0SEVANN001", bot_id="B0SEVANN001", app_id="A0SEVANN001")
VISITOR = "U0VISITOR01"


class Changes:
    """Wakes all who wait, on every change."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def happened(self) -> None:
        """Wake all who wait: something in the workspace is otherwise now."""
        self._next.set()
        self._next = asyncio.Event()

    def next(self) -> asyncio.Event:
        """Set by the next change: for whoever must do something between taking it and waiting for
        it.
        """
        return self._next

    async def until(self, is_so: Callable[[], object]) -> None:
        """Wait until it is so; it is asked once now and after each change."""
        while not is_so():
            await self._next.wait()


def _token(kind: str) -> Callable[[], str]:
    """Drawn anew each time: with a fixed one any page in the visitor's browser could call this
    API.
    """
    return lambda: f"{kind}-{secrets.token_hex(16)}"


def _author(bot: Bot) -> Json:
    """A bot as its messages name it."""
    profile = {"id": bot.bot_id, "app_id": bot.app_id, "name": bot.name, "user_id": bot.user_id}
    return {
        "user": bot.user_id,
        "bot_id": bot.bot_id,
        "app_id": bot.app_id,
        "team": bot.team_id,
        "bot_profile": {**profile, "deleted": False, "team_id": bot.team_id},
    }


@dataclass
class State:
    """Who is there, what was said and what sevbot may do. `on_event` gets each event_callback that
    Slack would send to sevbot.

    `groups` holds the members of each user group, `events` counts what was sent. With
    `is_ext_shared_channel` the channel is shared with another organisation. Without `interactivity`
    in the manifest nothing that is pressed is sent, without `takes_newer` newer kinds of blocks are
    refused; `settings` are the app's others. `clock` gives seconds that only grow.
    """

    channel_name: str
    scopes: frozenset[str]
    announcer: Bot
    on_event: Callable[[Json], None]
    changes: Changes = field(default_factory=Changes)
    sevbot: Bot = SEVBOT
    team_id: str = TEAM
    enterprise_id: str | None = None
    team_name: str = "stand-in"
    channel_id: str = "C0INCIDENT1"
    is_ext_shared_channel: bool = False
    people: dict[str, str] = field(default_factory=lambda: {VISITOR: "you"})
    groups: dict[str, list[str]] = field(default_factory=dict)
    settings: Settings = field(default_factory=Settings)
    bot_token: str = field(default_factory=_token("xoxb"), repr=False)
    app_token: str = field(default_factory=_token(f"xapp-1-{SEVBOT.app_id}"), repr=False)
    messages: dict[str, Json] = field(default_factory=dict)
    ephemerals: list[Json] = field(default_factory=list)
    bots: dict[str, Bot] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    bot_events: frozenset[str] = frozenset({"message.channels"})
    edit_window_s: float | None = None
    interactivity: bool = True
    takes_newer: bool = True
    clock: Callable[[], float] = time.monotonic
    _last_us: int = 0
    events: int = 0

    def __post_init__(self) -> None:
        self.bots = {bot.bot_id: bot for bot in (self.sevbot, self.announcer)}
        self.channels.setdefault(self.channel_id, Channel(self.channel_id, self.channel_name))

    def channel(self, channel_id: object) -> Channel:
        """SlackError where there is no such channel."""
        if channel_id not in self.channels:
            raise SlackError("channel_not_found")
        return self.channels[str(channel_id)]

    def next_ts(self) -> str:
        """The time as Slack writes it, later than any given before."""
        self._last_us = max(time.time_ns() // 1000, self._last_us + 1)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    def where(self, message: Json) -> str:
        """The id of its channel."""
        return str(message.get("_channel", self.channel_id))

    def thread(self, ts: str) -> list[Json]:
        """The parent and its replies, oldest first; empty if there is no such message."""
        return [
            message
            for message in self.messages.values()
            if ts in (message["ts"], message.get("thread_ts"))
        ]

    def roots(self, channel_id: str | None = None) -> list[Json]:
        """The messages of a channel that are no replies, oldest first, as stored."""
        wanted = channel_id or self.channel_id
        return [
            message
            for message in self.messages.values()
            if "thread_ts" not in message and self.where(message) == wanted
        ]

    def seen(self, message: Json, metadata: bool = False) -> Json:
        """A copy as apps get it: a parent with its counts, metadata only on demand."""
        hidden = ("_channel", *HOW_SENT, *(() if metadata else ("metadata",)))
        copied = {key: copy.deepcopy(value) for key, value in message.items() if key not in hidden}
        replies = self.thread(message["ts"])[1:] if "thread_ts" not in message else []
        if replies:
            users = list(dict.fromkeys(reply["user"] for reply in replies))
            counts = {
                "reply_count": len(replies),
                "reply_users_count": len(users),
                "reply_users": users,
            }
            copied |= {"thread_ts": message["ts"], **counts, "latest_reply": replies[-1]["ts"]}
        return copied


class Workspace(State):
    """What happens in it: posts, edits, deletions, and the events that tell sevbot of them."""

    def post_as_bot(
        self,
        bot: Bot,
        content: Mapping[str, Any],
        thread_ts: str | None = None,
        channel_id: str | None = None,
    ) -> Json:
        """A bot's post has no subtype; it is known by bot_id, app_id and bot_profile."""
        self.bots[bot.bot_id] = bot
        return self._post(_author(bot), content, thread_ts, channel_id)

    def post_as_user(
        self, user: str, typed: Mapping[str, Any], thread_ts: str | None = None
    ) -> Json:
        """Post what a person typed (`people.as_typed`), who is there from now on; the message as
        stored.
        """
        self.people.setdefault(user, user)
        author = {"user": user, "team": self.team_id, "client_msg_id": typed["client_msg_id"]}
        return self._post(author, typed, thread_ts)

    def delete(self, ts: str) -> None:
        """Take a message away; replies stay, without a parent."""
        message, now = self.messages.pop(ts), self.next_ts()
        deleted = {"type": "message", "subtype": "message_deleted", "hidden": True}
        told = {
            "deleted_ts": ts,
            "ts": now,
            "event_ts": now,
            "previous_message": self.seen(message),
        }
        self._tell({**deleted, **told}, self.where(message))

    def unfurl(self, ts: str, url: str) -> None:
        """What Slack adds below a message with a link: a change without an edit."""
        message = self.messages[ts]
        before = self.seen(message)
        card = {"from_url": url, "original_url": url, "title": url, "id": 1, "fallback": url}
        message["attachments"] = [*message.get("attachments", []), card]
        self._changed(message, before)

    def deliver(self, event: Json, **envelope: object) -> None:
        """Keep and send this message as it is, in an envelope with these fields: for what nobody
        who posts here would say of himself.
        """
        self.messages[event["ts"]] = event
        self.on_event(
            {
                **_callback(self, {"event_ts": event["ts"], "channel": self.channel_id, **event}),
                **envelope,
            }
        )

    def _post(
        self,
        author: Json,
        content: Mapping[str, Any],
        thread_ts: str | None,
        channel_id: str | None = None,
    ) -> Json:
        """Under a parent that is gone it stands in the channel, and nothing says so (seen by
        others: github.com/slack-go/slack/issues/1571).
        """
        ts = self.next_ts()
        message = {"type": "message", "ts": ts, **author, "text": "", **_kept(content)}
        if channel_id not in (None, self.channel_id):
            message["_channel"] = channel_id
        if thread_ts in self.messages:
            message |= {
                "thread_ts": thread_ts,
                "parent_user_id": self.messages[thread_ts].get("user"),
            }
        self.messages[ts] = message
        self._tell({**self.seen(message), "event_ts": ts}, self.where(message))
        return message

    def edit(self, message: Json, content: Mapping[str, Any]) -> None:
        """Change a message in place. Text without blocks takes the blocks away; with blocks no
        "edited" is shown (docs of chat.update).
        """
        before = self.seen(message)
        if content.get("text") and not content.get("blocks"):
            message.pop("blocks", None)
            message["edited"] = {"user": message["user"], "ts": self.next_ts()}
        message.update(_kept(content))
        if not message.get("metadata", True):
            del message["metadata"]
        self._changed(message, before)

    def _changed(self, message: Json, before: Json) -> None:
        ts = self.next_ts()
        changed = {
            "type": "message",
            "subtype": "message_changed",
            "hidden": True,
            "ts": ts,
            "event_ts": ts,
        }
        told = {**changed, "message": self.seen(message), "previous_message": before}
        self._tell(told, self.where(message))

    def show_to(
        self, user: str, author: Bot | None, content: Mapping[str, Any], command: str = ""
    ) -> Json:
        """A message that only `user` sees; `author` None is Slack itself. `command` is what it
        answers.
        """
        self.people.setdefault(user, user)
        shown: Json = {
            "ts": self.next_ts(),
            "to": user,
            "command": command,
            "text": "",
            **_kept(content),
        }
        if author is not None:
            shown |= {"user": author.user_id, "bot_id": author.bot_id}
        self.ephemerals.append(shown)
        self.changes.happened()
        return shown

    def _tell(self, event: Json, channel_id: str) -> None:
        """Only what the manifest asks for, where sevbot is a member and may read."""
        channel = self.channels[channel_id]
        asked = f"message.{channel.kind}" in self.bot_events
        if asked and channel.is_member and f"{channel.kind}:history" in self.scopes:
            kind = "group" if channel.is_private else "channel"
            self.on_event(_callback(self, {**event, "channel": channel_id, "channel_type": kind}))
        self.changes.happened()


def _callback(workspace: Workspace, event: Json) -> Json:
    """The envelope. Of what another team says in a shared channel, `team_id` is that team: so
    slack_bolt.request.internals reads it.
    """
    workspace.events += 1
    sevbot = {
        "enterprise_id": workspace.enterprise_id,
        "team_id": workspace.team_id,
        "user_id": workspace.sevbot.user_id,
    }
    return {
        "type": "event_callback",
        "token": "verification-token-unused",
        "team_id": event.get("team", workspace.team_id),
        "context_team_id": workspace.team_id,
        "context_enterprise_id": workspace.enterprise_id,
        "api_app_id": workspace.sevbot.app_id,
        "event": event,
        "event_id": f"Ev{workspace.events:08d}",
        "event_time": int(float(event["event_ts"])),
        "authorizations": [{**sevbot, "is_bot": True, "is_enterprise_install": False}],
        "is_ext_shared_channel": workspace.is_ext_shared_channel,
    }


def _kept(content: Mapping[str, Any]) -> Json:
    """What of it is kept; metadata that is too long is not."""
    kept = {key: copy.deepcopy(content[key]) for key in _given(content, (*CONTENT, *HOW_SENT))}
    if is_too_long(kept.get("metadata")):
        del kept["metadata"]
    return kept


def is_too_long(metadata: object) -> bool:
    """Whether Slack drops this metadata, with a warning only (seen by others)."""
    return len(json.dumps(metadata, ensure_ascii=False).encode()) > MAX_METADATA_BYTES


def _given(content: Mapping[str, Any], keys: Iterable[str]) -> list[str]:
    return [key for key in keys if content.get(key) is not None]
