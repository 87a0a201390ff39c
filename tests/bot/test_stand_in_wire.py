"""What the stand-in refuses, drops or loses on the wire, as Slack does."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.standin import rates
from bot.standin.channels import Channel
from bot.standin.people import as_typed
from bot.standin.slack import SCOPES, SlackStandIn
from tests.bot.test_slack_stand_in import METADATA, bolt, client_of, collector, play, refused
from tests.bot.test_slack_stand_in import raw_socket as socket_of
from tests.conftest import ROOT

Json = dict[str, Any]
RICH = [
    {
        "type": "rich_text",
        "elements": [
            {"type": "rich_text_section", "elements": [{"type": "text", "text": "x"}]},
        ],
    }
]
PLAIN = [{"type": "divider"}]


def test_posts_in_a_channel_come_one_a_second_after_a_short_burst() -> None:
    """429 with whole seconds; another channel has its own."""
    now = [100.0]

    async def scenario(slack: SlackStandIn) -> None:
        slack.workspace.clock = lambda: now[0]
        slack.workspace.channels["C2"] = Channel("C2", "other")
        client, channel = client_of(slack), slack.channel_id
        for _ in range(rates.POST_BURST):
            await client.chat_postMessage(channel=channel, text="x")
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel=channel, text="x")
        response = caught.value.response
        assert (response.status_code, response.headers["Retry-After"]) == (429, "1")
        await client.chat_postMessage(channel="C2", text="x")
        now[0] += 1
        await client.chat_postMessage(channel=channel, text="x")

    play(scenario)


def test_a_tier_is_counted_by_method_and_minute() -> None:
    """The fifty-first update of a minute is refused until the first of them is a minute old."""
    now = [100.0]

    async def scenario(slack: SlackStandIn) -> None:
        slack.workspace.clock = lambda: now[0]
        client, channel = client_of(slack), slack.channel_id
        ts = (await client.chat_postMessage(channel=channel, text="x"))["ts"]
        for number in range(50):
            now[0] += 0.5
            await client.chat_update(channel=channel, ts=ts, text=f"{number}")
        with pytest.raises(SlackApiError) as caught:
            await client.chat_update(channel=channel, ts=ts, text="x")
        assert caught.value.response.headers["Retry-After"] == "36"
        await client.conversations_replies(channel=channel, ts=ts)
        now[0] += 36
        await client.chat_update(channel=channel, ts=ts, text="x")

    play(scenario)


def test_an_event_without_a_socket_is_tried_again_and_then_lost() -> None:
    """At once, and twice later; what came back in time is delivered with its attempt."""

    async def scenario(slack: SlackStandIn) -> None:
        await slack.announce("lost")
        await slack.wait_for(lambda: slack.lost, 10)
        assert slack.lost[0]["event"]["text"] == "lost"
        await slack.announce("found")
        async with socket_of(slack) as socket:
            frame = await socket.receive_json(timeout=5)
        assert (frame["retry_attempt"], frame["payload"]["event"]["text"]) == (1, "found")

    play(scenario, retries_after_s=(0.5,))


def test_a_deaf_socket_stays_open_and_brings_nothing() -> None:
    """An event goes into it and is not acknowledged; the next socket gets the second try."""

    async def scenario(slack: SlackStandIn) -> None:
        async with socket_of(slack) as deaf:
            slack.deafen()
            await slack.announce("SEV1")
            with pytest.raises(TimeoutError):
                await deaf.receive_json(timeout=0.1)
            assert not deaf.closed
            async with socket_of(slack) as hearing:
                frame = await hearing.receive_json(timeout=5)
        assert frame["retry_attempt"] >= 1

    play(scenario, retries_after_s=(0.3, 0.6, 0.9))


def test_a_warning_closes_no_socket() -> None:
    """It comes some seconds ahead of the refresh."""

    async def scenario(slack: SlackStandIn) -> None:
        async with socket_of(slack) as socket:
            await slack.disconnect("warning")
            assert (await socket.receive_json(timeout=5))["reason"] == "warning"
            await slack.announce("SEV1")
            assert (await socket.receive_json(timeout=5))["type"] == "events_api"

    play(scenario)


def test_a_reply_to_a_parent_that_is_gone_falls_into_the_channel() -> None:
    """Without an error: only the answer's message has no thread_ts. It can be deleted, once."""

    async def scenario(slack: SlackStandIn) -> None:
        client, channel = client_of(slack), slack.channel_id
        parent = await slack.announce("SEV1")
        inside = await client.chat_postMessage(channel=channel, thread_ts=parent, text="x")
        assert inside["message"]["thread_ts"] == parent
        slack.delete_parent(parent)
        fallen = await client.chat_postMessage(channel=channel, thread_ts=parent, text="y")
        assert fallen["ok"]
        assert "thread_ts" not in fallen["message"]
        await client.chat_delete(channel=channel, ts=fallen["ts"])
        assert [message["text"] for message in slack.messages()] == ["x"]
        gone = client.chat_delete(channel=channel, ts=fallen["ts"])
        assert (await refused(gone))["error"] == "message_not_found"
        theirs = await slack.announce("SEV2")
        foreign = client.chat_delete(channel=channel, ts=theirs)
        assert (await refused(foreign))["error"] == "cant_delete_message"
        replies = client.conversations_replies(channel=channel, ts=parent)
        assert (await refused(replies))["error"] == "thread_not_found"

    play(scenario)


