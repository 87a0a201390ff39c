"""The real bot behind the page: what somebody sees and presses, in a real browser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.demo.page import Page
from bot.standin.hosts import ReplayHosts
from bot.standin.slack import SlackStandIn
from diagnostics.bundle.directory import read_directory
from tests.bot.stage import ANNOUNCEMENT, bot, is_done
from tests.bot.test_page import Tab, browser
from tests.bot.test_times import RANKER

pytestmark = pytest.mark.needs("chromium")
BUTTON = "[...document.querySelectorAll('#thread .actions button')].find(each => {how})"
EVIDENCE = BUTTON.format(how="each.textContent === 'Evidence'")
AGAIN = BUTTON.format(how="each.textContent === 'Run again'")
WRONG = BUTTON.format(how="each.textContent.includes('Wrong')")


@asynccontextmanager
async def shown(directory: Path) -> AsyncIterator[tuple[SlackStandIn, str, Tab]]:
    """A SEV whose verdict stands in the thread, and a browser that shows it."""
    recorded = read_directory(RANKER)
    async with (
        SlackStandIn(page=Page) as slack,
        ReplayHosts({"web1": recorded, "web2": recorded}, directory) as hosts,
        bot(slack, hosts),
        browser(slack.page_url, directory / "profile") as tab,
    ):
        ts = await slack.announce(ANNOUNCEMENT)
        await slack.wait_for(lambda: any(map(is_done, slack.thread(ts))), 20)
        await tab.until(f"({EVIDENCE}) !== undefined")
        yield slack, ts, tab


def test_evidence_opens_the_modal_with_the_kernels_line(tmp_path: Path) -> None:
    """And *Close* closes it."""

    async def run() -> str:
        async with shown(tmp_path) as (_slack, _ts, tab):
            await tab.js(f"({EVIDENCE}).click()")
            await tab.until("document.querySelector('form.view') !== null")
            text = str(await tab.js("document.querySelector('form.view').textContent"))
            await tab.js("document.querySelector('form.view > .actions button').click()")
            await tab.until("document.querySelector('form.view') === null")
            return text

    assert "oom-kill:constraint=CONSTRAINT_MEMORY_POLICY" in asyncio.run(run())


def test_wrong_asks_for_the_true_cause_and_thanks(tmp_path: Path) -> None:
    """What is typed reaches the bot, and the message says who said so."""

    async def run() -> None:
        async with shown(tmp_path) as (_slack, _ts, tab):
            await tab.js(f"({WRONG}).click()")
            await tab.until("document.querySelector('form.view .input') !== null")
            await tab.js("document.querySelector('form.view input, form.view textarea').focus()")
            await tab.call("Input.insertText", text="somebody pulled a cable")
            await tab.js("document.querySelector('form.view').requestSubmit()")
            await tab.until(
                "document.querySelector('form.view')?.textContent.includes('Thank') ?? false"
            )
            await tab.until(
                "document.querySelector('#thread').textContent.includes('Wrong, says @you')"
            )

    asyncio.run(run())


def test_run_again_edits_the_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Still one answer in the thread, which says for whom it was looked again."""
    monkeypatch.setattr("bot.looks.BETWEEN_S", 0.0)

    async def run() -> int:
        async with shown(tmp_path) as (slack, ts, tab):
            await tab.js(f"({AGAIN}).click()")
            await tab.until(
                "document.querySelector('#thread').textContent.includes('again for @you')"
            )
            await slack.wait_for(lambda: is_done(slack.thread(ts)[1]), 20)
            return len(slack.thread(ts)) - 1

    assert asyncio.run(run()) == 1
