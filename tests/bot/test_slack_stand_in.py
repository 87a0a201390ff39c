"""The stand-in for Slack, tried with the real slack_sdk and Bolt over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.page import Page
from bot.slack.slash import Ack
from bot.standin import commands, responses, socket_mode
from bot.standin.slack import SEVBOT, Bot, SlackError, SlackStandIn

Json = dict[str, Any]
Block = dict[str, Any]
Scenario = Callable[[SlackStandIn], Coroutine[None, None, None]]
METADATA = {"event_type": "sevbot_diagnosis", "event_payload": {"key": "k1"}}


def play(scenario: Scenario, **options: Any) -> None:  # noqa: ANN401 # the stand-in's own options
    async def run() -> None:
        async with SlackStandIn(**options) as slack:
            await scenario(slack)

    asyncio.run(run())


def client_of(slack: SlackStandIn, token: str | None = None) -> AsyncWebClient:
    return AsyncWebClient(
        token=slack.bot_token if token is None else token, base_url=slack.api_url, retry_handlers=[]
    )


@asynccontextmanager
async def bolt(slack: SlackStandIn) -> AsyncIterator[AsyncApp]:
    """Bolt, connected; listeners may be added afterwards."""
    client = client_of(slack)
    app = AsyncApp(client=client)
    handler = AsyncSocketModeHandler(app, slack.app_token, web_client=client, ping_interval=0.2)
    await handler.connect_async()  # type: ignore[no-untyped-call] # slack_bolt leaves it untyped
    try:
        yield app
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call] # slack_bolt leaves it untyped


@asynccontextmanager
async def raw_socket(slack: SlackStandIn) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A socket with nobody who acknowledges by himself; its hello is already read."""
    answer = await client_of(slack).apps_connections_open(app_token=slack.app_token)
    async with aiohttp.ClientSession() as session, session.ws_connect(answer["url"]) as socket:
        assert (await socket.receive_json(timeout=5))["type"] == "hello"
        yield socket


async def refused(call: Coroutine[None, None, Any]) -> Json:
    with pytest.raises(SlackApiError) as caught:
        await call
    data = caught.value.response.data
    return data if isinstance(data, dict) else {}


def collector(app: AsyncApp) -> list[Json]:
    """What reaches a listener for messages."""
    seen: list[Json] = []

    async def on_message(event: Json, body: Json) -> None:
        seen.append({**event, "event_id": body["event_id"]})

    app.event("message")(on_message)
    return seen


def test_a_socket_is_greeted_and_gets_events_with_their_attempt() -> None:
    """Hello and envelope have the fields that Slack documents."""

    async def scenario(slack: SlackStandIn) -> None:
        answer = await client_of(slack).apps_connections_open(app_token=slack.app_token)
        async with aiohttp.ClientSession() as session, session.ws_connect(answer["url"]) as socket:
            hello = await socket.receive_json(timeout=5)
            assert (hello["type"], hello["num_connections"], hello["connection_info"]) == (
                "hello",
                1,
                {"app_id": slack.app_id},
            )
            assert "approximate_connection_time" in hello["debug_info"]
            await slack.announce("SEV1")
            envelope = await socket.receive_json(timeout=5)
        assert envelope.keys() == {
            "envelope_id",
            "type",
            "payload",
            "accepts_response_payload",
            "retry_attempt",
            "retry_reason",
        }
        assert (envelope["type"], envelope["retry_attempt"], envelope["payload"]["type"]) == (
            "events_api",
            0,
            "event_callback",
        )
        assert envelope["payload"]["authorizations"][0]["user_id"] == slack.bot_user_id

    play(scenario)


def test_an_announcement_reaches_a_bolt_listener_as_a_modern_bots_message() -> None:
    """No subtype, but bot_id, app_id and bot_profile; and the envelope is acknowledged."""

    async def scenario(slack: SlackStandIn) -> None:
        async with bolt(slack) as app:
            seen = collector(app)
            ts = await slack.announce(
                "SEV1", blocks=[{"type": "divider"}], attachments=[{"text": "host: ranker-1"}]
            )
            await slack.wait_for(lambda: seen and slack.acks, 5)
        event = seen[0]
        assert "subtype" not in event
        who = slack.announcer
        assert (event["user"], event["bot_id"], event["app_id"]) == (
            who.user_id,
            who.bot_id,
            who.app_id,
        )
        assert (event["ts"], event["channel"], event["channel_type"], event["team"]) == (
            ts,
            slack.channel_id,
            "channel",
            slack.team_id,
        )
        assert (event["text"], event["blocks"], event["attachments"]) == (
            "SEV1",
            [{"type": "divider"}],
            [{"text": "host: ranker-1"}],
        )
        assert event["bot_profile"]["name"] == "SEV bot"

    play(scenario)


