"""The demo's story: a SEV bot announces that ranker is crash looping on three hosts, and sevbot
answers in the thread.

Everything between the stand-in for Slack and the recorded output of the hosts is the real thing:
configuration file, tokens, Bolt, WebSocket, HTTP, SSH, probe text, diagnosis, message.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path

from bot.app import serve
from bot.config import Config
from bot.config_file import read_config, read_tokens
from bot.demo.page import Page
from bot.demo.times import as_of_now
from bot.standin.hosts import ReplayHosts
from bot.standin.slack import SlackStandIn
from bot.standin.terminal import message_lines
from bot.standin.workspace import VISITOR
from bot.tty import width_of
from diagnostics.bundle import Bundle
from diagnostics.bundle.directory import read_directory
from diagnostics.collect.ssh import SshCollector, SshSettings

HOSTS = ("ranker-1", "ranker-2", "ranker-3")
ANNOUNCEMENT = ":rotating_light: SEV-2: ranker crash looping on ranker-1, ranker-2, ranker-3"
PATTERN = r"(?i)\bSEV-?\d\b"
ANSWER_WITHIN_S = 25.0  # `--exit` promises an end within 30 s
# a recorded host answers in no time: a moment in which the first form of the message can be seen
LOOKING_S = 1.0
OPENED_WITHIN_S = 5.0

CONFIG = """\
[slack]
channel = "{channel}"
announcement = '{pattern}'
bot_token_file = "{directory}/bot_token"
app_token_file = "{directory}/app_token"
api_url = "{api_url}"
[[slack.announcers]]
bot_id = "{announcer}"

[[slack.announcers]]
user_id = "{visitor}"

[ssh]
client_key = "{client_key}"
known_hosts = "{known_hosts}"

[services.ranker]
hosts = {host_names}
"""
HOST_CONFIG = '[hosts."{name}"]\naddress = "{address}"\nport = {port}\nuser = "{user}"\n'


async def play(bundle: Bundle | None, stop: asyncio.Event, *, once: bool) -> int:
    """Run the demo until `stop`, or with `once` until the diagnosis; 0 if it came, 1 if it did
    not.
    """
    _forget_proxies()
    recorded = bundle or read_directory(Path(str(files("bot.demo").joinpath("bundles", "ranker"))))
    with tempfile.TemporaryDirectory(prefix="sevbot-demo-") as directory:
        pages: list[Page] = []
        async with (
            SlackStandIn(page=lambda slack: _page(slack, pages)) as slack,
            ReplayHosts(
                {name: partial(as_of_now, replace(recorded, host=name)) for name in HOSTS},
                Path(directory),
                delay_s=LOOKING_S,
            ) as hosts,
            _bot(_config(slack, hosts, Path(directory))),
        ):
            print(f"A local stand-in for Slack shows the channel at {slack.page_url}\n", flush=True)
            if not once:  # so that whoever opens the page at once sees it from its beginning
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(pages[0].opened.wait(), OPENED_WITHIN_S)
            ts = await slack.announce(ANNOUNCEMENT)
            came = await _show_thread(slack, ts, stop)
            if came and not once:
                print(
                    (
                        f"Look at it in a browser: {slack.page_url} (try `/sev help` there). "
                        "Ctrl-C ends the demo."
                    ),
                    flush=True,
                )
                await stop.wait()
    if not came and not stop.is_set():
        print(f"sevbot demo: no diagnosis came within {ANSWER_WITHIN_S:.0f} s", file=sys.stderr)
    return 0 if came else 1


def _page(slack: SlackStandIn, pages: list[Page]) -> Page:
    page = Page(slack, lambda: slack.workspace.post_as_bot(slack.announcer, {"text": ANNOUNCEMENT}))
    pages.append(page)
    return page


def _forget_proxies() -> None:
    """The stand-in is on this machine; slack_sdk would send even 127.0.0.1 through a proxy that the
    environment names.
    """
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        os.environ.pop(name, None)


def _config(slack: SlackStandIn, hosts: ReplayHosts, directory: Path) -> Config:
    """The file that `sevbot run` would read, written for this demo, and read the same way."""
    for name, token in (("bot_token", slack.bot_token), ("app_token", slack.app_token)):
        (directory / name).touch(mode=0o600)
        (directory / name).write_text(token, encoding="utf-8")
    text = CONFIG.format(
        channel=slack.channel_id,
        pattern=PATTERN,
        directory=directory,
        api_url=slack.api_url,
        announcer=slack.announcer.bot_id,
        visitor=VISITOR,
        client_key=hosts.client_key,
        known_hosts=hosts.known_hosts,
        host_names=list(hosts.targets),
    )
    text += "".join(
        HOST_CONFIG.format(name=t.name, address=t.address, port=t.port, user=t.user)
        for t in hosts.targets.values()
    )
    path = directory / "config.toml"
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
    return read_config(path)


@contextlib.asynccontextmanager
async def _bot(config: Config) -> AsyncIterator[None]:
    """The bot, listening; it ends with the demo."""
    assert config.slack is not None  # noqa: S101 # _config writes the section
    stop, ready = asyncio.Event(), asyncio.Event()
    collector = SshCollector(SshSettings(config.ssh.client_key, config.ssh.known_hosts))
    bot = asyncio.create_task(serve(config, read_tokens(config.slack, {}), collector, stop, ready))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait((bot, waiting), return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    try:
        if not bot.done():
            yield
    finally:
        stop.set()
        await bot


async def _show_thread(slack: SlackStandIn, ts: str, stop: asyncio.Event) -> bool:
    """Print the thread as it changes, until the diagnosis stands in it; False if it did not come in
    time, or `stop` did.
    """
    shown: list[Mapping[str, object]] = []

    def has_news() -> bool:
        return stop.is_set() or slack.thread(ts) != shown

    deadline = asyncio.get_running_loop().time() + ANSWER_WITHIN_S
    while not stop.is_set() and asyncio.get_running_loop().time() < deadline:
        thread = slack.thread(ts)
        for message in thread:
            if message not in shown:
                print(
                    "\n".join(message_lines(message, width_of(sys.stdout, os.environ))),
                    end="\n\n",
                    flush=True,
                )
        shown[:] = thread
        if any(_is_done(message) for message in thread):
            return True
        with contextlib.suppress(TimeoutError):
            await slack.wait_for(has_news, timeout_s=0.5)
    return False


def _is_done(message: Mapping[str, object]) -> bool:
    metadata = message.get("metadata")
    payload = metadata.get("event_payload") if isinstance(metadata, Mapping) else None
    return isinstance(payload, Mapping) and payload.get("state") == "done"
