"""The bot, put together: who asks hosts, who answers, and Slack. `serve` is what `sevbot run` and
the demo call.
"""

from __future__ import annotations

import asyncio
import logging

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

from bot.apart import Apart, Collector
from bot.commands import Commands
from bot.config import Config, ConfigError, Tokens
from bot.held import Reports
from bot.inventory import build_inventory
from bot.investigate import Investigator
from bot.presses import Presses
from bot.sevs import Sevs
from bot.slack.asking import Door, GroupMembers, Home
from bot.slack.budget import Budget
from bot.slack.client import build_client, build_session, check_tokens
from bot.slack.content import Forms
from bot.slack.listeners import Listeners, build_app
from bot.slack.message import SevThread
from bot.slack.modals import Modals
from bot.slack.pressing import Pressing
from bot.slack.refusals import Refusals

DRAIN_S = 10.0
NO_SLACK = (
    "the configuration has no [slack] section, which `sevbot run` needs"
    " (docs/config.md has an example)"
)

_log = logging.getLogger(__name__)


async def serve(
    config: Config,
    tokens: Tokens,
    collector: Collector,
    stop: asyncio.Event,
    ready: asyncio.Event | None = None,
    budget: Budget | None = None,
) -> None:
    """Run the bot until `stop` is set, with the hosts' side on a loop of its own.

    `ready` is set once it listens. `budget`: how fast Slack is called, by a clock of its own.
    Raises ConfigError where Slack refuses the tokens.
    """
    if config.slack is None:
        raise ConfigError(NO_SLACK)
    async with Apart(collector) as apart, build_session() as session:
        client = build_client(config.slack, tokens.bot, session)
        ourselves = await check_tokens(client, tokens)
        members, refusals = GroupMembers(client, config.slack.allowed_groups or ()), Refusals()
        await members.read()
        home = Home(ourselves.team_id, ourselves.enterprise_id)
        door = Door(config.slack, home, members, refusals)
        thread = SevThread(client, ourselves.bot_id, budget, forms := Forms())
        investigator, reports = Investigator(build_inventory(config), apart), Reports()
        sevs = Sevs(investigator, thread, reports, notify_when_ready=config.slack.notify_when_ready)
        presses = Presses(sevs, thread, reports)
        inventory, commands = investigator.inventory, Commands(investigator, reports)
        modals = Modals(client, forms)
        app = build_app(client, ourselves)
        Listeners(config.slack, door, inventory, sevs, commands).on(app)
        Pressing(config.slack, door, inventory, presses, reports, thread, modals).on(app)
        handler = AsyncSocketModeHandler(app, tokens.app.get_secret_value(), web_client=client)
        try:
            await handler.connect_async()  # type: ignore[no-untyped-call] # Bolt's own
            _log.info(
                "listening in channel %s, %d hosts in the inventory",
                config.slack.channel,
                len(config.hosts),
            )
            if ready is not None:
                ready.set()
            await stop.wait()
        finally:
            await handler.close_async()  # type: ignore[no-untyped-call] # Bolt's own
            # no new SEV is begun while those under way come to their end
            await asyncio.gather(sevs.drain(DRAIN_S), presses.drain(DRAIN_S))
            await thread.close()
            refusals.sum_up()