def test_bolt_leaves_out_sevbots_own_posts_and_edits_are_message_changed() -> None:
    """Both are delivered, as on Slack; the post is acknowledged without a listener having seen
    it.
    """

    async def scenario(slack: SlackStandIn) -> None:
        async with bolt(slack) as app:
            seen = collector(app)
            posted = await app.client.chat_postMessage(channel=slack.channel_id, text="on it")
            await slack.wait_for(lambda: len(slack.acks) == 1, 5)
            assert seen == []
            await app.client.chat_update(channel=slack.channel_id, ts=posted["ts"], text="done")
            await slack.wait_for(lambda: len(slack.acks) == 2, 5)
        changed = slack.acks[1].payload["event"]
        assert (
            changed["subtype"],
            changed["message"]["text"],
            changed["previous_message"]["text"],
        ) == ("message_changed", "done", "on it")
        assert changed["message"]["ts"] == posted["ts"] != changed["ts"]

    play(scenario)


def test_an_event_without_acknowledgement_comes_twice_again_and_is_lost(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same event_id each time, in an envelope of its own, with the attempt's number."""
    monkeypatch.setattr(socket_mode, "ACK_WITHIN_S", 0.1)

    async def scenario(slack: SlackStandIn) -> None:
        async with raw_socket(slack) as socket:
            await slack.announce("SEV1")
            frames = [await socket.receive_json(timeout=5) for _ in range(3)]
            await slack.wait_for(lambda: slack.lost, 5)
        assert [frame["retry_attempt"] for frame in frames] == [0, 1, 2]
        assert [frame["retry_reason"] for frame in frames] == ["", "timeout", "timeout"]
        assert len({frame["payload"]["event_id"] for frame in frames}) == 1
        assert len({frame["envelope_id"] for frame in frames}) == 3

    play(scenario, retries_after_s=(0.05, 0.1))


def test_an_acknowledged_event_does_not_come_again_unless_asked_for() -> None:
    """`redeliver` sends the same event as a first retry."""

    async def scenario(slack: SlackStandIn) -> None:
        async with bolt(slack) as app:
            seen = collector(app)
            ts = await slack.announce("SEV1")
            await slack.wait_for(lambda: len(slack.acks) == 1, 5)
            await asyncio.sleep(0.4)
            assert len(seen) == 1
            await slack.redeliver(ts)
            await slack.wait_for(lambda: len(seen) == 2, 5)
        assert seen[0] == seen[1]
        assert [envelope.attempt for envelope in slack.acks] == [0, 1]

    play(scenario, retries_after_s=(0.2, 0.4))


def test_each_event_goes_to_one_of_the_open_sockets() -> None:
    """Four events over two sockets: two each, none twice."""

    async def scenario(slack: SlackStandIn) -> None:
        async with raw_socket(slack) as one, raw_socket(slack) as two:
            for number in range(4):
                await slack.announce(f"SEV{number}")
            texts = [
                [
                    (await socket.receive_json(timeout=5))["payload"]["event"]["text"]
                    for _ in range(2)
                ]
                for socket in (one, two)
            ]
        assert sorted(texts[0] + texts[1]) == ["SEV0", "SEV1", "SEV2", "SEV3"]

    play(scenario)


def test_after_a_disconnect_the_client_comes_back_and_gets_what_was_raised_meanwhile() -> None:
    """An event raised while no socket is open is tried again a minute later (here: soon)."""

    async def scenario(slack: SlackStandIn) -> None:
        async with bolt(slack) as app:
            seen = collector(app)
            await slack.wait_for(lambda: slack.open_sockets == 1, 5)
            leaving = asyncio.create_task(slack.disconnect("refresh_requested"))
            await slack.wait_for(lambda: slack.open_sockets == 0, 5)
            await slack.announce("SEV1 in the gap")
            await leaving
            await slack.wait_for(
                lambda: [event["text"] for event in seen] == ["SEV1 in the gap"], 5
            )
            assert slack.open_sockets >= 1
            assert [envelope.attempt for envelope in slack.acks] == [1]

    play(scenario, retries_after_s=(3.0,))


def test_an_eleventh_socket_is_turned_away() -> None:
    """Slack allows ten for each app."""

    async def scenario(slack: SlackStandIn) -> None:
        async with aiohttp.ClientSession() as session:
            sockets = []
            for _ in range(11):
                answer = await client_of(slack).apps_connections_open(app_token=slack.app_token)
                sockets.append(await session.ws_connect(answer["url"]))
            frames = [await socket.receive_json(timeout=5) for socket in sockets]
            for socket in sockets:
                await socket.close()
        assert [frame["type"] for frame in frames] == ["hello"] * 10 + ["disconnect"]
        assert frames[-1]["reason"] == "too_many_websockets"

    play(scenario)


def test_a_sockets_url_is_good_for_one_connection() -> None:
    """The ticket in it is used up by connecting."""

    async def scenario(slack: SlackStandIn) -> None:
        url = (await client_of(slack).apps_connections_open(app_token=slack.app_token))["url"]
        async with aiohttp.ClientSession() as session:
            async with session.ws_connect(url):
                pass
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url)

    play(scenario)


