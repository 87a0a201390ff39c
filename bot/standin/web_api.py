"""The stand-in's Web API: calls over HTTP, tokens and scopes, and faults on demand. What each
method does is in `methods`.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from bot.standin.methods import Methods
from bot.standin.rates import Rates
from bot.standin.views import Views
from bot.standin.workspace import Json, SlackError, Workspace

JSON_ARGUMENTS = ("blocks", "attachments", "metadata", "view", "message")
MANIFEST = "apps.manifest.export"
DROP = "drop-after-commit"
SLOW = "slow:"


@dataclass(frozen=True)
class ApiCall:
    """A call and its answer. `arguments` are decoded and without the token."""

    method: str
    arguments: Json
    result: Json


class RateLimitedError(Exception):
    """More calls than Slack takes: the seconds to wait."""

    def __init__(self, wait_s: int) -> None:
        super().__init__(f"{wait_s} s")
        self.wait_s = wait_s


class WebApi:
    """Answers /api/METHOD. `history` holds the calls that were accepted, `refused` those that were
    not, both in order.
    """

    def __init__(self, workspace: Workspace, views: Views, open_socket: Callable[[], str]) -> None:
        self.history: list[ApiCall] = []
        self.refused: list[ApiCall] = []
        self._workspace = workspace
        self._open_socket = open_socket
        self._rates = Rates(workspace)
        self._faults: defaultdict[str, deque[str]] = defaultdict(deque)
        self._methods = Methods(workspace, views).table()

    def fail_next(self, method: str, how: str) -> None:
        """Let the next call of `method` that has no fault yet fail: 429:SECONDS, 500,
        drop-after-commit, slow:SECONDS or ok-false:ERROR.
        """
        if how not in ("500", DROP) and how.partition(":")[0] not in ("429", "ok-false", "slow"):
            raise ValueError(f"no such fault: {how}")
        self._faults[method].append(how)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one call of a method, with the fault that `fail_next` set for it. Whatever Slack
        would refuse is a 200 with `ok` false (docs.slack.dev, Web API).
        """
        method = request.match_info["method"]
        token, arguments = await _read(request)
        fault = self._faults[method].popleft() if self._faults[method] else None
        if fault is not None and fault.startswith(SLOW):
            await asyncio.sleep(float(fault.removeprefix(SLOW)))
        elif fault is not None and fault != DROP:
            return self._refuse(method, arguments, fault)
        try:
            result = {"ok": True, **self._call(method, token, arguments)}
        except RateLimitedError as limited:
            return self._refuse(method, arguments, f"429:{limited.wait_s}")
        except SlackError as error:
            result = {"ok": False, "error": error.code, **error.more}
        (self.history if result["ok"] else self.refused).append(ApiCall(method, arguments, result))
        self._workspace.changes.happened()
        if fault == DROP and request.transport is not None:
            request.transport.abort()
        return web.json_response(
            result, headers={"X-OAuth-Scopes": ",".join(sorted(self._workspace.scopes))}
        )

    def _refuse(self, method: str, arguments: Json, fault: str) -> web.Response:
        kind, _, detail = fault.partition(":")
        error = {"429": "ratelimited", "500": "internal_error"}.get(kind, detail)
        result = {"ok": False, "error": error}
        self.refused.append(ApiCall(method, arguments, result))
        self._workspace.changes.happened()
        return http_failure(kind, detail) or web.json_response(result)

    def _call(self, method: str, token: str, arguments: Json) -> Json:
        workspace = self._workspace
        if method == MANIFEST:
            return self._manifest(token, arguments)
        is_for_app = method == "apps.connections.open"
        if not is_for_app and method not in self._methods:
            raise SlackError("unknown_method", req_method=method)
        if not token:
            raise SlackError("not_authed")
        if token not in (workspace.bot_token, workspace.app_token):
            raise SlackError("invalid_auth")
        if is_for_app != (token == workspace.app_token):
            raise SlackError("not_allowed_token_type")
        if wait_s := self._rates.wait_s(method, str(arguments.get("channel"))):
            raise RateLimitedError(wait_s)
        if is_for_app:
            return {"url": self._open_socket()}
        scope, answer = self._methods[method]
        if scope is not None:
            scope = _as_for_channel(scope, workspace, arguments.get("channel"))
        if scope is not None and scope not in workspace.scopes:
            raise SlackError(
                "missing_scope", needed=scope, provided=",".join(sorted(workspace.scopes))
            )
        return answer(arguments)

    def _manifest(self, token: str, arguments: Json) -> Json:
        """apps.manifest.export: to nobody but an app configuration token."""
        workspace = self._workspace
        if token in (workspace.bot_token, workspace.app_token):
            raise SlackError("not_allowed_token_type")
        if token != workspace.settings.configuration_token:
            raise SlackError("invalid_auth")
        if arguments.get("app_id") != workspace.sevbot.app_id:
            raise SlackError("invalid_app_id")
        manifest = workspace.settings.manifest(
            workspace.scopes, workspace.bot_events, interactivity=workspace.interactivity
        )
        return {"manifest": manifest}


def _as_for_channel(scope: str, workspace: Workspace, channel_id: object) -> str:
    """What is `channels:…` for a public channel is `groups:…` for a private one."""
    channel = workspace.channels.get(str(channel_id))
    is_private = channel is not None and channel.is_private
    return scope.replace("channels:", "groups:") if is_private else scope


def http_failure(kind: str, detail: str) -> web.Response | None:
    """Slack's 500 or 429 (`detail`: its Retry-After, none if empty)."""
    if kind == "500":
        return web.Response(
            status=500, text="<html><body>Server error</body></html>", content_type="text/html"
        )
    if kind == "429":
        headers = {"Retry-After": detail} if detail else {}
        return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
    return None


async def _read(request: web.Request) -> tuple[str, Json]:
    """The token and the arguments, from wherever clients put them: header, query, form or JSON
    body.
    """
    arguments: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except ValueError:
            body = None
        arguments |= body if isinstance(body, dict) else {}
    elif request.method == "POST":
        arguments |= dict(await request.post())
    in_arguments = str(arguments.pop("token", ""))
    for name in JSON_ARGUMENTS:
        if isinstance(arguments.get(name), str):
            arguments[name] = _decoded(arguments[name])
    return request.headers.get("Authorization", "").removeprefix(
        "Bearer "
    ) or in_arguments, arguments


def _decoded(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text  # refused later, as the wrong kind of thing
