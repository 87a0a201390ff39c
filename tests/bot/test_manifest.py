"""The app's manifest: what changed since the last release is the buttons alone, so an app that was
made from that one goes on working until it is made anew.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from diagnostics.bundle.directory import read_directory
from tests.bot.stage import ANNOUNCEMENT, stage
from tests.conftest import ROOT

RANKER = read_directory(ROOT / "tests/cases/membind-oom-16g-6.1")
NOW, BEFORE = ROOT / "manifest.yml", ROOT / "tests/bot/manifest-0.2.0.yml"


def lines(path: Path) -> list[str]:
    """Without remarks."""
    said = (line.split(" #")[0].rstrip() for line in path.read_text(encoding="utf-8").split("\n"))
    return [line for line in said if line and not line.startswith("#")]


def is_interactive(path: Path) -> bool:
    said = lines(path)
    return said[said.index("  interactivity:") + 1] == "    is_enabled: true"


def test_the_buttons_are_all_that_is_new() -> None:
    """No scope and no event, which people would have to agree to."""
    now, before = lines(NOW), lines(BEFORE)
    changed = [(old, new) for old, new in zip(before, now, strict=True) if old != new]

    assert changed == [("    is_enabled: false", "    is_enabled: true")]
    assert is_interactive(NOW)
    assert not is_interactive(BEFORE)


@pytest.mark.parametrize("path", [NOW, BEFORE], ids=["now", "0.2.0"])
def test_an_app_of_either_manifest_gets_its_verdict(path: Path, tmp_path: Path) -> None:
    """With the one before, Slack sends no press: the buttons do nothing until it is updated."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as there:
            there.slack.workspace.interactivity = is_interactive(path)
            ts = await there.slack.announce(ANNOUNCEMENT)
            message = await there.verdict(ts)
            assert message["text"].startswith("membind OOM of node 1")
            pressed = await there.slack.press(message["ts"], "sevbot_evidence")
            assert pressed.error == (None if path == NOW else "interactivity_off")

    asyncio.run(run())