def test_a_slash_command_is_acknowledged_and_answered_later() -> None:
    """Both answers are the asker's only; like Slack, replace_original is not heeded for a
    command.
    """

    async def scenario(slack: SlackStandIn) -> None:
        async with bolt(slack) as app:
            asked: list[Json] = []

            async def on_command(command: Json, ack: Ack, respond: Ack) -> None:
                asked.append(command)
                await ack(text="looking …")
                await asyncio.sleep(0.1)
                await respond(text="found it", blocks=[{"type": "divider"}], replace_original=True)

            app.command("/sev")(on_command)
            answer = await slack.slash("/sev", "diagnose ranker-1")
            assert (answer.error, answer.said) == (None, "looking …")
            await slack.wait_for(lambda: answer.responses == 1, 5)
        assert (asked[0]["text"], asked[0]["channel_id"]) == ("diagnose ranker-1", slack.channel_id)
        assert [message["text"] for message in answer.messages] == ["looking …", "found it"]
        assert (answer.said, answer.blocks) == ("found it", [{"type": "divider"}])
        assert slack.messages() == []

    play(scenario)


def test_replacing_a_commands_answer_can_be_switched_on() -> None:
    """Then the later answer stands in place of the first."""

    async def scenario(slack: SlackStandIn) -> None:
        async with raw_socket(slack) as socket, aiohttp.ClientSession() as session:
            asking = asyncio.create_task(slack.slash("/sev", "help"))
            envelope = await socket.receive_json(timeout=5)
            await socket.send_json(
                {"envelope_id": envelope["envelope_id"], "payload": {"text": "looking …"}}
            )
            answer = await asking
            await session.post(
                envelope["payload"]["response_url"],
                json={"text": "found it", "replace_original": True},
            )
        assert [message["text"] for message in slack.ephemerals] == ["found it"] == [answer.said]

    play(scenario, replaces_command_answers=True)


