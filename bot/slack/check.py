"""What Slack tells of our app, without a post: tokens, scopes, the channel, what the app is told
of, and whether the workspace takes our blocks.

A bot token is not told which events and buttons its app has: that stands in the app's manifest,
which only an app configuration token may read (docs.slack.dev, apps.manifest.export). Where there
is none, that is said.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.checked import Checked, ok, problem, untold
from bot.config import ConfigError, SlackConfig
from bot.slack.client import (
    START_ATTEMPTS,
    build_client,
    build_session,
    try_app_token,
    try_bot_token,
)
from bot.slack.escape import Block
from bot.slack.retry import TROUBLE, again, error_code
from bot.slack.retry_after import GaveUpError
from bot.slack.samples import Sample
from diagnostics.plain import plain

MANIFEST_VARIABLE = "SLACK_CONFIG_TOKEN"
BOT, APP, SCOPES, CHANNEL, BLOCKS = "bot token", "app token", "scopes", "channel", "blocks"
EVENTS, INTERACTIVITY, COMMAND = "event subscriptions", "interactivity", "slash command"
OF_MANIFEST = (EVENTS, INTERACTIVITY, COMMAND)
# who may read what is said in a public and in a private channel, and the event that tells of it
EVENT_OF = {"channels:history": "message.channels", "groups:history": "message.groups"}
ANEW = "then install the app again (Install App)"
INVALID = frozenset({"invalid_blocks", "invalid_message", "invalid_view"})
MAX_SAID_CHARS = 200


@dataclass(frozen=True)
class OurApp:
    """What of the configuration there is; a token that is None was missing or wrong in it."""

    config: SlackConfig
    has_channel: bool
    bot: SecretStr | None
    app: SecretStr | None
    configuration: SecretStr | None


async def check_slack(ours: OurApp, samples: Iterable[Sample]) -> list[Checked]:
    """A line for each item, in the order in which one would mend them."""
    async with build_session() as session:
        client = build_client(ours.config, ours.bot or SecretStr(""), session)
        of_bot, of_app, of_manifest = await asyncio.gather(
            _of_bot(client, ours, samples), _of_app(client, ours), _of_manifest(client, ours)
        )
    (bot, scopes, channel, blocks), may_read = of_bot
    return [bot, of_app, scopes, channel, *_manifest_items(of_manifest, may_read), blocks]


async def _of_app(client: AsyncWebClient, ours: OurApp) -> Checked:
    if ours.app is None:
        return untold(APP, "the configuration gives none")
    try:
        await try_app_token(client, ours.app)
    except ConfigError as error:
        return problem(APP, str(error))
    return ok(APP)


async def _of_bot(
    client: AsyncWebClient, ours: OurApp, samples: Iterable[Sample]
) -> tuple[Sequence[Checked], frozenset[str]]:
    """Token, scopes, channel and blocks; and the scope of EVENT_OF that reads the channel, or those
    that may.
    """
    if ours.bot is None:
        first, why = untold(BOT, "the configuration gives none"), "there is no bot token to ask by"
        return [first, *(untold(item, why) for item in (SCOPES, CHANNEL, BLOCKS))], frozenset()
    try:
        us = await try_bot_token(client)
    except ConfigError as error:
        why = "it needs the bot token"
        left = [untold(item, why) for item in (SCOPES, CHANNEL, BLOCKS)]
        return [problem(BOT, str(error)), *left], frozenset()
    channel, needed = await _channel(client, ours, plain(str(us.get("user")), MAX_SAID_CHARS))
    held = _scopes_of(us)
    items = [ok(BOT), _scopes(held, needed, ours.config), channel, await _blocks(client, samples)]
    may_read = held if needed is None else frozenset({needed})
    return items, frozenset(EVENT_OF) & (may_read or frozenset())


def _scopes_of(response: AsyncSlackResponse) -> frozenset[str] | None:
    """Those of the token (docs.slack.dev, Web API, X-OAuth-Scopes); None where Slack does not
    say.
    """
    said = {str(name).lower(): value for name, value in (response.headers or {}).items()}
    scopes = said.get("x-oauth-scopes")
    if scopes is None:
        return None
    return frozenset(scope.strip() for scope in str(scopes).split(","))


def _scopes(held: frozenset[str] | None, needed: str | None, config: SlackConfig) -> Checked:
    """`needed` is what Slack itself missed when the channel was read."""
    if held is None:
        return untold(SCOPES, "Slack's answer does not name them")
    wanted = ["chat:write", "commands"]
    if needed is not None:
        wanted.append(needed)
    elif not held & set(EVENT_OF):
        wanted.append("channels:history (of a private channel: groups:history)")
    if config.allowed_groups:
        wanted.append("usergroups:read")
    missing = [scope for scope in wanted if scope not in held]
    if not missing:
        return ok(SCOPES)
    return problem(
        SCOPES,
        f"the bot token lacks {', '.join(missing)}: add it under OAuth & Permissions, Bot Token"
        f" Scopes, {ANEW}",
    )


async def _channel(client: AsyncWebClient, ours: OurApp, name: str) -> tuple[Checked, str | None]:
    """Whether we are in it, by reading one message; and the scope that this lacked, if any."""
    if not ours.has_channel:
        return untold(CHANNEL, "the configuration gives no channel's id"), None
    channel = ours.config.channel
    read = partial(client.conversations_history, channel=channel, limit=1)
    _, error = await _ask(read)
    code = error_code(error) if error is not None else None
    if error is None:
        return ok(CHANNEL), None
    if code == "missing_scope":
        needed = plain(str(error.response.get("needed")), MAX_SAID_CHARS)
        return untold(CHANNEL, f"the scope {needed} is missing"), needed.split(",")[0]
    cures = {
        "not_in_channel": f"{name} is not in {channel}: type `/invite @{name}` there",
        "channel_not_found": (
            f"Slack shows {name} no channel {channel}: compare the id with the one at the bottom"
            f" of the channel's details; in a private channel type `/invite @{name}`"
        ),
    }
    if code in cures:
        return problem(CHANNEL, cures[code]), None
    return untold(CHANNEL, _why(error)), None


async def _blocks(client: AsyncWebClient, samples: Iterable[Sample]) -> Checked:
    """Whether the workspace takes one of everything that we say (docs.slack.dev,
    blocks.validate).
    """
    refused, plainer = list[str](), list[str]()
    for sample in samples:
        why = await _refusal(client, sample.kind, sample.newer)
        if isinstance(why, str) and sample.plainer != sample.newer:
            plainer.append(sample.name)
            why = await _refusal(client, sample.kind, sample.plainer)
        if isinstance(why, Exception):
            return untold(BLOCKS, _why(why))
        if why is not None:
            refused.append(f"{sample.name} ({why})")
    if refused:
        return problem(
            BLOCKS,
            f"Slack refuses {', '.join(refused)}: install the newest sevbot; until then the plain"
            " text is sent",
        )
    if plainer:
        return ok(BLOCKS, f"this workspace gets plainer ones for {', '.join(plainer)}")
    return ok(BLOCKS)


async def _refusal(client: AsyncWebClient, kind: str, sample: Block) -> str | Exception | None:
    """What Slack finds wrong in it, or why it did not look."""
    # in the body: the client's own method puts it into the URL, which is too short for it
    data = {kind: json.dumps(sample)}
    answer, error = await _ask(partial(client.api_call, "blocks.validate", data=data))
    if error is not None and error_code(error) not in INVALID:
        failed: Exception = error
        return failed
    said = answer if error is None else error.response
    wrong = said.get("errors") or []
    if not wrong:
        return None if error is None else str(error_code(error))
    first = wrong[0] if isinstance(wrong[0], Mapping) else {}
    place, message = (str(first.get(key) or "") for key in ("pointer", "message"))
    return plain(f"{place} {message}".strip() or "no reason given", MAX_SAID_CHARS)


async def _of_manifest(client: AsyncWebClient, ours: OurApp) -> Mapping[str, Any] | str:
    """The app's manifest, or why there is none to be had."""
    if ours.configuration is None:
        return (
            "Slack tells it to app configuration tokens alone: set"
            f" ${MANIFEST_VARIABLE} (api.slack.com/apps, Your App Configuration Tokens; it is"
            " good for 12 hours), or compare the app's manifest with manifest.yml; after a change"
            " there install the app again"
        )
    app_id = _app_id(ours.app)
    if app_id is None:
        return "it needs the app's id, which stands in the app-level token"
    export = partial(
        client.apps_manifest_export, app_id=app_id, token=ours.configuration.get_secret_value()
    )
    answer, error = await _ask(export)
    if error is not None:
        return (
            f"Slack did not show the manifest to ${MANIFEST_VARIABLE} ({_why(error)}):"
            " make a new token, as somebody who owns the app"
        )
    manifest = answer.get("manifest")
    return manifest if isinstance(manifest, Mapping) else "Slack's answer holds no manifest"


