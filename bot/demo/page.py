"""The page of the demo: what people would see in Slack, live, with a place to type.

Only for a browser on this machine.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Iterable
from importlib.resources import files

from aiohttp import web

from bot.standin.people import as_typed
from bot.standin.slack import Ask
from bot.standin.workspace import VISITOR, Json, Workspace

KEEP_ALIVE_S = 15.0
MAX_SAID_CHARS = 4_000
SUGGESTIONS = ("/sev help", "/sev diagnose ranker-1")


class Page:
    """Serves page.html with the state in it, streams each later state, and takes what the visitor
    types.
    """

    def __init__(self, workspace: Workspace, ask: Ask) -> None:
        self._workspace = workspace
        self._ask = ask
        self._html = files("bot.demo").joinpath("page.html").read_text(encoding="utf-8")
        self._closing = False

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
        )

    async def index(self, _: web.Request) -> web.Response:
        """The page as it stands now: complete without any further request."""
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
        if "Origin" not in request.headers:  # a foreign one is refused before it comes here
            raise web.HTTPForbidden(text="only the page itself may post here")
        text = await _said(request)
        if text.startswith("/"):
            command, _, rest = text.partition(" ")
            await self._ask(command, rest.strip())
        else:
            self._workspace.post_as_user(VISITOR, as_typed(text))
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
            "suggestions": SUGGESTIONS,
        }
        return json.dumps(state)


async def _wait(change: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(change.wait(), KEEP_ALIVE_S)
    except TimeoutError:
        return


async def _said(request: web.Request) -> str:
    """The text, escaped as Slack's own clients do."""
    try:
        body = await request.json() if request.content_type == "application/json" else None
    except ValueError:
        body = None
    text = body.get("text") if isinstance(body, dict) else None
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