def test_a_response_url_takes_five_answers_in_half_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sixth is refused with used_url, and any after the time with expired_url."""

    async def scenario(slack: SlackStandIn) -> None:
        async with raw_socket(slack) as socket, aiohttp.ClientSession() as session:
            asking = asyncio.create_task(slack.slash("/sev"))
            envelope = await socket.receive_json(timeout=5)
            await socket.send_json({"envelope_id": envelope["envelope_id"]})
            await asking
            url = envelope["payload"]["response_url"]
            answers = [
                await session.post(url, json={"text": "more", "response_type": "in_channel"})
                for _ in range(6)
            ]
            assert [answer.status for answer in answers] == [200] * 5 + [404]
            assert await answers[5].json() == {"ok": False, "error": "used_url"}
            monkeypatch.setattr(responses, "RESPONSE_URL_LIFE_S", -1.0)
            assert (await (await session.post(url, json={"text": "late"})).json())[
                "error"
            ] == "expired_url"
        assert [message["text"] for message in slack.messages()] == ["more"] * 5

    play(scenario)


def test_a_slash_command_that_nobody_acknowledges_fails_as_on_slack(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """dispatch_failed without a socket, operation_timeout with one; the asker is told."""
    monkeypatch.setattr(commands, "ACK_WITHIN_S", 0.1)

    async def scenario(slack: SlackStandIn) -> None:
        assert (await slack.slash("/sev", "help")).error == "dispatch_failed"
        async with raw_socket(slack) as socket:
            answer = await slack.slash("/sev", "help")
            assert (answer.error, answer.said) == (
                "operation_timeout",
                "/sev failed with the error “operation_timeout”",
            )
            assert (await socket.receive_json(timeout=5))["payload"]["command"] == "/sev"
            with pytest.raises(TimeoutError):  # the one that failed before was never sent
                await socket.receive_json(timeout=0.1)
        assert (await slack.slash("/other")).error == "unknown_command"

    play(scenario)


@pytest.mark.parametrize(("token", "code"), [("", "not_authed"), ("wrong", "invalid_auth")])
def test_a_token_that_is_missing_or_wrong_is_refused(token: str, code: str) -> None:
    """By every method."""

    async def scenario(slack: SlackStandIn) -> None:
        assert (await refused(client_of(slack, token).auth_test()))["error"] == code
        assert (await refused(client_of(slack).apps_connections_open(app_token=token)))[
            "error"
        ] == code

    play(scenario)


def test_a_token_of_the_other_kind_is_refused() -> None:
    """The app-level token opens sockets and does nothing else; the bot token opens none."""

    async def scenario(slack: SlackStandIn) -> None:
        assert (await refused(client_of(slack, slack.app_token).auth_test()))[
            "error"
        ] == "not_allowed_token_type"
        assert (await refused(client_of(slack).apps_connections_open(app_token=slack.bot_token)))[
            "error"
        ] == "not_allowed_token_type"

    play(scenario)


def test_a_method_whose_scope_was_not_granted_is_refused() -> None:
    """And says which it needs; without channels:history no event comes either."""

    async def scenario(slack: SlackStandIn) -> None:
        client = client_of(slack)
        answer = await refused(client.conversations_history(channel=slack.channel_id))
        assert (answer["error"], answer["needed"], answer["provided"]) == (
            "missing_scope",
            "channels:history",
            "chat:write",
        )
        assert (await refused(client.conversations_info(channel=slack.channel_id)))[
            "needed"
        ] == "channels:read"
        with pytest.raises(KeyError):
            await slack.redeliver(await slack.announce("SEV1"))
        assert [call.method for call in slack.refused] == [
            "conversations.history",
            "conversations.info",
        ]
        assert slack.history == []

    play(scenario, scopes={"chat:write"})


def test_auth_test_and_info_say_who_and_where() -> None:
    """What Bolt reads at its start."""

    async def scenario(slack: SlackStandIn) -> None:
        client = client_of(slack)
        me = await client.auth_test()
        assert (me["user_id"], me["bot_id"], me["team_id"]) == (
            slack.bot_user_id,
            slack.bot_id,
            slack.team_id,
        )
        assert me.headers["x-oauth-scopes"] == "channels:read,chat:write"
        info = await client.conversations_info(channel=slack.channel_id)
        assert info["channel"]["name"] == "ops"

    play(scenario, scopes={"channels:read", "chat:write"}, channel_name="ops")


def test_unknown_methods_channels_and_messages_are_refused_by_name() -> None:
    """With the codes that Slack uses."""

    async def scenario(slack: SlackStandIn) -> None:
        client, channel = client_of(slack), slack.channel_id
        theirs = await slack.announce("SEV1")
        assert (await refused(client.api_call("reactions.add")))["error"] == "unknown_method"
        assert (await refused(client.chat_postMessage(channel="C0", text="x")))[
            "error"
        ] == "channel_not_found"
        assert (
            await refused(
                client.api_call("chat.postMessage", params={"channel": channel, "text": ""})
            )
        )["error"] == "no_text"
        assert (await refused(client.chat_update(channel=channel, ts="1.0", text="x")))[
            "error"
        ] == "message_not_found"
        assert (await refused(client.chat_update(channel=channel, ts=theirs, text="x")))[
            "error"
        ] == "cant_update_message"
        assert (await refused(client.conversations_replies(channel=channel, ts="1.0")))[
            "error"
        ] == "thread_not_found"
        assert (
            await refused(client.chat_postEphemeral(channel=channel, user="U0NOBODY", text="x"))
        )["error"] == "user_not_in_channel"
        assert [message["ts"] for message in slack.messages()] == [theirs]

    play(scenario)


def plain(length: int) -> Block:
    return {"type": "plain_text", "text": "x" * length}


def rich(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def inline(kind: str, *elements: Block) -> Block:
    return {"type": kind, "elements": list(elements)}


TEXT = {"type": "text", "text": "x"}


@pytest.mark.parametrize(
    ("blocks", "code"),
    [
        ([{"type": "divider"}] * 51, "invalid_blocks"),
        ([{"type": "section", "text": plain(3001)}], "invalid_blocks"),
        ([{"type": "section"}], "invalid_blocks"),
        ([{"type": "section", "fields": [plain(2001)]}], "invalid_blocks"),
        ([{"type": "section", "fields": [plain(1)] * 11}], "invalid_blocks"),
        ([{"type": "header", "text": plain(151)}], "invalid_blocks"),
        ([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}], "invalid_blocks"),
        ([{"type": "context", "elements": [plain(1)] * 11}], "invalid_blocks"),
        ([{"type": "context", "elements": []}], "invalid_blocks"),
        ([{"type": "context", "elements": [plain(0)]}], "invalid_blocks"),
        ([{"type": "actions", "elements": ["x"]}], "invalid_blocks"),
        ([{"type": "table"}], "invalid_blocks"),
        (["x"], "invalid_blocks"),
        ([{"type": "divider", "block_id": "x" * 256}], "invalid_blocks"),
        ([rich(inline("rich_text_table", TEXT))], "invalid_blocks"),
        ([rich(inline("rich_text_section"))], "invalid_blocks"),
        ([rich(inline("rich_text_section", {"type": "text", "text": ""}))], "invalid_blocks"),
        ([rich(inline("rich_text_section", {"type": "blink"}))], "invalid_blocks"),
        ([rich(inline("rich_text_section", {"type": "link"}))], "invalid_blocks"),
        (
            [rich(inline("rich_text_preformatted", {"type": "emoji", "name": "x"}))],
            "invalid_blocks",
        ),
        (
            [
                rich(
                    {**inline("rich_text_list", inline("rich_text_section", TEXT)), "style": "star"}
                )
            ],
            "invalid_blocks",
        ),
        (
            [
                rich(
                    {**inline("rich_text_list", inline("rich_text_quote", TEXT)), "style": "bullet"}
                )
            ],
            "invalid_blocks",
        ),
        ([{"type": "section", "text": plain(2900)}] * 5, "msg_blocks_too_long"),
        ("not json", "invalid_blocks_format"),
    ],
)
def test_blocks_beyond_slacks_limits_are_refused(blocks: list[Json] | str, code: str) -> None:
    """By posting and by updating, and nothing is kept of them."""

    async def scenario(slack: SlackStandIn) -> None:
        client = client_of(slack)
        mine = await client.chat_postMessage(channel=slack.channel_id, text="mine")
        assert (
            await refused(
                client.chat_postMessage(channel=slack.channel_id, text="x", blocks=blocks)
            )
        )["error"] == code
        assert (
            await refused(
                client.chat_update(channel=slack.channel_id, ts=mine["ts"], text="x", blocks=blocks)
            )
        )["error"] == code
        assert [message["text"] for message in slack.messages()] == ["mine"]
        if isinstance(blocks, list):
            with pytest.raises(SlackError, match=code):
                await slack.announce("x", blocks=blocks)

    play(scenario)


def test_blocks_within_the_limits_are_kept_as_they_came() -> None:
    """One of each kind, form-encoded as JSON text and as a JSON body alike."""
    blocks: list[Block] = [
        {"type": "header", "text": plain(150)},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*x*"}, "fields": [plain(2000)] * 3},
        {
            "type": "context",
            "elements": [
                {"type": "image", "alt_text": "a", "image_url": "https://a.invalid/"},
                *[plain(1)] * 9,
            ],
        },
        {"type": "divider"},
        rich(
            inline("rich_text_section", TEXT, {"type": "link", "url": "https://a.invalid/"}),
            inline("rich_text_preformatted", TEXT),
            inline("rich_text_quote", TEXT),
            {**inline("rich_text_list", inline("rich_text_section", TEXT)), "style": "bullet"},
        ),
        {"type": "actions", "elements": [{"type": "button", "text": plain(1), "action_id": "a"}]},
    ]

    async def scenario(slack: SlackStandIn) -> None:
        await client_of(slack).chat_postMessage(channel=slack.channel_id, text="x", blocks=blocks)
        form = {"token": slack.bot_token, "channel": slack.channel_id, "blocks": json.dumps(blocks)}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{slack.api_url}chat.postMessage", data=form) as answer,
        ):
            assert (await answer.json())["ok"] is True
        assert [message["blocks"] for message in slack.messages()] == [blocks, blocks]

    play(scenario)


def test_text_is_refused_above_what_posting_and_updating_take() -> None:
    """A post is cut at 40,000 characters, without an error; an update takes 4,000."""

    async def scenario(slack: SlackStandIn) -> None:
        client, channel = client_of(slack), slack.channel_id
        ts = (await client.chat_postMessage(channel=channel, text="x" * 40_001))["ts"]
        assert len(slack.messages()[0]["text"]) == 40_000
        await client.chat_update(channel=channel, ts=ts, text="x" * 4_000)
        assert (await refused(client.chat_update(channel=channel, ts=ts, text="x" * 4_001)))[
            "error"
        ] == "msg_too_long"

    play(scenario)


def test_an_update_with_blocks_is_silent_and_one_with_text_alone_takes_the_blocks_away() -> None:
    """As the documentation of chat.update says; metadata stays unless it is given."""

    async def scenario(slack: SlackStandIn) -> None:
        client, channel = client_of(slack), slack.channel_id
        ts = (await client.chat_postMessage(channel=channel, text="a", metadata=METADATA))["ts"]
        await client.chat_update(channel=channel, ts=ts, text="b", blocks=[{"type": "divider"}])
        assert "edited" not in slack.messages()[0]
        await client.chat_update(channel=channel, ts=ts, text="c")
        message = slack.messages()[0]
        assert (message["text"], message["metadata"], "blocks" in message, "edited" in message) == (
            "c",
            METADATA,
            False,
            True,
        )

    play(scenario)


def test_metadata_is_returned_only_where_it_is_asked_for_and_never_in_events() -> None:
    """How it was sent is kept for tests, and not told to apps."""

    async def scenario(slack: SlackStandIn) -> None:
        client, channel = client_of(slack), slack.channel_id
        async with raw_socket(slack) as socket:
            parent = await slack.announce("SEV1")
            await socket.receive_json(timeout=5)
            await client.chat_postMessage(
                channel=channel, thread_ts=parent, text="x", metadata=METADATA, unfurl_links=False
            )
            event = (await socket.receive_json(timeout=5))["payload"]["event"]
        without = (await client.conversations_replies(channel=channel, ts=parent))["messages"]
        asked = (
            await client.conversations_replies(
                channel=channel, ts=parent, include_all_metadata=True
            )
        )["messages"]
        assert "metadata" not in event
        assert "metadata" not in without[1]
        assert (asked[1]["metadata"], "unfurl_links" in asked[1]) == (METADATA, False)
        assert slack.thread(parent)[1]["unfurl_links"] is False
        assert (without[0]["reply_count"], without[0]["reply_users"]) == (1, [SEVBOT.user_id])
        assert (
            await refused(client.chat_postMessage(channel=channel, text="x", metadata={"a": 1}))
        )["error"] == "invalid_metadata_format"

    play(scenario)


def test_threads_and_history_come_in_pages_and_windows() -> None:
    """Replies oldest first with the parent ahead, history newest first without replies; cursor,
    limit and oldest are heeded.
    """

    async def scenario(slack: SlackStandIn) -> None:
        client, channel = client_of(slack), slack.channel_id
        parent = await slack.announce("parent")
        replies = [
            await slack.post_as_user(f"reply {number}", thread_ts=parent) for number in range(4)
        ]
        later = await slack.post_as_user("later")
        first = await client.conversations_replies(channel=channel, ts=parent, limit=3)
        rest = await client.conversations_replies(
            channel=channel, ts=parent, limit=3, cursor=first["response_metadata"]["next_cursor"]
        )
        assert [each["ts"] for each in first["messages"] + rest["messages"]] == [parent, *replies]
        assert (first["has_more"], rest["has_more"]) == (True, False)
        since = await client.conversations_replies(channel=channel, ts=parent, oldest=replies[1])
        assert [each["ts"] for each in since["messages"]] == [parent, *replies[2:]]
        history = await client.conversations_history(channel=channel)
        assert [each["ts"] for each in history["messages"]] == [later, parent]
        after = await client.conversations_history(channel=channel, oldest=parent)
        inclusive = await client.conversations_history(
            channel=channel, oldest=parent, latest=later, inclusive=True, limit=1
        )
        assert (
            [each["ts"] for each in after["messages"]]
            == [later]
            == [each["ts"] for each in inclusive["messages"]]
        )
        assert (await refused(client.conversations_history(channel=channel, cursor="!")))[
            "error"
        ] == "invalid_cursor"
        assert (await refused(client.conversations_history(channel=channel, oldest="x")))[
            "error"
        ] == "invalid_ts_oldest"

    play(scenario)


def test_a_post_whose_reply_is_lost_is_there_all_the_same() -> None:
    """drop-after-commit: the client sees a broken connection, the channel one message."""

    async def scenario(slack: SlackStandIn) -> None:
        client, channel = client_of(slack), slack.channel_id
        slack.fail_next("chat.postMessage", "drop-after-commit")
        with pytest.raises((aiohttp.ClientError, ConnectionError)):
            await client.chat_postMessage(channel=channel, text="once")
        assert [message["text"] for message in slack.messages()] == ["once"]
        assert [call.method for call in slack.history] == ["chat.postMessage"]

    play(scenario)


def test_faults_come_once_each_in_the_order_they_were_asked_for() -> None:
    """Nothing is done by a call that fails; the next one without a fault goes through."""

    async def scenario(slack: SlackStandIn) -> None:
        client, channel = client_of(slack), slack.channel_id
        for how in ("429:30", "429:", "500", "ok-false:is_archived"):
            slack.fail_next("chat.postMessage", how)
        with pytest.raises(ValueError, match="no such fault"):
            slack.fail_next("chat.postMessage", "sulk")
        errors = []
        for _ in range(4):
            with pytest.raises(SlackApiError) as caught:
                await client.chat_postMessage(channel=channel, text="x")
            errors.append(caught.value.response)
        assert [error.status_code for error in errors] == [429, 429, 500, 200]
        assert [error.headers.get("Retry-After") for error in errors[:2]] == ["30", None]
        assert errors[3]["error"] == "is_archived"
        assert slack.messages() == []
        await client.chat_postMessage(channel=channel, text="x")
        assert len(slack.messages()) == 1

    play(scenario)


def test_ephemeral_posts_are_seen_by_one_person_and_are_no_messages() -> None:
    """chat.postEphemeral leaves the channel's messages alone."""

    async def scenario(slack: SlackStandIn) -> None:
        await slack.post_as_user("hello", user="U0MINA00001")
        await client_of(slack).chat_postEphemeral(
            channel=slack.channel_id, user="U0MINA00001", text="psst"
        )
        assert [(shown["to"], shown["text"]) for shown in slack.ephemerals] == [
            ("U0MINA00001", "psst")
        ]
        assert [message["text"] for message in slack.messages()] == ["hello"]

    play(scenario)


