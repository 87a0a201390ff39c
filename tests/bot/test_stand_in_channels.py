"""What the stand-in refuses where a channel or an app is restricted, as Slack does."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import WSMsgType
from slack_sdk.web.async_client import AsyncWebClient

from bot.standin import rates
from bot.standin.channels import OF_REPLIES
from bot.standin.slack import SlackStandIn
from tests.bot.test_slack_stand_in import client_of, play, refused
from tests.bot.test_slack_stand_in import raw_socket as socket_of

Json = dict[str, Any]


@pytest.mark.parametrize("code", sorted(OF_REPLIES))
def test_a_channel_without_threads_takes_posts_and_refuses_replies(code: str) -> None:
    """What was posted before can still be edited and deleted."""

    async def scenario(slack: SlackStandIn) -> None:
        client, channel = client_of(slack), slack.channel_id
        slack.workspace.channels[channel].restricted = code
        ts = (await client.chat_postMessage(channel=channel, text="x"))["ts"]
        reply = client.chat_postMessage(channel=channel, text="x", thread_ts=ts)
        assert (await refused(reply))["error"] == code
        await client.chat_update(channel=channel, ts=ts, text="y")
        await client.chat_delete(channel=channel, ts=ts)

    play(scenario)


def test_what_strangers_call_takes_nothing_of_the_apps_rate() -> None:
    """A wrong token is refused as such, however often, and the app's own calls go on."""

    async def scenario(slack: SlackStandIn) -> None:
        slack.workspace.clock = lambda: 100.0
        channel = slack.channel_id
        stranger = AsyncWebClient("xoxb-wrong", base_url=slack.api_url)
        for _ in range(rates.POST_BURST + 1):
            call = stranger.chat_postMessage(channel=channel, text="x")
            assert (await refused(call))["error"] == "invalid_auth"
        await client_of(slack).chat_postMessage(channel=channel, text="x")

    play(scenario)


def test_the_minute_of_too_many_events_is_of_the_clock_on_the_wall() -> None:
    """Seconds since 1970, of a whole minute (docs.slack.dev, app_rate_limited)."""

    async def scenario(slack: SlackStandIn) -> None:
        slack.workspace.clock = lambda: 100.0
        async with socket_of(slack) as socket:
            slack.limit_events()
            payload = (await socket.receive_json(timeout=5))["payload"]
            said = float(await slack.announce("SEV1"))
        assert payload["minute_rate_limited"] % 60 == 0
        assert 0 <= said - payload["minute_rate_limited"] < 120

    play(scenario)


def test_a_bot_that_was_removed_is_told_and_hears_nothing() -> None:
    """Nor may it write in a channel that was archived."""

    async def scenario(slack: SlackStandIn) -> None:
        client, channel = client_of(slack), slack.channel_id
        async with socket_of(slack) as socket:
            slack.remove_bot(channel)
            await slack.announce("unheard")
            with pytest.raises(TimeoutError):
                await socket.receive_json(timeout=0.1)
        post = client.chat_postMessage(channel=channel, text="x")
        assert (await refused(post))["error"] == "not_in_channel"
        slack.workspace.channels[channel].is_member = True
        slack.archive(channel)
        post = client.chat_postMessage(channel=channel, text="x")
        assert (await refused(post))["error"] == "is_archived"
        await client.conversations_history(channel=channel)

    play(scenario)


def test_sockets_that_break_say_no_word() -> None:
    """What is raised meanwhile waits for its next try."""

    async def scenario(slack: SlackStandIn) -> None:
        async with socket_of(slack) as socket:
            await slack.lose_sockets()
            assert (await socket.receive(timeout=5)).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
            assert slack.open_sockets == 0

    play(scenario)
