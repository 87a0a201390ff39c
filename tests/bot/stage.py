"""The whole stage for tests: the stand-in for Slack, replayed hosts, and the bot as `sevbot run`
builds it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.apart import Collector
from bot.app import serve
from bot.config import Announcer, Config, HostConfig, ServiceConfig, SlackConfig, SshConfig, Tokens
from bot.slack.budget import Budget
from bot.standin.hosts import ReplayHosts
from bot.standin.slack import SlackStandIn
from diagnostics.bundle import Bundle
from diagnostics.collect.ssh import SshCollector, SshSettings
from tests.bot.slack_models import check_all_that_was_sent

ANNOUNCEMENT = "SEV-2: ranker crash looping on web1, web2"


@dataclass(frozen=True)
class Stage:
    """What a test drives and looks at."""

    slack: SlackStandIn
    hosts: ReplayHosts

    async def verdict(self, ts: str, timeout_s: float = 15) -> dict[str, Any]:
        """Our message in the thread once the diagnosis stands in it."""
        await self.slack.wait_for(
            lambda: any(map(is_done, self.slack.thread(ts))), timeout_s=timeout_s
        )
        return next(message for message in self.slack.thread(ts) if is_done(message))

    def answers(self, ts: str) -> list[dict[str, Any]]:
        """The thread without its announcement."""
        return self.slack.thread(ts)[1:]

    def calls(self, method: str) -> int:
        return sum(1 for call in self.slack.history if call.method == method)


def is_done(message: Mapping[str, Any]) -> bool:
    payload = (message.get("metadata") or {}).get("event_payload") or {}
    return bool(payload.get("state") == "done")


def config_for(slack: SlackStandIn, hosts: ReplayHosts, **changes: object) -> Config:
    return Config(
        slack=SlackConfig(
            channel=slack.channel_id,
            announcers=(Announcer(bot_id=slack.announcer.bot_id),),
            announcement=r"SEV-\d",
            api_url=slack.api_url,
        ).model_copy(update=changes),
        ssh=SshConfig(client_key=hosts.client_key, known_hosts=hosts.known_hosts),
        hosts={
            name: HostConfig(address=target.address, port=target.port)
            for name, target in hosts.targets.items()
        },
        services={"ranker": ServiceConfig(hosts=tuple(hosts.targets))},
    )


def tokens_of(slack: SlackStandIn) -> Tokens:
    return Tokens(bot=SecretStr(slack.bot_token), app=SecretStr(slack.app_token))


@contextlib.asynccontextmanager
async def served(
    slack: SlackStandIn,
    config: Config,
    collector: Collector | None = None,
    budget: Budget | None = None,
) -> AsyncIterator[None]:
    """The bot while the block runs; `collector` asks the hosts, over SSH by itself."""
    stop, ready = asyncio.Event(), asyncio.Event()
    over_ssh = SshCollector(SshSettings(config.ssh.client_key, config.ssh.known_hosts))
    running = asyncio.create_task(
        serve(config, tokens_of(slack), collector or over_ssh, stop, ready, budget)
    )
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait((running, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        if not running.done():
            yield
    finally:
        stop.set()
        await running
        check_all_that_was_sent(slack)


@contextlib.asynccontextmanager
async def bot(slack: SlackStandIn, hosts: ReplayHosts, **changes: object) -> AsyncIterator[None]:
    """The bot over these hosts while the block runs."""
    async with served(slack, config_for(slack, hosts, **changes)):
        yield


@contextlib.asynccontextmanager
async def stage(directory: Path, bundle: Bundle, **changes: object) -> AsyncIterator[Stage]:
    """Two hosts that replay `bundle`, and the bot."""
    async with (
        SlackStandIn() as slack,
        ReplayHosts({"web1": bundle, "web2": bundle}, directory) as hosts,
        bot(slack, hosts, **changes),
    ):
        yield Stage(slack, hosts)