def test_any_bot_can_announce_and_its_time_is_its_own() -> None:
    """Timestamps are unique and rise, however fast the posts."""
    other = Bot("Pager", user_id="U0PAGER0001", bot_id="B0PAGER0001", app_id="A0PAGER0001")

    async def scenario(slack: SlackStandIn) -> None:
        stamps = [await slack.announce(f"SEV{number}", bot=other) for number in range(50)]
        assert stamps == sorted(set(stamps))
        assert slack.messages()[0]["bot_id"] == "B0PAGER0001"

    play(scenario)


def test_waiting_ends_with_a_timeout_if_nothing_comes() -> None:
    """`wait_for` raises rather than hangs."""

    async def scenario(slack: SlackStandIn) -> None:
        with pytest.raises(TimeoutError):
            await slack.wait_for(lambda: False, 0.05)

    play(scenario)


def test_the_page_is_served_whole_and_streams_what_comes_later() -> None:
    """The first response holds all that was said; the stream sends the state again after each
    change, and ends with the server.
    """

    async def scenario(slack: SlackStandIn) -> None:
        await slack.announce("SEV1 </script><b>before")
        async with aiohttp.ClientSession() as session:
            async with session.get(slack.page_url) as answer:
                html = await answer.text()
                assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert r"SEV1 \u003c/script>\u003cb>before" in html
            assert "{{" not in html
            async with session.get(f"{slack.page_url}events") as stream:
                assert [message["text"] for message in (await next_state(stream))["messages"]] == [
                    "SEV1 </script><b>before"
                ]
                await slack.announce("SEV2 live")
                assert (await next_state(stream))["messages"][1]["text"] == "SEV2 live"

    play(scenario, page=Page)


