"""Modals: opened while their trigger_id is good, which is 3 s and once (docs.slack.dev, Modals)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.content import UNKNOWN_BLOCKS, Forms
from bot.slack.escape import Block
from bot.slack.evidence_view import sentence_view
from bot.slack.press import Press, answer
from bot.slack.retry import TROUBLE, error_code

DOOR_S = 1.0  # of the 3 s that a trigger_id is good for
# what views.open says of blocks that it does not know (docs.slack.dev, views.open)
UNKNOWN_VIEW = UNKNOWN_BLOCKS | {"invalid_arguments"}
ONE_MOMENT = "One moment …"
NOT_OPENED = "Slack did not open the window in time. Please press once more."

_log = logging.getLogger(__name__)

View = Callable[[bool], Block]
"""A modal, with newer kinds of blocks or without."""


@dataclass(frozen=True)
class Modals:
    """Opens and changes them by `client`; `forms` knows which blocks the workspace takes."""

    client: AsyncWebClient
    forms: Forms

    async def open(self, press: Press, refusal: Awaitable[str | None], view: View) -> bool:
        """Open a modal for whoever pressed a button of a message, unless there is a `refusal`.

        Where that takes longer than a second the modal says so, and is filled once it is known.
        False: it was not opened, or they may not; they are told.
        """
        asked = asyncio.ensure_future(refusal)
        await asyncio.wait((asked,), timeout=DOOR_S)
        if asked.done():
            return await self._open_for(press, asked.result(), view)
        waiting = sentence_view("sevbot", press.opened, ONE_MOMENT)
        view_id = await self._open(press, lambda _: waiting)
        refused = await asked
        if view_id is None:
            return False
        said = sentence_view("sevbot", press.opened, refused or ONE_MOMENT)
        await self.update(view_id, (lambda _: said) if refused else view)
        return refused is None

    async def _open_for(self, press: Press, refused: str | None, view: View) -> bool:
        if refused is None:
            return await self._open(press, view) is not None
        await answer(press, self.client.session, refused)
        return False

    async def _open(self, press: Press, view: View) -> str | None:
        """Its id; None, and they are told, where Slack did not take it."""
        opened: list[str] = []

        async def send(made: Block) -> None:
            done = await self.client.views_open(trigger_id=press.trigger_id, view=made)
            opened.append(str(done["view"]["id"]))

        try:
            await self._newer_or_plainer(view, send)
        except TROUBLE as error:
            _log.warning("a modal was not opened: %s", error_code(error) or type(error).__name__)
            await answer(press, self.client.session, NOT_OPENED)
            return None
        return opened[0]

    async def update(self, view_id: str, view: View, view_hash: str | None = None) -> None:
        """Put other words into a modal; with its hash not over later ones."""

        async def send(made: Block) -> None:
            await self.client.views_update(view_id=view_id, hash=view_hash, view=made)

        try:
            await self._newer_or_plainer(view, send)
        except TROUBLE as error:
            _log.info("a modal was not changed: %s", error_code(error) or type(error).__name__)

    async def _newer_or_plainer(self, view: View, send: Callable[[Block], Awaitable[None]]) -> None:
        newer, plainer = view(True), view(False)
        if self.forms.takes_newer and newer != plainer:
            try:
                return await send(newer)
            except SlackApiError as error:
                if error_code(error) not in UNKNOWN_VIEW:
                    raise
            await send(plainer)
            self.forms.takes_newer = False
            return None
        return await send(plainer)
