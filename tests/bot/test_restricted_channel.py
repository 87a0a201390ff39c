"""An announcement in a channel where Slack lets nobody answer it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.standin.channels import OF_REPLIES
from diagnostics.bundle.directory import read_directory
from tests.bot.stage import ANNOUNCEMENT, stage
from tests.conftest import ROOT

RANKER = read_directory(ROOT / "tests/cases/membind-oom-16g-6.1")


@pytest.mark.parametrize("code", [*sorted(OF_REPLIES), "restricted_action_read_only_channel"])
def test_what_slack_will_never_take_is_sent_once_and_told_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, code: str
) -> None:
    """It is no outage that passes; once the channel is open again, the next SEV is answered."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            channel = on.slack.workspace.channels[on.slack.channel_id]
            channel.restricted = code
            await on.slack.announce(ANNOUNCEMENT)
            await on.slack.wait_for(lambda: on.slack.refused)
            for _ in range(500):
                if code in caplog.text:
                    break
                await asyncio.sleep(0.02)
            assert code in caplog.text
            assert [call.method for call in on.slack.refused] == ["chat.postMessage"]
            channel.restricted = None
            await on.verdict(await on.slack.announce(ANNOUNCEMENT))

    asyncio.run(run())