async def next_state(stream: aiohttp.ClientResponse) -> Json:
    async with asyncio.timeout(5):
        while True:
            line = await stream.content.readline()
            if line.startswith(b"data: "):
                state: Json = json.loads(line.removeprefix(b"data: "))
                return state


def test_closing_does_not_wait_for_open_pages() -> None:
    """A stream that is open when the stand-in ends is ended properly, at once."""

    async def run() -> bytes:
        async with aiohttp.ClientSession() as session:
            async with SlackStandIn(page=Page) as slack:
                stream = await session.get(f"{slack.page_url}events")
            async with asyncio.timeout(1):
                return await stream.read()

    assert asyncio.run(run()).startswith(b"data: ")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "evil.example", "Origin": "http://evil.example"}, 403),
    ],
)
def test_only_the_page_itself_may_post(headers: dict[str, str], status: int) -> None:
    """Another site's page in the same browser, or another name for this address, gets nothing
    done.
    """

    async def scenario(slack: SlackStandIn) -> None:
        async with aiohttp.ClientSession(headers=headers) as session:
            assert await say(session, slack, {"text": "hello"}) == status
        assert slack.messages() == []

    play(scenario, page=Page)


def test_no_path_answers_to_another_host_or_origin() -> None:
    """Not the page, not the API, not the stream: DNS rebinding finds nothing here."""

    async def scenario(slack: SlackStandIn) -> None:
        async with aiohttp.ClientSession() as session:
            for path in ("", "events", "api/auth.test", "link/x", "commands/x"):
                for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
                    async with session.get(slack.page_url + path, headers=headers) as answer:
                        assert answer.status == 403

    play(scenario, page=Page)


