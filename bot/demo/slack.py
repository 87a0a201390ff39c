"""A local stand-in for Slack: one workspace, one channel, sevbot and the bot that announces SEVs, over real HTTP and WebSockets.

It is as strict as Slack where that matters to sevbot: tokens and scopes, limits on messages, acknowledgements in time, redelivery, a
refreshed socket, one socket for each event. It binds to this machine only and answers no request that names another host or comes from
another site.
"""

from __future__ import annotations

import asyncio
import copy
import secrets
from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.demo.slack_api import ApiCall, WebApi
from bot.demo.slack_commands import SlashAnswer, TypedCommands
from bot.demo.slack_limits import MAX_POSTED_TEXT, check_content
from bot.demo.slack_page import Page
from bot.demo.slack_socket import Envelope, SocketMode
from bot.demo.slack_workspace import ANNOUNCER, SEVBOT, VISITOR, Bot, Json, SlackError, Workspace

__all__ = [
    "ANNOUNCER",
    "SCOPES",
    "SEVBOT",
    "VISITOR",
    "ApiCall",
    "Bot",
    "Envelope",
    "SlackError",
    "SlackStandIn",
    "SlashAnswer",
]

SCOPES = ("chat:write", "channels:history", "commands")
COMMANDS = frozenset({"/sev"})
STOP_WITHIN_S = 1.0

RESPONSE_URL = "response_url"


