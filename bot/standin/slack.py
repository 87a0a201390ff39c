"""A local stand-in for Slack: one workspace, one channel, sevbot and the bot that announces SEVs,
over real HTTP and WebSockets.

It is as strict as Slack where that matters to sevbot: tokens and scopes, limits on messages,
acknowledgements in time, redelivery, a refreshed socket, one socket for each event. It binds to
this machine only and answers no request that names another host or comes from another site.
"""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Protocol, Self

from aiohttp import web

from bot.standin.actions import Actions
from bot.standin.commands import SlashAnswer, TypedCommands
from bot.standin.links import Links
from bot.standin.local_site import LocalSite
from bot.standin.responses import Responses
from bot.standin.socket_mode import RETRIES_AFTER_S, Envelope, SocketMode
from bot.standin.stage import Stage
from bot.standin.views import Views
from bot.standin.web_api import ApiCall, WebApi
from bot.standin.workspace import ANNOUNCER, SEVBOT, VISITOR, Bot, Json, SlackError, Workspace

__all__ = [
    "ANNOUNCER",
    "SCOPES",
    "SEVBOT",
    "VISITOR",
    "ApiCall",
    "Bot",
    "Envelope",
    "Page",
    "SlackError",
    "SlackStandIn",
    "SlashAnswer",
]

SCOPES = ("chat:write", "channels:history", "commands")
BOT_EVENTS = ("message.channels",)
COMMANDS = frozenset({"/sev"})
RESPONSE_URL = "response_url"


class Page(Protocol):
    """What a browser is shown of the workspace; the stand-in has none of its own."""

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """What the stand-in serves for the page, beside its own."""

    def close(self) -> None:
        """End what streams, so that the stand-in need not wait for it."""


class SlackStandIn(Stage):
    """`async with SlackStandIn() as slack:` starts it on a free port of 127.0.0.1.

    `scopes` are those of sevbot's bot token, `bot_events` those of its manifest. An event that is
    not acknowledged is sent again so long after the first time, then it is lost. Slack does not
    heed `replace_original` in answers to a slash command (github.com/slackapi/bolt-js/issues/2287),
    though its documentation lets one think so: neither does this, unless
    `replaces_command_answers`. `page` gets this stand-in, and is served beside the API.
    `workspace` has what may be switched: `interactivity`, `takes_newer`, `clock`.

    In order: `history` has the Web API calls that were accepted, `refused` those that were answered
    with an error, injected ones too, and `acks` what sevbot acknowledged.
    """

    def __init__(
        self,
        *,
        scopes: Collection[str] = SCOPES,
        channel_name: str = "prod-incidents",
        retries_after_s: Sequence[float] = RETRIES_AFTER_S,
        bot_events: Collection[str] = BOT_EVENTS,
        replaces_command_answers: bool = False,
        page: Callable[[Self], Page] | None = None,
    ) -> None:
        self.announcer = ANNOUNCER
        self._site = LocalSite()
        self.workspace = Workspace(channel_name, frozenset(scopes), ANNOUNCER, self._raise_event)
        self.workspace.bot_events = frozenset(bot_events)
        self.bot_token, self.app_token = self.workspace.bot_token, self.workspace.app_token
        self.bot_user_id, self.bot_id, self.app_id = SEVBOT.user_id, SEVBOT.bot_id, SEVBOT.app_id
        self.team_id, self.channel_id = self.workspace.team_id, self.workspace.channel_id
        self.changes = self.workspace.changes
        self._sockets = SocketMode(SEVBOT.app_id, retries_after_s, self.changes)
        self._responses = Responses(self.workspace)
        self._views = Views(self.workspace)
        self._commands = TypedCommands(
            self.workspace,
            self._sockets,
            COMMANDS,
            self._responses,
            self._views,
            replaces=replaces_command_answers,
        )
        self._actions = Actions(
            self.workspace,
            self._sockets,
            self._views,
            self._responses,
            lambda: self.page_url,
        )
        self._links = Links(self._site, self._sockets)
        self._api = WebApi(self.workspace, self._views, self._links.give)
        self.history: list[ApiCall] = self._api.history
        self.refused: list[ApiCall] = self._api.refused
        self.acks: list[Envelope] = self._sockets.acks
        self._page = page(self) if page is not None else None
        self._events: dict[str, Json] = {}

    async def __aenter__(self) -> Self:
        await self._site.start(
            (
                web.route("*", "/api/{method}", self._api.handle),
                web.get("/link/{ticket}", self._links.serve),
                web.post("/{kind:commands|actions}/{ticket:.+}", self._responses.take),
                *(self._page.routes() if self._page is not None else ()),
            )
        )
        self._sockets.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._page is not None:
            self._page.close()
        await self._sockets.stop()
        await self._site.stop()

    @property
    def api_url(self) -> str:
        """The Web API's base, as slack_sdk takes it for `base_url`."""
        return f"{self.page_url}api/"

    @property
    def open_sockets(self) -> int:
        """How many Socket Mode connections sevbot holds."""
        return len(self._sockets.sockets)

    @property
    def ephemerals(self) -> list[Json]:
        """What one person only was shown (`to`), in order; `command` is what it answers."""
        return copy.deepcopy(self.workspace.ephemerals)

    def messages(self) -> list[Json]:
        """Every message as stored, oldest first: with metadata and with how it was sent
        (unfurl_links and the like).
        """
        return copy.deepcopy(list(self.workspace.messages.values()))

    def thread(self, ts: str) -> list[Json]:
        """The message `ts` and its replies as stored, oldest first."""
        return copy.deepcopy(self.workspace.thread(ts))

    async def wait_for(self, predicate: Callable[[], object], timeout_s: float = 10.0) -> None:
        """Return once `predicate()` is true; looked at again after each change. TimeoutError after
        `timeout_s` seconds.
        """
        await asyncio.wait_for(self.changes.until(predicate), timeout_s)

    def fail_next(self, method: str, how: str) -> None:
        """Let the next call of `method` fail (`response_url`: the next answer to a command, by
        "429" or "500"); faults of one queue up.

        `how`: "429:SECONDS" (Retry-After as it is, none if empty), "500", "ok-false:ERROR",
        "drop-after-commit" (done, but the reply is lost), "slow:SECONDS".
        """
        if method == RESPONSE_URL:
            self._responses.refuse_next(how)
        else:
            self._api.fail_next(method, how)

    def _raise_event(self, payload: Json) -> None:
        self._events[payload["event"].get("ts", "")] = payload
        self._sockets.send("events_api", payload)
