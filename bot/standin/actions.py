"""What people press in the stand-in: buttons of messages and modals, and a modal's *Submit*; each
an envelope that wants its acknowledgement within three seconds (docs.slack.dev, block_actions and
view_submission payloads).
"""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.standin.limits import check_content
from bot.standin.responses import Responses
from bot.standin.socket_mode import SocketMode
from bot.standin.views import Views
from bot.standin.workspace import Json, SlackError, Workspace

ACK_WITHIN_S = 3.0

Values = Mapping[str, Mapping[str, Mapping[str, Any]]]


@dataclass
class Pressed:
    """What came of a press. `error`: operation_timeout (no acknowledgement), dispatch_failed (no
    socket), interactivity_off, or no_such_action; `messages` are what the presser alone was shown.
    """

    action_id: str
    user: str
    error: str | None = None
    trigger_id: str = ""
    messages: list[Json] = field(default_factory=list)


@dataclass
class Submitted:
    """What came of a submission: `errors` by block_id, or an `error` as of `Pressed`."""

    errors: Json = field(default_factory=dict)
    error: str | None = None


@dataclass
class Actions:
    """Sends what people do. Without `interactivity` in the manifest Slack sends nothing."""

    workspace: Workspace
    sockets: SocketMode
    views: Views
    responses: Responses
    base_url: Callable[[], str]

    async def press(
        self, message: Json, action_id: str, user: str, value: str | None = None
    ) -> Pressed:
        """Press what has this action_id in a message, an ephemeral one, too; `value` chooses among
        a pair of feedback buttons, or an option.
        """
        pressed = Pressed(action_id, user)
        found = _element(message.get("blocks"), action_id)
        if found is None:
            pressed.error = "no_such_action"
            return pressed
        block, element = found
        channel = {"id": self.workspace.channel_id, "name": self.workspace.channel_name}
        more: Json = {
            "container": _container(message, channel["id"]),
            "channel": channel,
            "response_url": self.responses.give(
                self.base_url(),
                "actions",
                lambda body: self._respond(pressed, message, body),
            ),
            "state": {"values": {}},
        }
        if "to" not in message:
            more["message"] = self.workspace.seen(message, metadata=True)
        action = _action(block, element, value)
        await self._send(pressed, self._payload(pressed, "block_actions", None, action, more))
        return pressed

    async def press_in_view(self, view: Json, action_id: str, value: str | None = None) -> Pressed:
        """Press a button of an open modal."""
        pressed = Pressed(action_id, view["user"])
        found = _element(view.get("blocks"), action_id)
        if found is None:
            pressed.error = "no_such_action"
            return pressed
        container = {"type": "view", "view_id": view["id"]}
        action = _action(*found, value)
        more = {"container": container, "view": _as_sent(self.workspace, view)}
        payload = self._payload(pressed, "block_actions", view["root_view_id"], action, more)
        await self._send(pressed, payload)
        return pressed

    async def submit(self, view: Json, values: Values) -> Submitted:
        """Submit a modal with what stands in its inputs, by block_id and action_id."""
        view["state"] = {"values": _typed(view, values)}
        pressed = Pressed("", view["user"])
        more = {"view": _as_sent(self.workspace, view), "response_urls": []}
        payload = self._payload(pressed, "view_submission", view["root_view_id"], None, more)
        answer = await self._send(pressed, payload)
        if answer is None:
            return Submitted(error=pressed.error)
        try:
            return self._answered(view, answer)
        except SlackError as refusal:
            return Submitted(error=refusal.code)

    def _answered(self, view: Json, answer: Json) -> Submitted:
        match answer.get("response_action"):
            case "errors":
                known = {block.get("block_id") for block in view["blocks"]}
                errors = answer.get("errors")
                if not isinstance(errors, dict) or not errors or not known.issuperset(errors):
                    raise SlackError("invalid_arguments")
                return Submitted(errors=errors)
            case "update":
                self.views.replace(view, answer.get("view"))
            case "push":
                self.views.push_answer(view, answer.get("view"))
            case "clear":
                self.views.close(view["id"], whole_stack=True)
            case _:
                self.views.close(view["id"])
        return Submitted()

    def _payload(
        self, pressed: Pressed, kind: str, root_id: str | None, action: Json | None, more: Json
    ) -> Json:
        workspace = self.workspace
        pressed.trigger_id = self.views.trigger(pressed.user, root_id)
        name = workspace.people.setdefault(pressed.user, pressed.user)
        grid = workspace.enterprise_id
        enterprise = {"id": grid, "name": workspace.team_name} if grid else None
        return {
            "type": kind,
            "user": {
                "id": pressed.user,
                "username": name,
                "name": name,
                "team_id": workspace.team_id,
            },
            "api_app_id": workspace.sevbot.app_id,
            "token": "verification-token-unused",
            "team": {"id": workspace.team_id, "domain": workspace.team_name},
            "enterprise": enterprise,
            "is_enterprise_install": False,
            "trigger_id": pressed.trigger_id,
            **({"actions": [action]} if action is not None else {}),
            **more,
        }

    async def _send(self, pressed: Pressed, payload: Json) -> Json | None:
        """The payload of its acknowledgement; None, and why in `pressed`, where there was none."""
        if not self.workspace.interactivity:
            pressed.error = "interactivity_off"
            return None
        envelope = self.sockets.send("interactive", payload)
        try:
            return await asyncio.wait_for(asyncio.shield(envelope.acked), ACK_WITHIN_S)
        except TimeoutError:
            self.sockets.withdraw(envelope)
            pressed.error = "operation_timeout" if envelope.sent else "dispatch_failed"
            return None

    def _respond(self, pressed: Pressed, message: Json, body: Json) -> None:
        """What comes by the response_url of an action: to the presser alone, unless the app says
        otherwise; it may replace or delete the message that was pressed.
        """
        workspace = self.workspace
        if body.get("delete_original"):
            if message in workspace.ephemerals:
                workspace.ephemerals.remove(message)
            elif message["ts"] in workspace.messages:
                workspace.delete(message["ts"])
            return
        check_content(body, takes_newer=workspace.takes_newer)
        if body.get("replace_original"):
            workspace.edit(message, body) if "to" not in message else message.update(body)
            return
        if body.get("response_type") == "in_channel":
            workspace.post_as_bot(workspace.sevbot, body, message.get("thread_ts"))
            return
        pressed.messages.append(workspace.show_to(pressed.user, workspace.sevbot, body))


