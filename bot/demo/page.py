"""The page of the demo: what people would see in Slack, live, with a place to type.

Only for a browser on this machine.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import Callable, Iterable
from importlib.resources import files

from aiohttp import web

from bot.standin.people import as_typed
from bot.standin.slack import SlackStandIn
from bot.standin.workspace import VISITOR, Json

KEEP_ALIVE_S = 15.0
MAX_SAID_CHARS = 4_000
SUGGESTIONS = ("/sev help", "/sev diagnose ranker-1", "SEV-1: ranker is down on ranker-2")
NO_MENTIONS = (
    "sevbot does not read mentions yet. Ask it by `/sev diagnose ranker-1`: only you see the"
    " answer."
)
_MENTION = re.compile(r"@sevbot\b", re.IGNORECASE)


class Page:
    """Serves page.html with the state in it, streams each later state, and takes what the visitor
    types and presses. `again` plays the story once more; `opened` is set once a browser has come.
    """

    def __init__(self, slack: SlackStandIn, again: Callable[[], object] | None = None) -> None:
        self._slack = slack
        self._workspace = slack.workspace
        self._again = again
        self._html = _read("page.html").replace("{{style}}", _read("page.css"))
        self._html = self._html.replace("{{script}}", _read("blocks.js") + _read("page.js"))
        self._closing = False
        self.opened = asyncio.Event()

    def close(self) -> None:
        """End the streams; browsers then see that the demo is over."""
        self._closing = True
        self._workspace.changes.happened()

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """The page, its stream and where it posts to."""
        return (
            web.get("/", self.index),
            web.get("/events", self.events),
            web.post("/say", self.say),
            web.post("/press", self.press),
            web.post("/submit", self.submit),
            web.post("/close", self.close_view),
            web.post("/again", self.again),
        )

    async def index(self, _: web.Request) -> web.Response:
        """The page as it stands now: complete without any further request."""
        self.opened.set()
        nonce = secrets.token_urlsafe(16)
        html = self._html.replace("{{nonce}}", nonce).replace(
            "{{state}}", _inside_script(self._state())
        )
        return web.Response(text=html, content_type="text/html", headers=_headers(nonce))

    async def events(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events: the whole state at once, then again after each change."""
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        sent = ""
        try:
            while not self._closing:
                change, state = self._workspace.changes.next(), self._state()
                await response.write(
                    b": still here\n\n" if state == sent else f"data: {state}\n\n".encode()
                )
                sent = state
                await _wait(change)
            await response.write_eof()
        except ConnectionError:
            pass  # the visitor went away
        return response

    async def say(self, request: web.Request) -> web.Response:
        """What the visitor typed: a slash command if it starts with a slash, else a message. Only
        from this very page.
        """
        text = _said(await _json(request))
        if text.startswith("/"):
            command, _, rest = text.partition(" ")
            await self._slack.slash(command, rest.strip())
            return web.json_response({"ok": True})
        self._workspace.post_as_user(VISITOR, as_typed(text))
        if _MENTION.search(text):
            self._workspace.show_to(VISITOR, None, {"text": NO_MENTIONS})
        return web.json_response({"ok": True})

    async def press(self, request: web.Request) -> web.Response:
        """A button of a message (`ts`) or of a modal (`view_id`): `action_id`, and `value` where
        there is a choice.
        """
        body = await _json(request)
        action_id, value = str(body.get("action_id")), body.get("value")
        chosen = value if isinstance(value, str) else None
        try:
            if "view_id" in body:
                pressed = await self._slack.press_in_view(str(body["view_id"]), action_id, chosen)
            else:
                pressed = await self._slack.press(str(body.get("ts")), action_id, value=chosen)
        except KeyError:
            raise web.HTTPNotFound(text="it is no longer there") from None
        return web.json_response({"error": pressed.error})

    async def submit(self, request: web.Request) -> web.Response:
        """A modal's submission: `view_id`, and `values` by block_id and action_id."""
        body = await _json(request)
        values = body.get("values")
        try:
            done = await self._slack.submit(
                str(body.get("view_id")), values if isinstance(values, dict) else {}
            )
        except KeyError:
            raise web.HTTPNotFound(text="it is no longer open") from None
        return web.json_response({"errors": done.errors, "error": done.error})

    async def close_view(self, request: web.Request) -> web.Response:
        """The visitor closes a modal: `view_id`."""
        self._slack.close_view(str((await _json(request)).get("view_id")))
        return web.json_response({"ok": True})

    async def again(self, request: web.Request) -> web.Response:
        """The story once more."""
        await _json(request)
        if self._again is not None:
            self._again()
        return web.json_response({"ok": True})

    def _state(self) -> str:
        workspace = self._workspace
        state: Json = {
            "channel": workspace.channel_name,
            "team": workspace.team_name,
            "visitor": VISITOR,
            "people": workspace.people,
            "bots": {bot.bot_id: bot.name for bot in workspace.bots.values()},
            "sevbot": workspace.sevbot.bot_id,
            "messages": [
                {**workspace.seen(message), "mrkdwn": message.get("mrkdwn", True)}
                for message in workspace.messages.values()
            ],
            "ephemerals": [shown for shown in workspace.ephemerals if shown["to"] == VISITOR],
            "views": [view for view in self._slack.views.values() if view["user"] == VISITOR],
            "suggestions": SUGGESTIONS,
            "replays": self._again is not None,
        }
        return json.dumps(state)


async def _wait(change: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(change.wait(), KEEP_ALIVE_S)
    except TimeoutError:
        return


def _read(name: str) -> str:
    return files("bot.demo").joinpath(name).read_text(encoding="utf-8")


async def _json(request: web.Request) -> Json:
    """What the page posts. Only from this very page: a foreign origin is refused before it comes
    here.
    """
    if "Origin" not in request.headers:
        raise web.HTTPForbidden(text="only the page itself may post here")
    try:
        body = await request.json() if request.content_type == "application/json" else None
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="expected a JSON object")
    return body


def _said(body: Json) -> str:
    """The text, escaped as Slack's own clients do."""
    text = body.get("text")
    if not isinstance(text, str) or not 0 < len(text.strip()) <= MAX_SAID_CHARS:
        raise web.HTTPBadRequest(text='expected JSON: {"text": "…"}')
    return text.strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _inside_script(state: str) -> str:
    """JSON that cannot end the script element that it stands in."""
    return state.replace("<", "\\u003c")


def _headers(nonce: str) -> dict[str, str]:
    allowed = (
        f"script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:"
    )
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        ),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
