"""How Slack is spoken with: one HTTP session for all its libraries, a client that never retries by
itself, and our two tokens tried.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial

import aiohttp
from pydantic import SecretStr
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.config import ConfigError, SlackConfig, Tokens
from bot.slack.retry import TROUBLE, again, may_pass
from bot.slack.retry_after import ClampedResponse, GaveUpError

SLACK_TIMEOUT_S = 10
START_ATTEMPTS = 4


def build_session() -> aiohttp.ClientSession:
    """What speaks HTTP with Slack for all its libraries: a connection for each call, Retry-After
    clamped (bot.slack.retry_after).
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True),
        timeout=aiohttp.ClientTimeout(total=SLACK_TIMEOUT_S),
        response_class=ClampedResponse,
    )


def build_client(
    config: SlackConfig, token: SecretStr, session: aiohttp.ClientSession
) -> AsyncWebClient:
    """A Web API client that never retries by itself: a post whose answer was lost may have been
    posted (bot.slack.message).
    """
    return AsyncWebClient(
        token=token.get_secret_value(),
        base_url=config.api_url,
        session=session,
        retry_handlers=[],
    )


async def _try(
    call: Callable[[], Awaitable[AsyncSlackResponse]], refused: str
) -> AsyncSlackResponse:
    """Call Slack, again where its trouble may pass; `refused` is what is said of a token that it
    does not take.
    """
    try:
        return await again(call, START_ATTEMPTS)
    except GaveUpError as gave_up:
        raise ConfigError(f"{gave_up}: start it again then") from gave_up
    except TROUBLE as error:
        if isinstance(error, SlackApiError) and not may_pass(error):
            raise ConfigError(
                f"Slack refused {refused.format(error.response.get('error'))}"
            ) from error
        raise ConfigError(
            f"Slack cannot be reached ({error}):"
            " check this machine's way to the internet, or its proxy"
        ) from error


async def try_bot_token(client: AsyncWebClient) -> AsyncSlackResponse:
    """What auth.test says of the client's token; raises ConfigError with the cure."""
    return await _try(
        client.auth_test, "the bot token ({}): copy it again from OAuth & Permissions of the app"
    )


async def try_app_token(client: AsyncWebClient, token: SecretStr) -> None:
    """Ask for a socket, without opening it; raises ConfigError with the cure."""
    await _try(
        partial(client.apps_connections_open, app_token=token.get_secret_value()),
        (
            "the app-level token ({}): it needs connections:write (Basic Information, "
            "App-Level Tokens), and Socket Mode must be on"
        ),
    )


async def check_tokens(client: AsyncWebClient, tokens: Tokens) -> AuthorizeResult:
    """Try both tokens, and say who we are: the Socket Mode client would try a refused one for
    ever.
    """
    us = await try_bot_token(client)
    await try_app_token(client, tokens.app)
    return AuthorizeResult(
        enterprise_id=us.get("enterprise_id"),
        team_id=us.get("team_id"),
        bot_user_id=us.get("user_id"),
        bot_id=us.get("bot_id"),
        bot_token=tokens.bot.get_secret_value(),
    )