def _app_id(token: SecretStr | None) -> str | None:
    """xapp-1-A0123456789-…: the third part is the app's id."""
    parts = token.get_secret_value().split("-") if token is not None else []
    return parts[2] if len(parts) > 3 and parts[2].startswith("A") else None


def _manifest_items(
    manifest: Mapping[str, Any] | str, may_read: frozenset[str]
) -> Sequence[Checked]:
    """`may_read` are the scopes of EVENT_OF of which one reads the channel."""
    if isinstance(manifest, str):
        first, *others = OF_MANIFEST
        why = f"for the same reason as {first}"
        return [untold(first, manifest), *(untold(item, why) for item in others)]
    return [_events(manifest, may_read), _interactivity(manifest), _command(manifest)]


def _events(manifest: Mapping[str, Any], may_read: frozenset[str]) -> Checked:
    told = set(_at(manifest, "settings", "event_subscriptions").get("bot_events") or ())
    wanted = [EVENT_OF[scope] for scope in sorted(may_read or {"channels:history"})]
    missing = [event for event in wanted if event not in told]
    if not missing:
        return ok(EVENTS)
    if len(missing) < len(wanted):
        there = ", ".join(event for event in wanted if event in told)
        return untold(EVENTS, f"the app has {there} alone: is the channel of that kind?")
    return problem(
        EVENTS,
        f"the app is not told of messages: add {' or '.join(missing)} under Event Subscriptions,"
        f" Subscribe to bot events, {ANEW}",
    )