def _container(message: Json, channel_id: str) -> Json:
    """Where what was pressed stands."""
    container = {
        "type": "message",
        "message_ts": message["ts"],
        "channel_id": channel_id,
        "is_ephemeral": "to" in message,
    }
    if "thread_ts" in message:
        container["thread_ts"] = message["thread_ts"]
    return container


def _as_sent(workspace: Workspace, view: Json) -> Json:
    sent = {key: copy.deepcopy(value) for key, value in view.items() if key != "user"}
    return {
        **sent,
        "team_id": workspace.team_id,
        "app_id": workspace.sevbot.app_id,
        "bot_id": workspace.sevbot.bot_id,
    }


def _element(blocks: object, action_id: str) -> tuple[Json, Json] | None:
    """The block and its element with this action_id."""
    for block in blocks if isinstance(blocks, list) else []:
        for element in _elements(block):
            if element.get("action_id") == action_id:
                return block, element
    return None


def _elements(block: Json) -> Iterator[Json]:
    held = [*block.get("elements", []), *block.get("actions", [])]
    held += [block[key] for key in ("accessory", "element") if key in block]
    yield from (each for each in held if isinstance(each, dict))
    for child in block.get("child_blocks", []):
        yield from _elements(child)


def _action(block: Json, element: Json, value: str | None) -> Json:
    """What stands in `actions[]` (docs.slack.dev, block_actions payloads)."""
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block.get("block_id", "made"),  # Slack makes one up
        "action_ts": f"{time.time():.6f}",
    }
    if element["type"] == "feedback_buttons":
        both = (element["positive_button"], element["negative_button"])
        chosen = next((each for each in both if each.get("value") == value), both[0])
        return {**action, "text": chosen["text"], "value": chosen.get("value", "")}
    if "options" in element:
        chosen = next(each for each in element["options"] if each["value"] == value)
        return {**action, "selected_option": chosen}
    if "text" in element:
        action["text"] = element["text"]
    if "value" in element:
        action["value"] = element["value"]
    return action


def _typed(view: Json, values: Values) -> Json:
    """The state's values: each input's, None where nothing was typed."""
    typed: Json = {}
    for block in view["blocks"]:
        if block.get("type") != "input":
            continue
        element, block_id = block["element"], block.get("block_id", "")
        action_id = element.get("action_id", "")
        given = values.get(block_id, {}).get(action_id, {})
        nothing: Json = {"value": None} if "input" in element["type"] else {"selected_option": None}
        typed[block_id] = {action_id: {"type": element["type"], **nothing, **given}}
    return typed
