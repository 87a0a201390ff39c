"""What Slack tells us by Bolt: announcements and /sev; all else is acknowledged and dropped."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import Asker, Note
from bot.commands import Commands
from bot.config import SlackConfig
from bot.inventory import Inventory
from bot.sevs import Sevs
from bot.slack.announcement import read_announcement
from bot.slack.asking import Door
from bot.slack.slash import Ack, SlashAsker
from diagnostics.plain import plain

# Slack's clock and ours may differ by so much; what was announced in between may be an earlier
# process's to answer, so its thread is read before it is answered
CLOCKS_DIFFER_S = 60.0
RETRY_HEADER = "x-slack-retry-num"  # where Bolt puts `retry_attempt` of Socket Mode
MAX_SAID_CHARS = 300

_log = logging.getLogger(__name__)


def build_app(client: AsyncWebClient, ourselves: AuthorizeResult) -> AsyncApp:
    """Bolt, without listeners. It leaves out the bot's own messages.

    `ourselves` is who we are, asked once at start: Bolt would ask at the first event, and lose that
    event where Slack does not answer.
    """

    async def authorize() -> AuthorizeResult:
        return ourselves

    bolts = logging.getLogger("slack_bolt.AsyncApp")
    bolts.addFilter(_no_record)
    try:
        return AsyncApp(client=client, authorize=authorize)
    finally:
        bolts.removeFilter(_no_record)


@dataclass(frozen=True)
class Listeners:
    """Hand what Slack tells us to the use cases, as far as `door` lets it in. What was announced
    after `begun_s` (seconds since 1970) no other process of ours can have answered.
    """

    config: SlackConfig
    door: Door
    inventory: Inventory
    sevs: Sevs
    commands: Commands
    begun_s: float = field(default_factory=lambda: time.time() + CLOCKS_DIFFER_S)

    def on(self, app: AsyncApp) -> None:
        """Listen to `app`."""

        async def on_message(
            event: dict[str, Any], body: dict[str, Any], request: AsyncBoltRequest
        ) -> None:
            attempts = request.headers.get(RETRY_HEADER) or ("0",)
            self.message(event, body, is_told_again=attempts[0] != "0")

        async def on_command(command: dict[str, Any], ack: Ack) -> None:
            await self.command(
                command, SlashAsker(ack, command["response_url"], app.client.session)
            )

        async def on_other() -> None:
            pass  # an event that nobody acknowledges is sent again

        app.event("message")(on_message)
        app.command("/sev")(on_command)
        app.event(re.compile(".*"))(on_other)

    def message(
        self, event: Mapping[str, Any], body: Mapping[str, Any], *, is_told_again: bool
    ) -> None:
        """A message in some channel; `body` is its envelope."""
        read = read_announcement(event, self.config, self.inventory)
        if read is not None and self.door.lets_in(read, body):
            is_fresh = not is_told_again and read.opened_s > self.begun_s
            self.sevs.announced(replace(read, fresh=is_fresh))

    async def command(self, command: Mapping[str, Any], asker: Asker) -> None:
        """What somebody typed behind /sev."""
        if turned_away := await self.door.refusal(command):
            await asker.answer(Note((turned_away,)))
        else:
            said = str(command.get("text") or "")
            _log.info(
                "/sev of %s in %s: %s",
                command.get("user_id"),
                command.get("channel_id"),
                plain(said, MAX_SAID_CHARS),
            )
            await self.commands.answer(said, asker)


def _no_record(_: logging.LogRecord) -> bool:
    """What Bolt warns of while it is put together is ours to know: which of client, `authorize` and
    the environment's SLACK_BOT_TOKEN it leaves aside.
    """
    return False
