"""The stand-in's page in a real browser: what a visitor sees, and that no text of a message becomes
markup.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.demo.page import Page
from bot.slack.slash import Ack
from bot.standin import actions
from bot.standin.slack import SlackStandIn
from tests.bot.test_slack_stand_in import bolt, client_of
from tests.bot.test_stand_in_actions import ASKING, BLOCKS
from tests.bot.test_stand_in_blocks import SAMPLES

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
START_WITHIN_S = 30
BOLD = {"bold": True}
HOSTILE = "<img src=x onerror=document.title='broken'>"
DIAGNOSIS: list[dict[str, Any]] = [
    {
        "type": "header",
        "text": {"type": "plain_text", "text": "membind OOM of node 1, suggest interleave"},
    },
    {
        "type": "context",
        "elements": [{"type": "plain_text", "text": "confirmed · ranker-1 &amp; ranker-2"}],
    },
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [{"type": "text", "text": "What happened", "style": BOLD}],
            },
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [
                    {
                        "type": "rich_text_section",
                        "elements": [{"type": "text", "text": "killed 8 times"}],
                    }
                ],
            },
            {
                "type": "rich_text_preformatted",
                "elements": [{"type": "text", "text": "numactl --interleave=all &lt;!channel&gt;"}],
            },
        ],
    },
]

pytestmark = pytest.mark.needs("chromium")


class Tab:
    """One page, driven over the DevTools protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._count = 0

    async def call(self, method: str, **params: object) -> dict[str, Any]:
        self._count += 1
        await self._socket.send_json({"id": self._count, "method": method, "params": params})
        while True:
            answer = await self._socket.receive_json(timeout=START_WITHIN_S)
            if answer.get("id") == self._count:
                result: dict[str, Any] = answer["result"]
                return result

    async def js(self, expression: str) -> Any:  # noqa: ANN401 # whatever the expression gives
        result = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until the expression is true in the page."""
        async with asyncio.timeout(10):
            while not await self.js(expression):  # noqa: ASYNC110 # the page sets no event of ours
                await asyncio.sleep(0.05)


@asynccontextmanager
async def browser(url: str, profile: Path) -> AsyncIterator[Tab]:
    """A tab that shows `url`."""
    program = await asyncio.create_subprocess_exec(
        "chromium",
        *FLAGS,
        f"--user-data-dir={profile}",
        "--remote-debugging-port=0",
        url,
        stderr=asyncio.subprocess.PIPE,
    )
    assert program.stderr is not None
    try:
        async with asyncio.timeout(START_WITHIN_S):
            while not (
                found := re.search(
                    rb"DevTools listening on ws://([^/]+)/", await program.stderr.readline()
                )
            ):
                pass
        draining = asyncio.create_task(program.stderr.read())
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://{found[1].decode()}/json/list") as answer:
                pages = [target for target in await answer.json() if target["type"] == "page"]
            async with session.ws_connect(
                pages[0]["webSocketDebuggerUrl"], max_msg_size=0
            ) as socket:
                tab = Tab(socket)
                await tab.until(
                    "document.readyState === 'complete' && location.protocol === 'http:'"
                )
                yield tab
                await tab.call("Browser.close")
        await draining
    finally:
        if program.returncode is None:
            await _end(program)


async def _end(program: asyncio.subprocess.Process) -> None:
    try:
        await asyncio.wait_for(program.wait(), 5)
    except TimeoutError:
        program.kill()
        await program.wait()


async def dumped(url: str, profile: Path) -> str:
    """The page as it is once loaded."""
    program = await asyncio.create_subprocess_exec(
        *("chromium", *FLAGS, f"--user-data-dir={profile}", "--dump-dom", url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    out, _ = await asyncio.wait_for(program.communicate(), START_WITHIN_S)
    return out.decode()


def test_the_page_shows_the_thread_as_soon_as_it_is_loaded(tmp_path: Path) -> None:
    """Nothing has to be streamed first: headline, list and evidence stand in #thread, hostile text
    as text.
    """

    async def run() -> str:
        async with SlackStandIn(page=Page) as slack:
            ts = await slack.announce("SEV1: ranker crash-looping")
            await client_of(slack).chat_postMessage(
                channel=slack.channel_id, thread_ts=ts, text="found", blocks=DIAGNOSIS
            )
            return await dumped(slack.page_url, tmp_path)

    html = asyncio.run(run())
    thread = html[html.index('id="thread"') : html.index('id="composer"')]
    for text in (
        "SEV1: ranker crash-looping",
        '<h3 class="headline">membind OOM of node 1, suggest interleave</h3>',
        "confirmed · ranker-1 &amp; ranker-2",
        "<b>What happened</b>",
        "<li>killed 8 times</li>",
        "numactl --interleave=all &lt;!channel&gt;</pre>",
    ):
        assert text in thread
    channel = html[html.index('id="channel"') : html.index('id="thread-pane"')]
    assert "1 reply" in channel
    assert "membind OOM" not in channel


def test_hostile_text_stays_text_wherever_it_stands(tmp_path: Path) -> None:
    """In text, every block, attachments, names and answers; escaped or not, it makes no element and
    runs nothing.
    """
    escaped = HOSTILE.replace("<", "&lt;").replace(">", "&gt;")

    async def run() -> dict[str, Any]:
        async with SlackStandIn(channel_name=HOSTILE, page=Page) as slack:
            for text in (HOSTILE, escaped):
                element = {"type": "text", "text": text}
                mrkdwn, plain = (
                    {"type": "mrkdwn", "text": text},
                    {"type": "plain_text", "text": text},
                )
                blocks: list[dict[str, Any]] = [
                    {"type": "header", "text": plain},
                    {"type": "section", "text": mrkdwn, "fields": [plain, mrkdwn]},
                    {"type": "context", "elements": [plain, mrkdwn]},
                    {
                        "type": "rich_text",
                        "elements": [{"type": "rich_text_section", "elements": [element]}],
                    },
                    {
                        "type": "rich_text",
                        "elements": [{"type": "rich_text_preformatted", "elements": [element]}],
                    },
                    {
                        "type": "rich_text",
                        "elements": [{"type": "rich_text_quote", "elements": [element]}],
                    },
                    {"type": "actions", "elements": [{"type": "button", "text": plain}]},
                    {
                        "type": "section",
                        "text": {
                            "type": "mrkdwn",
                            "text": "<javascript:document.title='broken'|click>",
                        },
                    },
                ]
                attachment = {
                    "title": text,
                    "title_link": "javascript:alert(1)",
                    "text": text,
                    "pretext": text,
                    "footer": text,
                }
                await slack.announce(text)
                ts = await slack.announce(
                    "x",
                    blocks=blocks,
                    attachments=[{**attachment, "fields": [{"title": text, "value": text}]}],
                )
                await slack.post_as_user(
                    f"```{text}``` `{text}` *{text}* <!channel> </script><script>",
                    user=text,
                    thread_ts=ts,
                )
            async with browser(slack.page_url, tmp_path) as tab:
                await slack.post_as_user(HOSTILE)
                await tab.until("document.querySelectorAll('#channel .message').length === 5")
                counts = (
                    "['img', '#channel script, #thread script', 'a', '[onerror]'].map(s => "
                    "document.querySelectorAll(s).length)"
                )
                return {
                    "elements": await tab.js(counts),
                    "title": await tab.js("document.title"),
                    "pre": await tab.js("document.querySelector('#channel pre').textContent"),
                    "live": await tab.js(
                        "document.querySelector('#channel .message:last-child .text').textContent"
                    ),
                    "last": await tab.js(
                        "document.querySelector('#thread .message:last-child').textContent"
                    ),
                    "header": await tab.js(
                        "[...document.querySelectorAll('#channel h3')].at(-1).textContent"
                    ),
                }

    seen = asyncio.run(run())
    assert seen["elements"] == [0, 0, 0, 0]
    assert seen["title"].startswith(f"#{HOSTILE}")
    assert seen["pre"] == HOSTILE
    assert seen["header"] == HOSTILE
    assert HOSTILE in seen["last"]
    assert seen["live"] == HOSTILE


def test_a_message_that_is_posted_and_edited_appears_without_a_reload(tmp_path: Path) -> None:
    """The same page, the same element's place, and the other messages are left alone."""

    async def run() -> None:
        async with SlackStandIn(page=Page) as slack:
            client = client_of(slack)
            async with browser(slack.page_url, tmp_path) as tab:
                await tab.until("document.querySelector('#thread .empty') !== null")
                ts = await slack.announce("SEV1: ranker crash-looping")
                await tab.until(f"document.querySelector('#thread [data-ts=\"{ts}\"]') !== null")
                await tab.js("document.querySelector('#thread .message').touched = true")
                reply = (
                    await client.chat_postMessage(
                        channel=slack.channel_id, thread_ts=ts, text="looking"
                    )
                )["ts"]
                await tab.until(
                    "document.querySelector('#thread "
                    f"[data-ts=\"{reply}\"]')?.textContent.includes('looking')"
                )
                await client.chat_update(
                    channel=slack.channel_id, ts=reply, text="found", blocks=DIAGNOSIS
                )
                await tab.until(
                    "document.querySelector('#thread "
                    ".headline')?.textContent.startsWith('membind OOM')"
                )
                assert await tab.js("document.querySelectorAll('#thread .message').length") == 2
                assert await tab.js("document.querySelector('#thread .edited')") is None
                other = await client.chat_postMessage(
                    channel=slack.channel_id, thread_ts=ts, text="plain"
                )
                await client.chat_update(
                    channel=slack.channel_id, ts=other["ts"], text="plain again"
                )
                await tab.until("document.querySelector('#thread .edited') !== null")

    asyncio.run(run())


