"""What the stand-in refuses of blocks and views, and that Slack's own library agrees on what it
takes.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest
from slack_sdk.models.blocks import Block as SdkBlock

from bot.standin.block_kinds import BLOCKS, NEWER
from bot.standin.schema import shown_length
from bot.standin.slack import SlackStandIn
from bot.standin.surfaces import check_blocks, check_view, problems_of
from bot.standin.workspace import SlackError
from tests.bot.test_slack_stand_in import client_of, play, refused

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def button(**more: object) -> Json:
    return {"type": "button", "text": plain("Evidence"), "action_id": "a", "value": "v", **more}


def rich(*elements: Json) -> Json:
    return {"type": "rich_text", "elements": list(elements)}


def section(*elements: Json) -> Json:
    return {"type": "rich_text_section", "elements": list(elements)}


SAID = {"type": "text", "text": "x"}
FEEDBACK = {
    "type": "feedback_buttons",
    "action_id": "f",
    "positive_button": {"text": plain("Right"), "value": "right"},
    "negative_button": {"text": plain("Wrong"), "value": "wrong"},
}
IMAGE = {"type": "image", "alt_text": "a", "image_url": "https://a.invalid/x.png"}
OPTION = {"text": plain("one"), "value": "1"}
INPUT = {
    "type": "input",
    "label": plain("cause"),
    "element": {"type": "plain_text_input", "action_id": "t"},
}
TASK = {"type": "task_card", "task_id": "1", "title": "look", "status": "pending"}
SAMPLES: dict[str, Json] = {
    "header": {"type": "header", "text": plain("x" * 150)},
    "section": {
        "type": "section",
        "text": {"type": "mrkdwn", "text": "*x*"},
        "fields": [plain("y")],
        "accessory": button(),
    },
    "context": {"type": "context", "elements": [plain("x"), IMAGE]},
    "divider": {"type": "divider"},
    "image": IMAGE,
    "actions": {
        "type": "actions",
        "elements": [
            button(style="primary"),
            {"type": "static_select", "action_id": "s", "options": [OPTION]},
        ],
    },
    "context_actions": {"type": "context_actions", "elements": [FEEDBACK]},
    "input": INPUT,
    "rich_text": rich(
        section(
            SAID,
            {"type": "link", "url": "https://a.invalid/"},
            {"type": "user", "user_id": "U1"},
            {"type": "date", "timestamp": 1795380000, "format": "{time}", "fallback": "20:00"},
            {"type": "emoji", "name": "eyes"},
        ),
        {"type": "rich_text_preformatted", "elements": [SAID]},
        {"type": "rich_text_list", "style": "bullet", "elements": [section(SAID)]},
        {"type": "rich_text_quote", "elements": [SAID]},
    ),
    "markdown": {"type": "markdown", "text": "# x"},
    "table": {
        "type": "table",
        "rows": [[{"type": "raw_text", "text": "host"}, rich(section(SAID))]],
        "column_settings": [{"is_wrapped": True, "align": "left"}],
    },
    "task_card": TASK,
    "plan": {"type": "plan", "title": "looking", "tasks": [TASK]},
    "alert": {"type": "alert", "text": plain("x"), "level": "info"},
    "card": {"type": "card", "title": plain("x"), "actions": [button()]},
    "carousel": {"type": "carousel", "elements": [{"type": "card", "title": plain("x")}]},
    "container": {
        "type": "container",
        "title": plain("x"),
        "child_blocks": [{"type": "divider"}],
        "is_collapsible": True,
    },
}


def at(block: Json, *path: str | int, value: object) -> Json:
    """The block with something else at a place of it."""
    changed = copy.deepcopy(block)
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return changed


def test_there_is_a_sample_of_every_kind_that_slack_takes() -> None:
    """So that none is taken unseen."""
    assert SAMPLES.keys() == BLOCKS.keys()


@pytest.mark.parametrize("kind", SAMPLES)
def test_each_kind_is_taken_here_and_by_slacks_own_models(kind: str) -> None:
    """slack_sdk reads it as the same kind, and its own checks pass."""
    sample = SAMPLES[kind]
    assert problems_of("view", _view(sample)) == []
    read = SdkBlock.parse(copy.deepcopy(sample))
    assert read is not None
    read.validate_json()
    assert read.to_dict()["type"] == kind


@pytest.mark.parametrize("kind", SAMPLES)
def test_no_kind_takes_a_key_that_it_does_not_have(kind: str) -> None:
    """The place and the key are named."""
    found = [str(each) for each in problems_of("blocks", [{**SAMPLES[kind], "colour": "red"}])]
    assert "unknown property: colour [json-pointer:/blocks/0/colour]" in found


ACTIONS, CONTEXT_ACTIONS = SAMPLES["actions"], SAMPLES["context_actions"]
REFUSED = {
    "an unknown type": ({"type": "hologram"}, "/blocks/0"),
    "no text": ({"type": "header"}, "/blocks/0"),
    "an empty text": ({"type": "header", "text": plain("")}, "/blocks/0/text/text"),
    "151 in a header": ({"type": "header", "text": plain("x" * 151)}, "/blocks/0/text/text"),
    "mrkdwn in a header": (
        {"type": "header", "text": {"type": "mrkdwn", "text": "x"}},
        "/blocks/0/text",
    ),
    "3,001 in a section": ({"type": "section", "text": plain("x" * 3001)}, "/blocks/0/text/text"),
    "11 fields": ({"type": "section", "fields": [plain("x")] * 11}, "/blocks/0/fields"),
    "2,001 in a field": (
        {"type": "section", "fields": [plain("x" * 2001)]},
        "/blocks/0/fields/0/text",
    ),
    "a section without text": ({"type": "section"}, "/blocks/0"),
    "11 in a context": ({"type": "context", "elements": [plain("x")] * 11}, "/blocks/0/elements"),
    "a button in a context": (
        {"type": "context", "elements": [button()]},
        "/blocks/0/elements/0",
    ),
    "26 actions": (
        {"type": "actions", "elements": [button(action_id=f"a{n}") for n in range(26)]},
        "/blocks/0/elements",
    ),
    "feedback among actions": (
        {"type": "actions", "elements": [FEEDBACK]},
        "/blocks/0/elements/0",
    ),
    "a button's text of 76": (
        at(ACTIONS, "elements", 0, "text", "text", value="x" * 76),
        "/blocks/0/elements/0/text/text",
    ),
    "a button's value of 2,001": (
        at(ACTIONS, "elements", 0, "value", value="x" * 2001),
        "/blocks/0/elements/0/value",
    ),
    "a style that does not exist": (
        at(ACTIONS, "elements", 0, "style", value="loud"),
        "/blocks/0/elements/0/style",
    ),
    "a button's url of 3,001": (
        at(ACTIONS, "elements", 0, "url", value="x" * 3001),
        "/blocks/0/elements/0/url",
    ),
    "an action_id of 256": (
        at(ACTIONS, "elements", 0, "action_id", value="x" * 256),
        "/blocks/0/elements/0/action_id",
    ),
    "101 options": (
        at(ACTIONS, "elements", 1, "options", value=[OPTION] * 101),
        "/blocks/0/elements/1/options",
    ),
    "an action_id twice": (
        {"type": "actions", "elements": [button(), button()]},
        "/blocks/0/elements",
    ),
    "a feedback button without its value": (
        at(CONTEXT_ACTIONS, "elements", 0, "positive_button", value={"text": plain("Right")}),
        "/blocks/0/elements/0/positive_button",
    ),
    "an empty text in rich text": (
        rich(section({"type": "text", "text": ""})),
        "/blocks/0/elements/0/elements/0/text",
    ),
    "a user in code": (
        rich({"type": "rich_text_preformatted", "elements": [{"type": "user", "user_id": "U1"}]}),
        "/blocks/0/elements/0/elements/0",
    ),
    "101 rows": (
        at(SAMPLES["table"], "rows", value=[[{"type": "raw_text", "text": "x"}]] * 101),
        "/blocks/0/rows",
    ),
    "21 columns": (
        at(SAMPLES["table"], "rows", value=[[{"type": "raw_text", "text": "x"}] * 21]),
        "/blocks/0/rows/0",
    ),
    "11 children": (
        at(SAMPLES["container"], "child_blocks", value=[{"type": "divider"}] * 11),
        "/blocks/0/child_blocks",
    ),
    "an alert in a message": (SAMPLES["alert"], "/blocks/0"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_slack_refuses_is_refused_with_its_place(name: str) -> None:
    """As `invalid_blocks`, with the pointer in `response_metadata`."""
    block, pointer = REFUSED[name]
    with pytest.raises(SlackError) as caught:
        check_blocks([block])
    assert caught.value.code == "invalid_blocks"
    messages = caught.value.more["response_metadata"]
    assert isinstance(messages, dict)
    assert any(said.endswith(f"[json-pointer:{pointer}]") for said in messages["messages"])


def test_lengths_count_after_escaping() -> None:
    """A bare `&` is five characters to Slack, whoever escapes it; one that is escaped already is
    not escaped twice.
    """
    assert shown_length("a & b < c &amp; &lt;") == len("a &amp; b &lt; c &amp; &lt;")
    check_blocks([{"type": "header", "text": plain("&" * 30)}])
    with pytest.raises(SlackError):
        check_blocks([{"type": "header", "text": plain("&" * 31)}])


def test_two_blocks_have_no_common_id_and_a_message_has_fifty() -> None:
    """Ids are one block's own."""
    with pytest.raises(SlackError):
        check_blocks([{"type": "divider", "block_id": "a"}] * 2)
    check_blocks([{"type": "divider"}] * 50)
    with pytest.raises(SlackError):
        check_blocks([{"type": "divider"}] * 51)