def test_metadata_above_4000_bytes_is_dropped_with_a_warning() -> None:
    """The message stands without it."""
    long = {"event_type": "t", "event_payload": {"key": "x" * 4_000}}

    async def scenario(slack: SlackStandIn) -> None:
        client, channel = client_of(slack), slack.channel_id
        answer = await client.chat_postMessage(channel=channel, text="x", metadata=long)
        assert answer["response_metadata"]["warnings"] == ["metadata_too_large"]
        assert "metadata" not in slack.messages()[0]

    play(scenario)


def test_an_update_keeps_rich_text_and_may_take_metadata_away() -> None:
    """`block_mismatch`; `metadata: {}`; and the window in which a message may be edited."""

    async def scenario(slack: SlackStandIn) -> None:
        client, channel = client_of(slack), slack.channel_id
        answer = await client.chat_postMessage(
            channel=channel, text="x", blocks=RICH, metadata=METADATA
        )
        ts = answer["ts"]
        for blocks in (PLAIN, None):
            other = client.chat_update(channel=channel, ts=ts, text="y", blocks=blocks)
            assert (await refused(other))["error"] == "block_mismatch"
        await client.chat_update(channel=channel, ts=ts, text="y", blocks=RICH, metadata={})
        assert "metadata" not in slack.messages()[0]
        slack.workspace.edit_window_s = -1.0
        late = client.chat_update(channel=channel, ts=ts, text="z", blocks=RICH)
        assert (await refused(late))["error"] == "edit_window_closed"

    play(scenario)


CHANNELS = {
    "not_in_channel": Channel("C2", "x", is_member=False),
    "channel_not_found": Channel("C2", "x", is_private=True, is_member=False),
    "is_archived": Channel("C2", "x", is_archived=True),
    "restricted_action_read_only_channel": Channel(
        "C2", "x", restricted="restricted_action_read_only_channel"
    ),
}


@pytest.mark.parametrize("code", CHANNELS)
def test_where_sevbot_may_not_write_it_is_told_why(code: str) -> None:
    """With Slack's word; the channel that it is in is not touched."""

    async def scenario(slack: SlackStandIn) -> None:
        slack.workspace.channels["C2"] = CHANNELS[code]
        call = client_of(slack).chat_postMessage(channel="C2", text="x")
        assert (await refused(call))["error"] == code
        assert slack.messages() == []

    play(scenario)


