"""Runs in the guest, by the installed sevbot's Python: a stand-in for Slack that waits for the bot,
announces a SEV and keeps its thread.

usage: standin.py DIRECTORY    writes bot_token and app_token there, then slack.json, and when the
                               SEV was answered thread.json
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from bot.standin.slack import SlackStandIn

COMES_WITHIN_S, ANSWERS_WITHIN_S = 400, 200


def is_answered(thread: list[dict[str, Any]]) -> bool:
    return any(
        message.get("metadata", {}).get("event_payload", {}).get("state") == "done"
        for message in thread
    )


async def play(directory: Path) -> None:
    async with SlackStandIn() as slack:
        (directory / "bot_token").write_text(slack.bot_token, encoding="utf-8")
        (directory / "app_token").write_text(slack.app_token, encoding="utf-8")
        told = {
            "api_url": slack.api_url,
            "channel": slack.channel_id,
            "announcer": slack.announcer.bot_id,
        }
        (directory / "slack.json").write_text(json.dumps(told), encoding="utf-8")
        await slack.wait_for(lambda: slack.open_sockets, COMES_WITHIN_S)
        ts = await slack.announce("SEV-1: ranker is down on lab")
        await slack.wait_for(lambda: is_answered(slack.thread(ts)), ANSWERS_WITHIN_S)
        (directory / "thread.json").write_text(json.dumps(slack.thread(ts)), encoding="utf-8")
        # until the test ends it, so that the bot does not lose its Slack
        await asyncio.Event().wait()


asyncio.run(play(Path(sys.argv[1])))