def test_a_workspace_without_the_newer_kinds_refuses_them() -> None:
    """Each of them, in messages and modals, and no other."""
    for kind, sample in SAMPLES.items():
        refused_as_newer = False
        try:
            check_view(_view(sample), takes_newer=False)
        except SlackError:
            refused_as_newer = True
        assert refused_as_newer == (kind in NEWER), kind


def _view(*blocks: Json, **more: object) -> Json:
    return {
        "type": "modal",
        "title": plain("Evidence"),
        "submit": plain("Send"),
        "blocks": list(blocks),
        **more,
    }


VIEWS = {
    "a title of 25": _view({"type": "divider"}, title=plain("x" * 25)),
    "private_metadata of 3,001": _view({"type": "divider"}, private_metadata="x" * 3001),
    "callback_id of 256": _view({"type": "divider"}, callback_id="x" * 256),
    "101 blocks": _view(*[{"type": "divider"}] * 101),
    "no blocks": _view(),
    "an unknown key": _view({"type": "divider"}, colour="red"),
    "inputs without submit": {key: value for key, value in _view(INPUT).items() if key != "submit"},
}


@pytest.mark.parametrize("name", VIEWS)
def test_a_view_that_slack_refuses_is_refused(name: str) -> None:
    """As invalid arguments, with the place."""
    with pytest.raises(SlackError, match="invalid_arguments"):
        check_view(VIEWS[name])


def test_blocks_validate_takes_one_thing_and_names_each_problem() -> None:
    """Nothing is posted; a message without `text` is not noticed, as Slack does not either."""

    async def scenario(slack: SlackStandIn) -> None:
        client = client_of(slack)
        bad = [{"type": "header", "text": plain("x" * 151)}]
        answer = await refused(client.api_call("blocks.validate", json={"blocks": bad}))
        assert answer["error"] == "invalid_blocks"
        assert answer["errors"] == [
            {
                "pointer": "/blocks/0/text/text",
                "code": "too_long",
                "message": "no more than 150 characters allowed",
                "constraint": 150,
            }
        ]
        assert "errors" not in await client.api_call(
            "blocks.validate", json={"message": {"blocks": [{"type": "divider"}]}}
        )
        both = client.api_call("blocks.validate", json={"blocks": bad, "view": _view()})
        assert (await refused(both))["error"] == "invalid_arguments"
        assert slack.messages() == []

    play(scenario)
