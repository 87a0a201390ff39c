"""The stand-in's `response_url`s: five posts within half an hour (docs.slack.dev, Handling user
interaction).
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from bot.standin.web_api import http_failure
from bot.standin.workspace import Json, SlackError, Workspace

MAX_RESPONSES = 5
RESPONSE_URL_LIFE_S = 30 * 60.0


@dataclass
class _Given:
    take: Callable[[Json], None]
    given_s: float
    used: int = 0


class Responses:
    """Gives the addresses out, and hands what is posted to them to whoever asked for them."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._given: dict[str, _Given] = {}
        self._faults: deque[str] = deque()

    def give(self, base_url: str, kind: str, take: Callable[[Json], None]) -> str:
        """An address under `kind` (commands, actions); `take` gets each post, and raises SlackError
        where Slack would refuse it.
        """
        ticket = f"{self._workspace.team_id}/{len(self._given) + 1}/{secrets.token_hex(8)}"
        self._given[ticket] = _Given(take, self._workspace.clock())
        return f"{base_url}{kind}/{ticket}"

    def refuse_next(self, how: str) -> None:
        """Let the next post fail: 429:SECONDS or 500."""
        self._faults.append(how)

    async def take(self, request: web.Request) -> web.Response:
        """A post to one of the addresses."""
        if self._faults:
            kind, _, detail = self._faults.popleft().partition(":")
            return http_failure(kind, detail) or web.Response(status=500)
        given = self._given.get(request.match_info["ticket"])
        if given is None or self._workspace.clock() - given.given_s > RESPONSE_URL_LIFE_S:
            return web.json_response({"ok": False, "error": "expired_url"}, status=404)
        if given.used >= MAX_RESPONSES:
            return web.json_response({"ok": False, "error": "used_url"}, status=404)
        try:
            body = await request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            return web.Response(status=400, text="invalid_payload")
        try:
            given.take(body)
        except SlackError as refusal:
            return web.json_response({"ok": False, "error": refusal.code}, status=400)
        given.used += 1
        self._workspace.changes.happened()
        return web.Response(text="ok")
