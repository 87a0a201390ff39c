"""Buttons and modals of the stand-in, pressed by a person and answered by the real Bolt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.standin import actions
from bot.standin.slack import VISITOR, SlackStandIn
from tests.bot.test_slack_stand_in import bolt, client_of, play, refused

Json = dict[str, Any]
Ack = Callable[..., Awaitable[None]]
BUTTON = {
    "type": "button",
    "action_id": "evidence",
    "value": "k1",
    "text": {"type": "plain_text", "text": "Evidence"},
}
BLOCKS: list[Json] = [
    {"type": "section", "text": {"type": "plain_text", "text": "x"}},
    {"type": "actions", "block_id": "b", "elements": [BUTTON]},
]


def modal(title: str = "Evidence", **more: object) -> Json:
    return {
        "type": "modal",
        "callback_id": "v",
        "title": {"type": "plain_text", "text": title},
        "blocks": [{"type": "actions", "elements": [{**BUTTON, "action_id": "next"}]}],
        **more,
    }


ASKING = modal(
    "Wrong",
    submit={"type": "plain_text", "text": "Send"},
    blocks=[
        {
            "type": "input",
            "block_id": "cause",
            "label": {"type": "plain_text", "text": "What was it?"},
            "element": {"type": "plain_text_input", "action_id": "said"},
        }
    ],
)


async def post(slack: SlackStandIn) -> str:
    client = client_of(slack)
    parent = await slack.announce("SEV1")
    answer = await client.chat_postMessage(
        channel=slack.channel_id, thread_ts=parent, text="x", blocks=BLOCKS
    )
    return str(answer["ts"])


def opener(app: AsyncApp, seen: list[Json], view: Json) -> None:
    """Opens `view` for whoever presses."""

    async def on_press(ack: Ack, body: Json, client: AsyncWebClient) -> None:
        await ack()
        seen.append(body)
        await client.views_open(trigger_id=body["trigger_id"], view=view)

    app.action("evidence")(on_press)


def test_a_press_comes_as_slack_sends_it_and_opens_a_modal() -> None:
    """With the message, its channel, who pressed, the action and a trigger."""
    seen: list[Json] = []

    async def scenario(slack: SlackStandIn) -> None:
        async with bolt(slack) as app:
            opener(app, seen, modal())
            ts = await post(slack)
            pressed = await slack.press(ts, "evidence")
            assert pressed.error is None
            await slack.wait_for(lambda: slack.views, 5)
            (view,) = slack.views.values()
            assert (view["user"], view["title"]["text"]) == (VISITOR, "Evidence")
            body = seen[0]
            assert (body["container"]["message_ts"], body["message"]["ts"]) == (ts, ts)
            assert (body["channel"]["id"], body["user"]["id"]) == (slack.channel_id, VISITOR)
            (action,) = body["actions"]
            assert (action["action_id"], action["value"], action["block_id"]) == (
                "evidence",
                "k1",
                "b",
            )

    play(scenario)


def test_a_trigger_is_good_once_and_for_three_seconds() -> None:
    """Slack's three words: exchanged, expired, invalid."""
    now = [0.0]
    seen: list[Json] = []

    async def scenario(slack: SlackStandIn) -> None:
        slack.workspace.clock = lambda: now[0]
        client = client_of(slack)
        async with bolt(slack) as app:
            opener(app, seen, modal())
            ts = await post(slack)
            first = await slack.press(ts, "evidence")
            await slack.wait_for(lambda: slack.views, 5)
            again = client.views_open(trigger_id=first.trigger_id, view=modal())
            assert (await refused(again))["error"] == "exchanged_trigger_id"
            unknown = client.views_open(trigger_id="1.2.3", view=modal())
            assert (await refused(unknown))["error"] == "invalid_trigger_id"
            command = await slack.slash("/sev", "help")
            assert command.error == "operation_timeout"
        trigger_id = slack.open_by_hand()
        now[0] = 3.1
        late = client.views_open(trigger_id=trigger_id, view=modal())
        assert (await refused(late))["error"] == "expired_trigger_id"

    play(scenario)