def test_what_the_visitor_types_is_a_message_or_a_command() -> None:
    """Text is escaped as Slack's clients do; a body that is no text is refused."""

    async def scenario(slack: SlackStandIn) -> None:
        own = {"Origin": slack.page_url.rstrip("/")}
        async with raw_socket(slack) as socket, aiohttp.ClientSession(headers=own) as session:
            assert (
                await session.post(f"{slack.page_url}say", json={"text": " <!channel> & co "})
            ).status == 200
            assert (await socket.receive_json(timeout=5))["payload"]["event"][
                "text"
            ] == "&lt;!channel&gt; &amp; co"
            saying = asyncio.create_task(say(session, slack, {"text": "/sev diagnose ranker-1"}))
            envelope = await socket.receive_json(timeout=5)
            assert (envelope["payload"]["command"], envelope["payload"]["text"]) == (
                "/sev",
                "diagnose ranker-1",
            )
            await socket.send_json(
                {"envelope_id": envelope["envelope_id"], "payload": {"text": "looking"}}
            )
            assert await saying == 200
            wrongs: tuple[object, ...] = ({}, {"text": ""}, {"text": 1}, {"text": "x" * 4001}, [])
            for wrong in wrongs:
                assert await say(session, slack, wrong) == 400
            assert (await session.post(f"{slack.page_url}say", data={"text": "form"})).status == 400
        assert [shown["text"] for shown in slack.ephemerals] == ["looking"]

    play(scenario, page=Page)