def _interactivity(manifest: Mapping[str, Any]) -> Checked:
    if _at(manifest, "settings", "interactivity").get("is_enabled") is True:
        return ok(INTERACTIVITY)
    return problem(
        INTERACTIVITY,
        "it is off, so no button under a message works: turn it on under Interactivity &"
        f" Shortcuts, {ANEW}",
    )


def _command(manifest: Mapping[str, Any]) -> Checked:
    commands = _at(manifest, "features").get("slash_commands") or ()
    if any(isinstance(each, Mapping) and each.get("command") == "/sev" for each in commands):
        return ok(COMMAND)
    return problem(COMMAND, f"the app has no /sev: add it under Slash Commands, {ANEW}")


def _at(manifest: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    """The table there; an empty one where there is none."""
    table: object = manifest
    for name in path:
        table = table.get(name) if isinstance(table, Mapping) else None
    return table if isinstance(table, Mapping) else {}


async def _ask(
    call: Callable[[], Awaitable[AsyncSlackResponse]],
) -> tuple[Any, Any]:  # an answer's values are Any, and so are an error's
    """Slack's answer and None, or None and what it failed with."""
    try:
        return await again(call, START_ATTEMPTS), None
    except ValueError:  # of aiohttp: a token that cannot stand in a header; it is not shown
        return None, ValueError("a token has a character that no token has: copy it again")
    except (GaveUpError, *TROUBLE) as error:
        return None, error


def _why(error: Exception) -> str:
    """In words: Slack's own code, or what was in the way."""
    code = error_code(error)
    if code == "unknown_method":
        return "this Slack does not know the method"
    if isinstance(error, SlackApiError):
        return plain(f"Slack says {code}", MAX_SAID_CHARS)
    return plain(f"Slack could not be asked: {error}", MAX_SAID_CHARS)
