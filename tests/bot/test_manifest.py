"""The app's manifest: what changed since the last release is the buttons alone, so an app that was
made from that one goes on working until it is made anew.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.standin.slack import SCOPES
from diagnostics.bundle.directory import read_directory
from tests.bot.stage import ANNOUNCEMENT, stage
from tests.conftest import ROOT

RANKER = read_directory(ROOT / "tests/cases/membind-oom-16g-6.1")
NOW, BEFORE = ROOT / "manifest.yml", ROOT / "tests/bot/manifest-0.2.0.yml"


def read(path: Path) -> dict[str, Any]:
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(manifest, dict)
    return manifest


def is_interactive(path: Path) -> bool:
    return bool(read(path)["settings"]["interactivity"]["is_enabled"])


def test_the_buttons_are_all_that_is_new() -> None:
    """No scope and no event, which people would have to agree to."""
    now, before = read(NOW), read(BEFORE)
    assert now["settings"].pop("interactivity") == {"is_enabled": True}
    assert before["settings"].pop("interactivity") == {"is_enabled": False}
    assert now == before
    assert set(now["oauth_config"]["scopes"]["bot"]) == set(SCOPES)


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
