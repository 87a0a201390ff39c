"""The bot, put together: real Bolt, Socket Mode, and the listeners. `serve` is what `sevbot run` and the demo call."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.announcement import read_announcement
from bot.commands import Ack, Commands
from bot.config import Config, ConfigError, SlackConfig, Tokens
from bot.inventory import build_inventory
from bot.investigate import Collector, Investigator
from bot.sevs import Sevs
from bot.thread import SevThread, may_pass, wait_s

SLACK_TIMEOUT_S = 10
DRAIN_S = 10.0
START_ATTEMPTS = 4

_log = logging.getLogger(__name__)


def build_client(config: SlackConfig, tokens: Tokens) -> AsyncWebClient:
    """A Web API client that never retries by itself: a post whose answer was lost may have been posted (bot.thread)."""
    return AsyncWebClient(token=tokens.bot.get_secret_value(), base_url=config.api_url, timeout=SLACK_TIMEOUT_S, retry_handlers=[])


def build_app(config: SlackConfig, client: AsyncWebClient, investigator: Investigator, sevs: Sevs, ourselves: AuthorizeResult) -> AsyncApp:
    """Bolt with our listeners. Bolt leaves out the bot's own messages; any event without a listener is acknowledged and dropped.

    `ourselves` is who we are, asked once at start: Bolt would ask at the first event, and lose that event where Slack does not answer.
    """

    async def authorize() -> AuthorizeResult:
        return ourselves

    app = AsyncApp(client=client, authorize=authorize)
    commands = Commands(config, investigator)

    async def on_message(event: dict[str, Any]) -> None:
        if sev := read_announcement(event, config, investigator.inventory):
            sevs.announced(sev)

    async def on_command(command: dict[str, Any], ack: Ack, respond: Ack) -> None:
        await commands.answer(command, ack, respond)

    async def on_other() -> None:
        pass  # an event that nobody acknowledges is sent again

    app.event("message")(on_message)
    app.command("/sev")(on_command)
    app.event(re.compile(".*"))(on_other)
    return app


async def serve(config: Config, tokens: Tokens, collector: Collector, stop: asyncio.Event, ready: asyncio.Event | None = None) -> None:
    """Run the bot until `stop` is set; raises ConfigError where Slack refuses the tokens."""
    if config.slack is None:
        raise ConfigError("the configuration has no [slack] section, which `sevbot run` needs (docs/config.md has an example)")
    client = build_client(config.slack, tokens)
    investigator = Investigator(build_inventory(config), collector)
    sevs = Sevs(investigator, SevThread(client), notify_when_ready=config.slack.notify_when_ready)
    ourselves = await _check_tokens(client, tokens)
    app = build_app(config.slack, client, investigator, sevs, ourselves)
    handler = AsyncSocketModeHandler(app, tokens.app.get_secret_value(), web_client=client)
    try:
        await handler.connect_async()  # type: ignore[no-untyped-call] # slack_bolt leaves it untyped
        _log.info("listening in channel %s, %d hosts in the inventory", config.slack.channel, len(config.hosts))
        if ready is not None:
            ready.set()
        await stop.wait()
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call] # slack_bolt leaves it untyped
        await sevs.drain(DRAIN_S)  # no new SEV is begun while those under way come to their end


async def _try(call: Callable[[], Awaitable[AsyncSlackResponse]], refused: str) -> AsyncSlackResponse:
    """Call Slack, again where its trouble may pass; `refused` is what is said of a token that it does not take."""
    for attempt in range(START_ATTEMPTS):
        try:
            return await call()
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            if isinstance(error, SlackApiError) and not may_pass(error):
                raise ConfigError(f"Slack refused {refused.format(error.response.get('error'))}") from error
            if attempt == START_ATTEMPTS - 1:
                raise ConfigError(f"Slack cannot be reached ({error}): check this machine's way to the internet, or its proxy") from error
            await asyncio.sleep(wait_s(error, attempt))
    raise AssertionError("the loop returns or raises")


async def _check_tokens(client: AsyncWebClient, tokens: Tokens) -> AuthorizeResult:
    """Try both tokens, and say who we are: the Socket Mode client would try a refused one for ever."""
    us = await _try(client.auth_test, "the bot token ({}): copy it again from OAuth & Permissions of the app")
    await _try(
        partial(client.apps_connections_open, app_token=tokens.app.get_secret_value()),
        "the app-level token ({}): it needs connections:write (Basic Information, App-Level Tokens), and Socket Mode must be on",
    )
    return AuthorizeResult(
        enterprise_id=us.get("enterprise_id"),
        team_id=us.get("team_id"),
        bot_user_id=us.get("user_id"),
        bot_id=us.get("bot_id"),
        bot_token=tokens.bot.get_secret_value(),
    )
