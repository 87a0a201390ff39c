"""One press as Slack tells of it (docs.slack.dev, block_actions and view_submission payloads): who,
where, on what; and the way back to whoever pressed.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.chat import Note, Place
from bot.slack.content import content_of
from bot.slack.evidence_view import Opened
from bot.slack.retry import TROUBLE, NotTakenError, Pauses, again
from bot.slack.retry_after import GaveUpError

HTTP_OK = 200
RESPONSES = 3
EACH_S = Pauses(1.0, 1.0)  # a person waits for it

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Press:
    """Who pressed, and on the message or modal of which SEV.

    `view_id` and `view_hash` are empty for a button in a message, `response_url` for one in a
    modal.
    """

    person: str
    value: str
    opened: Opened
    trigger_id: str
    response_url: str
    view_id: str
    view_hash: str
    asked: Mapping[str, Any]

    @property
    def place(self) -> Place:
        """Where the SEV is answered."""
        return Place(self.opened.channel, self.opened.thread, self.opened.key)


def read_press(body: Mapping[str, Any], action: Mapping[str, Any] | None = None) -> Press:
    """The press in a payload. ValueError where a modal is not ours."""
    value = str((action or {}).get("value") or "")
    view = _inside(body, "view")
    if view:
        opened = Opened.read(view.get("private_metadata"))
    else:
        message, container = _inside(body, "message"), _inside(body, "container")
        thread = message.get("thread_ts") or container.get("thread_ts") or message.get("ts")
        channel = _inside(body, "channel").get("id") or container.get("channel_id")
        opened = Opened(value.rpartition(":")[2], str(channel or ""), str(thread or ""))
    return Press(
        person=str(_inside(body, "user").get("id") or ""),
        value=value,
        opened=opened,
        trigger_id=str(body.get("trigger_id") or ""),
        response_url=str(body.get("response_url") or ""),
        view_id=str(view.get("id") or ""),
        view_hash=str(view.get("hash") or ""),
        asked=_asked(body, opened.channel),
    )


def _asked(body: Mapping[str, Any], channel: str) -> dict[str, Any]:
    """As the door asks of a command: in a shared channel `team` may be ours, and the person's own
    another.
    """
    user = _inside(body, "user")
    return {
        "team_id": _inside(body, "team").get("id"),
        "enterprise_id": _inside(body, "enterprise").get("id"),
        "user_id": user.get("id"),
        "channel_id": channel,
        "event": {"user_team": user.get("team_id") or "unknown"},
    }


def _inside(body: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = body.get(key)
    return value if isinstance(value, Mapping) else {}


async def answer(press: Press, session: aiohttp.ClientSession | None, *sentences: str) -> None:
    """Say it to whoever pressed a button of a message, and to nobody else; one that does not go is
    logged.
    """
    content = content_of(Note(sentences))
    webhook = AsyncWebhookClient(press.response_url, session=session, retry_handlers=[])
    said = {
        "text": content.text,
        "blocks": content.blocks,
        "response_type": "ephemeral",
        "replace_original": False,
        **({"thread_ts": press.opened.thread} if press.opened.thread else {}),
    }

    async def send() -> None:
        response = await webhook.send_dict(said)
        if response.status_code != HTTP_OK:
            raise NotTakenError(response)

    try:
        await again(send, RESPONSES, EACH_S)
    except (*TROUBLE, GaveUpError) as error:
        _log.warning("a press has no answer: %s", error)