def test_a_typed_command_is_answered_on_the_page_to_the_visitor_only(tmp_path: Path) -> None:
    """Through the composer, the real socket and Bolt, and back; a plain message goes to the
    channel.
    """

    async def run() -> None:
        async with SlackStandIn(page=Page) as slack, bolt(slack) as app:

            async def on_command(command: dict[str, Any], ack: Ack) -> None:
                await ack(text=f"looking at {command['text']}")

            app.command("/sev")(on_command)
            async with browser(slack.page_url, tmp_path) as tab:
                await _type(tab, "/sev diagnose ranker-1")
                await tab.until("document.querySelector('#channel .only-you') !== null")
                answer = await tab.js("document.querySelector('#channel .only-you').textContent")
                await _type(tab, "hello <b>there</b>")
                await tab.until("document.querySelectorAll('#channel .message').length === 2")
                said = await tab.js(
                    "document.querySelector('#channel .message:last-child .text').textContent"
                )
        assert "Only visible to you" in answer
        assert "looking at diagnose ranker-1" in answer
        assert said == "hello <b>there</b>"
        assert [message["text"] for message in slack.messages()] == [
            "hello &lt;b&gt;there&lt;/b&gt;"
        ]

    asyncio.run(run())


def test_the_page_says_when_the_demo_has_ended(tmp_path: Path) -> None:
    """A visitor who leaves the page open is not left waiting."""

    async def run() -> None:
        async with SlackStandIn(page=Page) as slack:
            tab_context = browser(slack.page_url, tmp_path)
            tab = await tab_context.__aenter__()
            await tab.until("document.querySelector('#live').textContent === 'live'")
        await tab.until("document.querySelector('#live').textContent === 'the demo has ended'")
        await tab_context.__aexit__(None, None, None)

    asyncio.run(run())