class SlackStandIn:
    """`async with SlackStandIn() as slack:` starts it on 127.0.0.1, on `port` or a free one.

    `scopes` are those of sevbot's bot token. An event that is not acknowledged within `retry_after_s` is sent again, three times at most.
    Slack does not heed `replace_original` in answers to a slash command (github.com/slackapi/bolt-js/issues/2287), though its
    documentation lets one think so: neither does this, unless `replaces_command_answers`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        scopes: Collection[str] = SCOPES,
        announcer: Bot = ANNOUNCER,
        channel_name: str = "prod-incidents",
        retry_after_s: float = 3.0,
        replaces_command_answers: bool = False,
    ) -> None:
        self.announcer = announcer
        self._port = port
        self.workspace = Workspace(channel_name, frozenset(scopes), announcer, self._raise_event)
        self.bot_token, self.app_token = self.workspace.bot_token, self.workspace.app_token
        self.bot_user_id, self.bot_id, self.app_id = SEVBOT.user_id, SEVBOT.bot_id, SEVBOT.app_id
        self.team_id, self.channel_id = self.workspace.team_id, self.workspace.channel_id
        self.channel_name = channel_name
        self.changes = self.workspace.changes
        self._sockets = SocketMode(SEVBOT.app_id, retry_after_s, self.changes)
        self._commands = TypedCommands(
            self.workspace, self._sockets, COMMANDS, replaces=replaces_command_answers
        )
        self._api = WebApi(self.workspace, self._open_socket)
        self.history: list[ApiCall] = (
            self._api.history
        )  # the Web API calls that were accepted, in order
        self.refused: list[ApiCall] = (
            self._api.refused
        )  # those answered with an error, injected ones too
        self.acks: list[Envelope] = self._sockets.acks  # what sevbot acknowledged, in order
        self._page = Page(self.workspace, self.slash)
        self._tickets: set[str] = set()
        self._events: dict[str, Json] = {}
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = web.Application(middlewares=[self._only_from_here])
        app.router.add_route("*", "/api/{method}", self._api.handle)
        app.router.add_get("/link/{ticket}", self._link)
        app.router.add_post("/commands/{ticket:.+}", self._commands.respond)
        app.router.add_get("/", self._page.index)
        app.router.add_get("/events", self._page.events)
        app.router.add_post("/say", self._page.say)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_WITHIN_S)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port)
        await site.start()
        self._port = int(self._runner.addresses[0][1])
        self._sockets.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._page.close()
        await self._sockets.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def page_url(self) -> str:
        """Where a browser sees the channel."""
        return f"http://127.0.0.1:{self._port}/"

    @property
    def api_url(self) -> str:
        """The Web API's base, as slack_sdk takes it for `base_url`."""
        return f"{self.page_url}api/"

    @property
    def open_sockets(self) -> int:
        return len(self._sockets.sockets)

    @property
    def ephemerals(self) -> list[Json]:
        """What one person only was shown (`to`), in order; `command` is what it answers."""
        return copy.deepcopy(self.workspace.ephemerals)

    def messages(self) -> list[Json]:
        """Every message as stored, oldest first: with metadata and with how it was sent (unfurl_links and the like)."""
        return copy.deepcopy(list(self.workspace.messages.values()))

    def thread(self, ts: str) -> list[Json]:
        """The message `ts` and its replies as stored, oldest first."""
        return copy.deepcopy(self.workspace.thread(ts))

    async def announce(
        self,
        text: str = "",
        blocks: Sequence[Json] | None = None,
        attachments: Sequence[Json] | None = None,
        bot: Bot | None = None,
    ) -> str:
        """Post as the announcer, or as `bot`; returns the message's ts. Raises SlackError where Slack would refuse the message."""
        content: Json = {"text": text, "blocks": _list(blocks), "attachments": _list(attachments)}
        check_content(content, MAX_POSTED_TEXT)
        return str(self.workspace.post_as_bot(bot or self.announcer, content)["ts"])

    async def post_as_user(
        self, text: str, user: str = VISITOR, thread_ts: str | None = None
    ) -> str:
        """Post as a person; `text` as Slack stores it, `&`, `<`, `>` escaped. Returns the message's ts; KeyError: no such thread."""
        return str(self.workspace.post_as_user(user, text, thread_ts)["ts"])

    async def slash(
        self, command: str, text: str = "", user: str = VISITOR, **payload: object
    ) -> SlashAnswer:
        """Ask by slash command, with these fields of its payload; returns once it is acknowledged or has failed. It goes on growing."""
        return await self._commands.ask(command, text, user, self.page_url, payload)

    async def redeliver(self, ts: str) -> None:
        """Send the event of message `ts` once more, as Slack does when an acknowledgement was lost. KeyError if it raised none."""
        self._sockets.send("events_api", self._events[ts], attempt=1)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every open socket to go (warning, refresh_requested, link_disabled, too_many_websockets); returns once they are closed."""
        await self._sockets.disconnect(reason)

    async def wait_for(self, predicate: Callable[[], object], timeout_s: float = 10.0) -> None:
        """Return once `predicate()` is true; looked at again after each change. TimeoutError after `timeout_s` seconds."""
        await asyncio.wait_for(self.changes.until(predicate), timeout_s)

    def fail_next(self, method: str, how: str) -> None:
        """Let the next call of `method` fail (`response_url`: the next answer to a command, by "429" or "500"); faults of one queue up.

        `how`: "429:SECONDS" (Retry-After as it is, none if empty), "500", "ok-false:ERROR", "drop-after-commit" (done, but the reply is
        lost), "slow:SECONDS".
        """
        if method == RESPONSE_URL:
            self._commands.refuse_next(how)
        else:
            self._api.fail_next(method, how)

    def _raise_event(self, payload: Json) -> None:
        self._events[payload["event"]["ts"]] = payload
        self._sockets.send("events_api", payload)

    def _open_socket(self) -> str:
        """A URL for one connection, as apps.connections.open gives it."""
        ticket = secrets.token_urlsafe(16)
        self._tickets.add(ticket)
        return f"ws://127.0.0.1:{self._port}/link/{ticket}"

    async def _link(self, request: web.Request) -> web.StreamResponse:
        try:
            self._tickets.remove(request.match_info["ticket"])
        except KeyError:
            raise web.HTTPForbidden(text="this ticket was used or never given out") from None
        return await self._sockets.serve(request)

    @web.middleware
    async def _only_from_here(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuses what a foreign page in a browser of this machine could send: by another host name, or from another origin."""
        hosts = {f"127.0.0.1:{self._port}", f"localhost:{self._port}"}
        origin = request.headers.get("Origin")
        if request.host not in hosts or (
            origin is not None and origin.removeprefix("http://") not in hosts
        ):
            raise web.HTTPForbidden(text="this server answers its own page only")
        return await handler(request)


def _list(things: Sequence[Json] | None) -> list[Json] | None:
    return None if things is None else list(things)