def test_a_private_channel_has_scopes_and_events_of_its_own() -> None:
    """groups:history and message.groups."""

    async def scenario(slack: SlackStandIn) -> None:
        slack.workspace.channels[slack.channel_id].is_private = True
        client = client_of(slack)
        call = client.conversations_history(channel=slack.channel_id)
        assert (await refused(call))["needed"] == "groups:history"
        async with socket_of(slack) as socket:
            await slack.announce("unheard")
            slack.workspace.scopes |= {"groups:history"}
            slack.workspace.bot_events = frozenset({"message.groups"})
            await slack.announce("heard")
            event = (await socket.receive_json(timeout=5))["payload"]["event"]
        assert (event["text"], event["channel_type"]) == ("heard", "group")

    play(scenario)


@pytest.mark.parametrize("missing", ["event", "scope", "member"])
def test_only_what_the_manifest_asks_for_comes(missing: str) -> None:
    """Not without the event, its scope, or a seat in the channel."""

    async def scenario(slack: SlackStandIn) -> None:
        workspace = slack.workspace
        if missing == "event":
            workspace.bot_events = frozenset()
        if missing == "scope":
            workspace.scopes = frozenset({"chat:write"})
        async with bolt(slack) as app:
            seen = collector(app)
            workspace.channels[slack.channel_id].is_member = missing != "member"
            await slack.announce("SEV1")
            await asyncio.sleep(0.2)
            assert (seen, slack.lost) == ([], [])

    play(scenario)


def test_the_stand_ins_events_are_those_of_the_manifest() -> None:
    """So that a test sees no event which Slack would not send."""
    text = (ROOT / "manifest.yml").read_text()
    events = re.search(r"bot_events:\n((?: +- \S+\n)+)", text)
    assert events is not None
    asked = re.findall(r"- (\S+)", events[1])

    async def scenario(slack: SlackStandIn) -> None:
        assert sorted(slack.workspace.bot_events) == asked
        assert set(SCOPES) <= set(re.findall(r"- ([a-z]+:?[a-z]*)\n", text))

    play(scenario)


def test_what_a_person_types_comes_with_blocks_and_links() -> None:
    """An address and a host's name with dots are links; escapes are as Slack has them."""
    typed = as_typed("SEV-1: ranker on web1.example.com &amp; <@U1>, see https://a.invalid/x")
    assert typed["text"] == (
        "SEV-1: ranker on <http://web1.example.com|web1.example.com> &amp; <@U1>,"
        " see <https://a.invalid/x>"
    )
    assert typed["blocks"][0]["elements"][0]["elements"] == [
        {"type": "text", "text": "SEV-1: ranker on "},
        {"type": "link", "url": "http://web1.example.com", "text": "web1.example.com"},
        {"type": "text", "text": " & "},
        {"type": "user", "user_id": "U1"},
        {"type": "text", "text": ", see "},
        {"type": "link", "url": "https://a.invalid/x"},
    ]

    async def scenario(slack: SlackStandIn) -> None:
        async with socket_of(slack) as socket:
            await slack.post_as_user("hello")
            event = (await socket.receive_json(timeout=5))["payload"]["event"]
        assert event["client_msg_id"]
        assert event["blocks"][0]["type"] == "rich_text"

    play(scenario)


def test_a_preview_is_a_change_without_an_edit() -> None:
    """As Slack unfurls a link."""

    async def scenario(slack: SlackStandIn) -> None:
        async with socket_of(slack) as socket:
            ts = await slack.post_as_user("https://a.invalid/")
            await socket.receive_json(timeout=5)
            slack.unfurl(ts, "https://a.invalid/")
            event = (await socket.receive_json(timeout=5))["payload"]["event"]
        assert event["subtype"] == "message_changed"
        assert "edited" not in event["message"]
        assert event["message"]["attachments"][0]["from_url"] == "https://a.invalid/"

    play(scenario)


def test_too_many_events_are_said_once_and_no_listener_breaks() -> None:
    """app_rate_limited has no event in it; Bolt leaves it unanswered, and goes on."""

    async def scenario(slack: SlackStandIn) -> None:
        async with bolt(slack) as app:
            seen = collector(app)
            slack.limit_events()
            await slack.announce("SEV1")
            await slack.wait_for(lambda: seen, 5)

    play(scenario)