def test_long_evidence_wraps_as_in_slack_and_nothing_scrolls_sideways(tmp_path: Path) -> None:
    """On a narrow window too."""
    line = "ranker-1 kernel-log:488 " + "oom-kill:constraint=CONSTRAINT_MEMORY_POLICY," * 8
    blocks = [
        {
            "type": "rich_text",
            "elements": [
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": line}]}
            ],
        }
    ]

    async def run() -> list[Any]:
        async with SlackStandIn(page=Page) as slack:
            await slack.announce("SEV1 " + "x" * 300, blocks=[*blocks, *DIAGNOSIS])
            async with browser(slack.page_url, tmp_path) as tab:
                found = []
                for width in (1280, 420):
                    await tab.call(
                        "Emulation.setDeviceMetricsOverride",
                        width=width,
                        height=900,
                        deviceScaleFactor=1,
                        mobile=False,
                    )
                    found.append(await tab.js("document.documentElement.scrollWidth <= innerWidth"))
                    found.append(
                        await tab.js(
                            "(pre => pre.scrollWidth <= "
                            "pre.clientWidth)(document.querySelector('#thread pre'))"
                        )
                    )
                return found

    assert asyncio.run(run()) == [True] * 4


WIDTHS = (390, 1200)
OF_MODALS = ("input", "alert")
SEEN = {
    "header": "x" * 150,
    "section": "Evidence",
    "context": "picture: a",
    "image": "picture: a",
    "actions": "Evidence",
    "context_actions": "Right",
    "input": "cause",
    "rich_text": "@U1",
    "markdown": "# x",
    "table": "host",
    "task_card": "look",
    "plan": "looking",
    "alert": "x",
    "card": "Evidence",
    "carousel": "x",
    "container": "x",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_kind_of_block_is_shown_and_none_is_unknown(tmp_path: Path, scheme: str) -> None:
    """In messages and modals, at both widths, and nothing scrolls sideways."""
    kinds = [kind for kind in SAMPLES if kind not in OF_MODALS]

    async def run() -> None:
        async with SlackStandIn(page=Page) as slack:
            ts = await slack.announce("SEV1")
            client = client_of(slack)
            for part in (kinds[:6], kinds[6:]):
                await client.chat_postMessage(
                    channel=slack.channel_id,
                    thread_ts=ts,
                    text="x",
                    blocks=[SAMPLES[kind] for kind in part],
                )
            view = {
                "type": "modal",
                "title": {"type": "plain_text", "text": "All of them"},
                "submit": {"type": "plain_text", "text": "Send"},
                "blocks": list(SAMPLES.values()),
            }
            async with browser(slack.page_url, tmp_path) as tab:
                await tab.call(
                    "Emulation.setEmulatedMedia",
                    features=[{"name": "prefers-color-scheme", "value": scheme}],
                )
                text = await tab.js("document.querySelector('#thread').textContent")
                for kind in kinds:
                    assert SEEN.get(kind, "") in text, kind
                assert await tab.js("document.querySelector('.unknown')") is None
                trigger_id = slack.open_by_hand()
                await client.views_open(trigger_id=trigger_id, view=view)
                await tab.until("document.querySelector('form.view') !== null")
                shown = await tab.js("document.querySelector('form.view').textContent")
                for kind in SAMPLES:
                    assert SEEN.get(kind, "") in shown, kind
                for width in WIDTHS:
                    await tab.call(
                        "Emulation.setDeviceMetricsOverride",
                        width=width,
                        height=800,
                        deviceScaleFactor=1,
                        mobile=False,
                    )
                    fits = "document.documentElement.scrollWidth <= innerWidth"
                    assert await tab.js(fits), width

    asyncio.run(run())


def test_a_button_opens_a_modal_which_is_submitted_and_a_silent_app_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the page, the stand-in, the real socket and Bolt, and back."""
    monkeypatch.setattr(actions, "ACK_WITHIN_S", 0.5)
    said: list[dict[str, Any]] = []

    async def run() -> None:
        async with SlackStandIn(page=Page) as slack, bolt(slack) as app:

            async def on_press(ack: Ack, body: dict[str, Any]) -> None:
                await ack()
                await client_of(slack).views_open(trigger_id=body["trigger_id"], view=ASKING)

            async def on_submit(ack: Ack, view: dict[str, Any]) -> None:
                said.append(view["state"]["values"])
                if len(said) == 1:
                    await ack(response_action="errors", errors={"cause": "Say more."})
                else:
                    await ack()

            app.action("evidence")(on_press)
            app.view("v")(on_submit)
            ts = await slack.announce("SEV1")
            await client_of(slack).chat_postMessage(
                channel=slack.channel_id, thread_ts=ts, text="x", blocks=BLOCKS
            )
            async with browser(slack.page_url, tmp_path) as tab:
                await tab.until("document.querySelector('#thread .actions button') !== null")
                await tab.js("document.querySelector('#thread .actions button').click()")
                await tab.until("document.querySelector('form.view input') !== null")
                await tab.js("document.querySelector('form.view input').focus()")
                await tab.call("Input.insertText", text="the disk <was> full")
                await tab.js("document.querySelector('form.view').requestSubmit()")
                await tab.until(
                    "document.querySelector('form.view .problem')?.textContent === 'Say more.'"
                )
                await tab.js("document.querySelector('form.view').requestSubmit()")
                await tab.until("document.querySelector('form.view') === null")
                slack.workspace.interactivity = False
                await tab.js("document.querySelector('#thread .actions button').click()")
                await tab.until(
                    "document.querySelector('#try .problem').textContent.includes('interactivity')"
                )
        typed = said[-1]["cause"]["said"]
        assert (typed["type"], typed["value"]) == ("plain_text_input", "the disk <was> full")

    asyncio.run(run())


def test_a_mention_is_answered_with_what_to_type_instead(tmp_path: Path) -> None:
    """To the visitor alone."""

    async def run() -> str:
        async with SlackStandIn(page=Page) as slack, browser(slack.page_url, tmp_path) as tab:
            await _type(tab, "@sevbot why did ranker-1 die?")
            await tab.until("document.querySelector('#channel .only-you') !== null")
            return str(await tab.js("document.querySelector('#channel .only-you').textContent"))

    assert "/sev diagnose ranker-1" in asyncio.run(run())


async def _type(tab: Tab, text: str) -> None:
    await tab.js("document.querySelector('#say').focus()")
    await tab.call("Input.insertText", text=text)
    assert await tab.js("document.querySelector('#say').value") == text, json.dumps(text)
    await tab.js("document.querySelector('#composer').requestSubmit()")