def test_a_stack_has_three_views_and_an_update_heeds_its_hash() -> None:
    """The fourth is refused; an update with an old hash is, too."""

    async def scenario(slack: SlackStandIn) -> None:
        client = client_of(slack)
        async with bolt(slack) as app:

            async def on_next(ack: Ack) -> None:
                await ack()

            app.action("next")(on_next)
            opener(app, [], modal())
            await slack.press(await post(slack), "evidence")
            await slack.wait_for(lambda: slack.views, 5)
            (root,) = slack.views
            for title in ("two", "three"):
                pressed = await slack.press_in_view(list(slack.views)[-1], "next")
                await client.views_push(trigger_id=pressed.trigger_id, view=modal(title))
            pressed = await slack.press_in_view(root, "next")
            fourth = client.views_push(trigger_id=pressed.trigger_id, view=modal("four"))
            assert (await refused(fourth))["error"] == "push_limit_reached"
            old = slack.views[root]["hash"]
            await client.views_update(view_id=root, hash=old, view=modal("new"))
            assert slack.views[root]["title"]["text"] == "new"
            stale = client.views_update(view_id=root, hash=old, view=modal("newer"))
            assert (await refused(stale))["error"] == "hash_conflict"

    play(scenario)


def test_a_view_is_refused_above_250_kilobytes() -> None:
    """As Slack says: view_too_large."""
    big = modal(blocks=[{"type": "markdown", "text": "x" * 11_000}] * 25)

    async def scenario(slack: SlackStandIn) -> None:
        trigger_id = slack.open_by_hand()
        large = client_of(slack).views_open(trigger_id=trigger_id, view=big)
        assert (await refused(large))["error"] == "view_too_large"

    play(scenario)


@pytest.mark.parametrize("answer", ["errors", "update", "close"])
def test_a_submission_is_answered_by_its_acknowledgement(answer: str) -> None:
    """With what was typed; errors keep it open, an update replaces it, else it closes."""
    answers: dict[str, Json] = {
        "errors": {"response_action": "errors", "errors": {"cause": "Say more."}},
        "update": {"response_action": "update", "view": modal("Thanks")},
        "close": {},
    }
    seen: list[Json] = []

    async def scenario(slack: SlackStandIn) -> None:
        async with bolt(slack) as app:

            async def on_submit(ack: Ack, view: Json) -> None:
                seen.append(view)
                await ack(**answers[answer])

            app.view("v")(on_submit)
            opener(app, [], ASKING)
            await slack.press(await post(slack), "evidence")
            await slack.wait_for(lambda: slack.views, 5)
            (view_id,) = slack.views
            done = await slack.submit(view_id, {"cause": {"said": {"value": "disk"}}})
            assert done.error is None
            assert seen[0]["state"]["values"]["cause"]["said"]["value"] == "disk"
            assert done.errors == answers[answer].get("errors", {})
            titles = [view["title"]["text"] for view in slack.views.values()]
            assert titles == {"errors": ["Wrong"], "update": ["Thanks"], "close": []}[answer]

    play(scenario)


def test_without_interactivity_nothing_is_sent_and_without_an_ack_the_presser_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The app hears of the second only."""
    monkeypatch.setattr(actions, "ACK_WITHIN_S", 0.2)

    async def scenario(slack: SlackStandIn) -> None:
        ts = await post(slack)
        assert (await slack.press(ts, "evidence")).error == "dispatch_failed"
        assert (await slack.press(ts, "nothing")).error == "no_such_action"
        async with bolt(slack) as app:

            async def silent() -> None:
                await asyncio.sleep(1)

            app.action("evidence")(silent)
            assert (await slack.press(ts, "evidence")).error == "operation_timeout"
            slack.workspace.interactivity = False
            assert (await slack.press(ts, "evidence")).error == "interactivity_off"

    play(scenario)


def test_an_actions_response_url_answers_the_presser_and_may_replace_or_delete() -> None:
    """Five times; without a response_type to the presser alone."""

    async def scenario(slack: SlackStandIn) -> None:
        ts = await post(slack)
        async with bolt(slack) as app:

            async def on_press(ack: Ack, body: Json) -> None:
                await ack()
                hook = AsyncWebhookClient(body["response_url"])
                await hook.send(text="psst")
                await hook.send(text="other", replace_original=True)
                await hook.send(text="for all", response_type="in_channel")
                await hook.send(text="", delete_original=True)
                await hook.send(text="five")
                sixth = await hook.send(text="six")
                sixth_body.set_result(sixth.body)

            sixth_body: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            app.action("evidence")(on_press)
            pressed = await slack.press(ts, "evidence")
            assert "used_url" in await asyncio.wait_for(sixth_body, 5)
            assert [each["text"] for each in pressed.messages] == ["psst", "five"]
            assert ts not in [message["ts"] for message in slack.messages()]
            assert slack.messages()[-1]["text"] == "for all"

    play(scenario)
