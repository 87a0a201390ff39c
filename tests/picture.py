"""`make picture`: docs/thread.png, the demo's thread as a browser shows it; and, with a directory
(`make picture PICTURES=DIR`), thread and modal at both widths, light and dark, for somebody to look
at.
"""

from __future__ import annotations

import asyncio
import base64
import sys
import tempfile
from pathlib import Path

from bot.demo.page import Page
from bot.demo.play import ANNOUNCEMENT, HOSTS
from bot.demo.times import as_of_now
from bot.standin.hosts import ReplayHosts
from bot.standin.slack import SlackStandIn
from diagnostics.bundle.directory import read_directory
from tests.bot.stage import bot, is_done
from tests.bot.test_page import Tab, browser
from tests.bot.test_times import RANKER
from tests.conftest import ROOT

PHONE, DESK = 390, 1200
PICTURE_WIDTH = 1300  # the thread stands beside the channel then


async def main(directory: Path | None) -> None:
    """Play the story once, and take the pictures."""
    with tempfile.TemporaryDirectory() as name:
        recorded = read_directory(RANKER)
        async with (
            SlackStandIn(page=Page) as slack,
            ReplayHosts(dict.fromkeys(HOSTS, lambda: as_of_now(recorded)), Path(name)) as hosts,
            bot(slack, hosts),
        ):
            ts = await slack.announce(ANNOUNCEMENT)
            await slack.wait_for(lambda: any(map(is_done, slack.thread(ts))), 30)
            async with browser(slack.page_url, Path(name) / "profile") as tab:
                await tab.until("document.querySelectorAll('#thread .message').length === 2")
                if directory is None:
                    await _set(tab, PICTURE_WIDTH, "light")
                    (ROOT / "docs" / "thread.png").write_bytes(await _of_thread(tab))
                    return
                for width in (PHONE, DESK):
                    for scheme in ("light", "dark"):
                        await _set(tab, width, scheme)
                        shot = await _shot(tab)
                        (directory / f"thread-{width}-{scheme}.png").write_bytes(shot)
                await tab.js(
                    "[...document.querySelectorAll('#thread .actions button')]"
                    ".find(each => each.textContent === 'Evidence').click()"
                )
                await tab.until("document.querySelector('form.view') !== null")
                for width in (PHONE, DESK):
                    await _set(tab, width, "light")
                    (directory / f"evidence-{width}.png").write_bytes(await _shot(tab))


async def _set(tab: Tab, width: int, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    await tab.call("Emulation.setEmulatedMedia", features=features)
    size = {
        "width": width,
        "height": 1000 if width != PICTURE_WIDTH else 1400,
        "deviceScaleFactor": 2,
        "mobile": width == PHONE,
    }
    await tab.call("Emulation.setDeviceMetricsOverride", **size)
    await asyncio.sleep(0.3)  # what is new fades for a moment


async def _shot(tab: Tab, **more: object) -> bytes:
    taken = await tab.call("Page.captureScreenshot", captureBeyondViewport=True, **more)
    return base64.b64decode(taken["data"])


async def _of_thread(tab: Tab) -> bytes:
    """The thread's messages alone, as high as they are."""
    box = await tab.js(
        "(([top, low]) => "
        "({x: top.x, y: top.y, width: top.width, height: low.bottom - top.y + 12}))"
        "([document.querySelector('#thread'), document.querySelector('#thread > :last-child')]"
        ".map(each => each.getBoundingClientRect()))"
    )
    return await _shot(tab, clip={**box, "scale": 1})


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else None))
