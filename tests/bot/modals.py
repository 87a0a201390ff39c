"""What people see of modals on the stage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bot.standin.slack import SlackStandIn


def said(thing: object) -> str:
    """All of it, as text."""
    return json.dumps(thing, ensure_ascii=False)


def newest_view(slack: SlackStandIn) -> dict[str, Any]:
    return list(slack.views.values())[-1]


async def another_page(slack: SlackStandIn, action_id: str) -> str:
    """What the newest modal says once this button of it was pressed."""
    view_id, seen = newest_view(slack)["id"], newest_view(slack)["hash"]
    await slack.press_in_view(view_id, action_id)
    await slack.wait_for(lambda: slack.views[view_id]["hash"] != seen)
    return said(slack.views[view_id]["blocks"])


async def all_pages(slack: SlackStandIn) -> str:
    """What the newest modal says, from this page to its last."""
    pages = [said(newest_view(slack)["blocks"])]
    while '"Next"' in pages[-1]:
        pages.append(await another_page(slack, "sevbot_next"))
    return "\n".join(pages)


async def evidence_of(slack: SlackStandIn, message: Mapping[str, Any]) -> str:
    """What *Evidence* opens under a message, all of it."""
    await slack.press(message["ts"], "sevbot_evidence")
    await slack.wait_for(lambda: slack.views)
    return await all_pages(slack)
