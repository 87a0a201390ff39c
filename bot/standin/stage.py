"""What people do on the stage, and what Slack does by itself."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bot.standin.actions import Actions, Pressed, Submitted, Values
from bot.standin.commands import SlashAnswer, TypedCommands
from bot.standin.limits import check_content
from bot.standin.local_site import LocalSite
from bot.standin.people import as_typed
from bot.standin.socket_mode import SocketMode
from bot.standin.views import Views
from bot.standin.workspace import VISITOR, Bot, Json, Workspace


class Stage:
    """Acts on the parts that SlackStandIn puts together."""

    workspace: Workspace
    announcer: Bot
    _site: LocalSite
    _sockets: SocketMode
    _views: Views
    _commands: TypedCommands
    _actions: Actions
    _events: dict[str, Json]

    @property
    def page_url(self) -> str:
        """Where a browser sees the channel."""
        return self._site.url

    async def announce(
        self,
        text: str = "",
        blocks: Sequence[Json] | None = None,
        attachments: Sequence[Json] | None = None,
        bot: Bot | None = None,
    ) -> str:
        """Post as the announcer, or as `bot`; returns the message's ts. Raises SlackError where
        Slack would refuse the message.
        """
        content: Json = {"text": text, "blocks": _list(blocks), "attachments": _list(attachments)}
        check_content(content)
        return str(self.workspace.post_as_bot(bot or self.announcer, content)["ts"])

    async def post_as_user(
        self, text: str, user: str = VISITOR, thread_ts: str | None = None
    ) -> str:
        """Post as a person; `text` as Slack stores it, `&`, `<`, `>` escaped. Returns the message's
        ts; KeyError: no such thread.
        """
        if thread_ts is not None and thread_ts not in self.workspace.messages:
            raise KeyError(thread_ts)
        return str(self.workspace.post_as_user(user, as_typed(text), thread_ts)["ts"])

    async def slash(
        self, command: str, text: str = "", user: str = VISITOR, **payload: object
    ) -> SlashAnswer:
        """Ask by slash command, with these fields of its payload; returns once it is acknowledged
        or has failed. It goes on growing.
        """
        return await self._commands.ask(command, text, user, self.page_url, payload)

    @property
    def views(self) -> dict[str, Json]:
        """The open modals as stored, by id, newest last; `user` is who has it open."""
        return self._views.open

    async def press(
        self, ts: str, action_id: str, *, user: str = VISITOR, value: str | None = None
    ) -> Pressed:
        """Press what has this action_id in message `ts`, or in what one person only was shown then;
        `value` chooses of two feedback buttons, or an option. KeyError: no such message.
        """
        shown = {each["ts"]: each for each in self.workspace.ephemerals}
        message = self.workspace.messages.get(ts) or shown[ts]
        return await self._actions.press(message, action_id, user, value)

    def open_by_hand(self, user: str = VISITOR) -> str:
        """A trigger, as if `user` had just done something."""
        return self._views.trigger(user)

    async def press_in_view(
        self, view_id: str, action_id: str, value: str | None = None
    ) -> Pressed:
        """Press a button of an open modal. KeyError: it is not open."""
        return await self._actions.press_in_view(self.views[view_id], action_id, value)

    async def submit(self, view_id: str, values: Values) -> Submitted:
        """Submit an open modal with these values, by block_id and action_id. KeyError: it is not
        open.
        """
        return await self._actions.submit(self.views[view_id], values)

    def close_view(self, view_id: str) -> None:
        """The person closes a modal."""
        self._views.close(view_id)

    async def redeliver(self, ts: str) -> None:
        """Send the event of message `ts` once more, as Slack does when an acknowledgement was lost.
        KeyError if it raised none.
        """
        self._sockets.send("events_api", self._events[ts], attempt=1)

    @property
    def lost(self) -> list[Json]:
        """The events that nobody acknowledged, however often they were sent."""
        return self._sockets.lost

    def deafen(self) -> None:
        """Let the sockets that are open now answer pings, and bring nothing any more."""
        self._sockets.deafen()

    async def lose_sockets(self) -> None:
        """Break the sockets that are open now, without a word; returns once they are closed."""
        await self._sockets.lose()

    def limit_events(self) -> None:
        """Say that there were more events an hour than Slack sends (docs.slack.dev, Events API)."""
        said = {
            "type": "app_rate_limited",
            "team_id": self.workspace.team_id,
            "api_app_id": self.workspace.sevbot.app_id,
        }
        minute = int(time.time() // 60 * 60)
        self._sockets.send("events_api", {**said, "minute_rate_limited": minute})

    def delete_parent(self, ts: str) -> None:
        """Somebody deletes a message; KeyError if there is none."""
        self.workspace.delete(ts)

    def remove_bot(self, channel: str) -> None:
        """Somebody takes sevbot out of a channel; KeyError if there is none."""
        self.workspace.channels[channel].is_member = False

    def archive(self, channel: str) -> None:
        """Somebody archives a channel; KeyError if there is none."""
        self.workspace.channels[channel].is_archived = True

    def unfurl(self, ts: str, url: str) -> None:
        """Let Slack add a preview of a link below a message: an event without an edit."""
        self.workspace.unfurl(ts, url)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every open socket to go, for a reason of Slack's; returns once they are closed."""
        await self._sockets.disconnect(reason)


def _list(things: Sequence[Json] | None) -> list[Json] | None:
    return None if things is None else list(things)
