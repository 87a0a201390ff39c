"""Slash commands in the stand-in: the envelope, the acknowledgement within three seconds, and what
comes by `response_url` afterwards.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.standin.limits import check_content
from bot.standin.responses import Responses
from bot.standin.socket_mode import SocketMode
from bot.standin.views import Views
from bot.standin.workspace import Json, SlackError, Workspace

ACK_WITHIN_S = 3.0


@dataclass
class SlashAnswer:
    """What the asker has got. It goes on growing as the app posts to `response_url`.

    `error` is Slack's word where the command failed: dispatch_failed (no socket), operation_timeout
    (no acknowledgement), or the code for an answer that Slack refuses. `messages` are those that
    only the asker sees, in the order they came.
    """

    command: str
    text: str
    user: str
    error: str | None = None
    messages: list[Json] = field(default_factory=list)
    responses: int = 0
    asked_at: float = field(default_factory=time.monotonic)

    @property
    def said(self) -> str:
        """The text of the latest answer; empty without one."""
        return str(self.messages[-1].get("text", "")) if self.messages else ""

    @property
    def blocks(self) -> list[Json]:
        """The blocks of the latest answer."""
        return list(self.messages[-1].get("blocks", [])) if self.messages else []


class TypedCommands:
    """Asks the app and takes its answers."""

    def __init__(
        self,
        workspace: Workspace,
        sockets: SocketMode,
        known: frozenset[str],
        responses: Responses,
        views: Views,
        *,
        replaces: bool,
    ) -> None:
        self._replaces = replaces
        self._workspace = workspace
        self._sockets = sockets
        self._known = known
        self._responses = responses
        self._views = views

    async def ask(
        self, command: str, text: str, user: str, base_url: str, said: Mapping[str, object]
    ) -> SlashAnswer:
        """Send the command, with what is `said` in its payload, and wait for its acknowledgement; a
        failure is shown, and in `error`.
        """
        answer = SlashAnswer(command, text, user)
        if command not in self._known or "commands" not in self._workspace.scopes:
            return self._fail(answer, "unknown_command", f"{command} is not a valid command.")
        envelope = self._sockets.send("slash_commands", {**self._payload(answer, base_url), **said})
        try:
            payload = await asyncio.wait_for(asyncio.shield(envelope.acked), ACK_WITHIN_S)
        except TimeoutError:
            self._sockets.withdraw(envelope)
            error = "operation_timeout" if envelope.sent else "dispatch_failed"
            return self._fail(answer, error, f"{command} failed with the error “{error}”")
        if payload:
            try:
                self._take(answer, payload)
            except SlackError as refusal:
                self._fail(
                    answer, refusal.code, f"{command} failed with the error “{refusal.code}”"
                )
        return answer

    def _fail(self, answer: SlashAnswer, error: str, text: str) -> SlashAnswer:
        answer.error = error
        answer.messages.append(
            self._workspace.show_to(answer.user, None, {"text": text}, _typed(answer))
        )
        return answer

    def _payload(self, answer: SlashAnswer, base_url: str) -> Json:
        workspace = self._workspace
        workspace.people.setdefault(answer.user, answer.user)
        return {
            "token": "verification-token-unused",
            "team_id": workspace.team_id,
            "team_domain": workspace.team_name,
            "channel_id": workspace.channel_id,
            "channel_name": workspace.channel_name,
            "user_id": answer.user,
            "user_name": workspace.people[answer.user],
            "command": answer.command,
            "text": answer.text,
            "api_app_id": workspace.sevbot.app_id,
            **({"enterprise_id": workspace.enterprise_id} if workspace.enterprise_id else {}),
            "is_enterprise_install": "false",
            "response_url": self._responses.give(
                base_url, "commands", lambda body: self._answer(answer, body)
            ),
            "trigger_id": self._views.trigger(answer.user),
        }

    def _answer(self, answer: SlashAnswer, content: Json) -> None:
        self._take(answer, content)
        answer.responses += 1

    def _take(self, answer: SlashAnswer, content: Mapping[str, Any]) -> None:
        workspace = self._workspace
        check_content(content, takes_newer=workspace.takes_newer)
        if content.get("response_type") == "in_channel":
            workspace.post_as_bot(workspace.sevbot, content)
            return
        if self._replaces and content.get("replace_original") and answer.messages:
            workspace.ephemerals.remove(answer.messages.pop())
        answer.messages.append(
            workspace.show_to(answer.user, workspace.sevbot, content, _typed(answer))
        )


def _typed(answer: SlashAnswer) -> str:
    return f"{answer.command} {answer.text}".strip()