async def say(session: aiohttp.ClientSession, slack: SlackStandIn, body: object) -> int:
    async with session.post(f"{slack.page_url}say", json=body) as answer:
        return answer.status


def test_user_groups_need_their_scope_and_their_id() -> None:
    """As usergroups.users.list answers."""

    async def scenario(slack: SlackStandIn) -> None:
        slack.workspace.groups["S0ONCALL01"] = ["U0ONCALL"]
        client = client_of(slack)
        assert (await client.usergroups_users_list(usergroup="S0ONCALL01"))["users"] == ["U0ONCALL"]
        assert (await refused(client.usergroups_users_list(usergroup="S0NOSUCH01")))[
            "error"
        ] == "no_such_subteam"

    async def without_scope(slack: SlackStandIn) -> None:
        answer = await refused(client_of(slack).usergroups_users_list(usergroup="S0ONCALL01"))
        assert (answer["error"], answer["needed"]) == ("missing_scope", "usergroups:read")

    play(scenario, scopes=("usergroups:read",))
    play(without_scope)


def test_another_teams_bot_is_told_by_every_field_that_slack_sends() -> None:
    """In a channel shared with it: the envelope, the message and the profile name its team;
    `context_team_id` names ours.
    """

    async def scenario(slack: SlackStandIn) -> None:
        slack.workspace.is_ext_shared_channel = True
        async with raw_socket(slack) as socket:
            await slack.announce(
                "SEV1",
                bot=Bot("theirs", "U0THEIRS01", "B0THEIRS01", "A0THEIRS01", team_id="T0THEIRS01"),
            )
            payload = (await socket.receive_json(timeout=5))["payload"]
        assert (
            payload["team_id"],
            payload["context_team_id"],
            payload["is_ext_shared_channel"],
        ) == ("T0THEIRS01", slack.team_id, True)
        assert (
            payload["event"]["team"] == payload["event"]["bot_profile"]["team_id"] == "T0THEIRS01"
        )
        assert payload["authorizations"][0]["team_id"] == slack.team_id

    play(scenario)
