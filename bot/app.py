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
from slack_bolt.logger.messages import warning_token_skipped
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.announcement import read_announcement
from bot.apart import Apart, Collector
from bot.asking import Door, GroupMembers, Home
from bot.commands import Ack, Commands
from bot.config import Config, ConfigError, SlackConfig, Tokens
from bot.inventory import build_inventory
from bot.investigate import Investigator
from bot.refusals import Refusals
from bot.retry_after import ClampedResponse, GaveUpError
from bot.sevs import Sevs
from bot.thread import SevThread, may_pass, wait_s

SLACK_TIMEOUT_S = 10
DRAIN_S = 10.0
START_ATTEMPTS = 4

_log = logging.getLogger(__name__)


def build_session() -> aiohttp.ClientSession:
    """What speaks HTTP with Slack for all its libraries: a connection for each call, Retry-After clamped (bot.retry_after)."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True),
        timeout=aiohttp.ClientTimeout(total=SLACK_TIMEOUT_S),
        response_class=ClampedResponse,
    )


def build_client(
    config: SlackConfig, tokens: Tokens, session: aiohttp.ClientSession
) -> AsyncWebClient:
    """A Web API client that never retries by itself: a post whose answer was lost may have been posted (bot.thread)."""
    return AsyncWebClient(
        token=tokens.bot.get_secret_value(),
        base_url=config.api_url,
        session=session,
        retry_handlers=[],
    )


def build_app(
    config: SlackConfig,
    client: AsyncWebClient,
    investigator: Investigator,
    sevs: Sevs,
    door: Door,
    ourselves: AuthorizeResult,
) -> AsyncApp:
    """Bolt with our listeners. Bolt leaves out the bot's own messages; any event without a listener is acknowledged and dropped.

    `ourselves` is who we are, asked once at start: Bolt would ask at the first event, and lose that event where Slack does not answer.
    """

    async def authorize() -> AuthorizeResult:
        return ourselves

    logging.getLogger("slack_bolt.AsyncApp").addFilter(_is_news)
    app = AsyncApp(client=client, authorize=authorize)
    commands = Commands(investigator, door)

    async def on_message(event: dict[str, Any], body: dict[str, Any]) -> None:
        read = read_announcement(event, config, investigator.inventory)
        if read is not None and door.lets_in(read, body):
            sevs.announced(read)

    async def on_command(command: dict[str, Any], ack: Ack) -> None:
        respond = AsyncWebhookClient(
            command["response_url"], session=client.session, retry_handlers=[]
        ).send
        await commands.answer(command, ack, respond)

    async def on_other() -> None:
        pass  # an event that nobody acknowledges is sent again

    app.event("message")(on_message)
    app.command("/sev")(on_command)
    app.event(re.compile(".*"))(on_other)
    return app


def _is_news(record: logging.LogRecord) -> bool:
    """Not that Bolt leaves the client's token aside, which is what `authorize` is for."""
    return record.getMessage() != warning_token_skipped()


async def serve(
    config: Config,
    tokens: Tokens,
    collector: Collector,
    stop: asyncio.Event,
    ready: asyncio.Event | None = None,
) -> None:
    """Run the bot until `stop` is set, with the hosts' side on a loop of its own; raises ConfigError where Slack refuses the tokens."""
    async with Apart(collector) as apart:
        await _serve(config, tokens, apart, stop, ready)


async def _serve(
    config: Config,
    tokens: Tokens,
    collector: Collector,
    stop: asyncio.Event,
    ready: asyncio.Event | None,
) -> None:
    if config.slack is None:
        raise ConfigError(
            "the configuration has no [slack] section, which `sevbot run` needs (docs/config.md has an example)"
        )
    async with build_session() as session:
        client = build_client(config.slack, tokens, session)
        ourselves = await _check_tokens(client, tokens)
        members, refusals = GroupMembers(client, config.slack.allowed_groups or ()), Refusals()
        await members.read()
        door = Door(
            config.slack, Home(ourselves.team_id, ourselves.enterprise_id), members, refusals
        )
        investigator = Investigator(build_inventory(config), collector)
        thread = SevThread(client)
        sevs = Sevs(investigator, thread, notify_when_ready=config.slack.notify_when_ready)
        app = build_app(config.slack, client, investigator, sevs, door, ourselves)
        handler = AsyncSocketModeHandler(app, tokens.app.get_secret_value(), web_client=client)
        try:
            await handler.connect_async()  # type: ignore[no-untyped-call] # slack_bolt leaves it untyped
            _log.info(
                "listening in channel %s, %d hosts in the inventory",
                config.slack.channel,
                len(config.hosts),
            )
            if ready is not None:
                ready.set()
            await stop.wait()
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call] # slack_bolt leaves it untyped
            await sevs.drain(DRAIN_S)  # no new SEV is begun while those under way come to their end
            await thread.close()
            refusals.sum_up()


async def _try(
    call: Callable[[], Awaitable[AsyncSlackResponse]], refused: str
) -> AsyncSlackResponse:
    """Call Slack, again where its trouble may pass; `refused` is what is said of a token that it does not take."""
    for attempt in range(START_ATTEMPTS):
        try:
            return await call()
        except (SlackApiError, aiohttp.ClientError, TimeoutError, OSError) as error:
            if isinstance(error, SlackApiError) and not may_pass(error):
                raise ConfigError(
                    f"Slack refused {refused.format(error.response.get('error'))}"
                ) from error
            if attempt == START_ATTEMPTS - 1:
                raise ConfigError(
                    f"Slack cannot be reached ({error}): check this machine's way to the internet, or its proxy"
                ) from error
            try:
                pause_s = wait_s(error, attempt)
            except GaveUpError as gave_up:
                raise ConfigError(f"{gave_up}: start it again then") from error
            await asyncio.sleep(pause_s)
    raise AssertionError("the loop returns or raises")


async def _check_tokens(client: AsyncWebClient, tokens: Tokens) -> AuthorizeResult:
    """Try both tokens, and say who we are: the Socket Mode client would try a refused one for ever."""
    us = await _try(
        client.auth_test, "the bot token ({}): copy it again from OAuth & Permissions of the app"
    )
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
