"""Retry-After in every form, over real HTTP: what the libraries see, how long the bot waits, when
it gives up, and that it says so.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from pathlib import Path

import pytest
from slack_sdk.errors import SlackApiError

from bot.config import ConfigError
from bot.slack.client import build_client, build_session
from bot.slack.retry import wait_s
from bot.slack.retry_after import MAX_RETRY_AFTER_S, UNSAID_S, GaveUpError
from bot.standin.hosts import ReplayHosts
from bot.standin.slack import SlackStandIn
from diagnostics.bundle.directory import read_directory
from tests.bot.stage import ANNOUNCEMENT, Stage, bot, config_for, stage, tokens_of
from tests.conftest import ROOT

RANKER = read_directory(ROOT / "tests/cases/membind-oom-16g-6.1")
SEED = "membind OOM of node 1, suggest interleave"
WAITED = {"30": 30, "300": 300, "0": 1, "000007": 7}
UNSAID = ["", "abc", "-1", "1e9", "NaN", "inf", "1.5", "0x10", "Wed, 25 Nov 2026 07:28:00 GMT"]
TOO_LONG = {"301": 301, "86400": 86400, "9" * 5000: 999_999_999}
CALLS = ("conversations.replies", "chat.postMessage", "chat.update")


def ids(values: Iterable[str]) -> list[str]:
    return [value[:12] or "none" for value in values]


async def refused_call(slack: SlackStandIn, hosts: ReplayHosts, said: str) -> SlackApiError:
    config = config_for(slack, hosts).slack
    assert config is not None
    slack.fail_next("auth.test", f"429:{said}")
    async with build_session() as session:
        with pytest.raises(SlackApiError) as caught:
            await build_client(config, tokens_of(slack).bot, session).auth_test()
    return caught.value


def error_of(directory: Path, said: str) -> SlackApiError:
    async def run() -> SlackApiError:
        async with SlackStandIn() as slack, ReplayHosts({"web1": RANKER}, directory) as hosts:
            return await refused_call(slack, hosts, said)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("said", "seconds"),
    [*WAITED.items(), *((said, UNSAID_S) for said in UNSAID)],
    ids=ids([*WAITED, *UNSAID]),
)
def test_what_slack_says_is_waited_for(tmp_path: Path, said: str, seconds: int) -> None:
    """Whole seconds as they are, but never none at all; what is no number of seconds counts as not
    said.
    """
    error = error_of(tmp_path, said)

    assert error.response.headers["Retry-After"] == str(seconds)
    assert wait_s(error, 0) == seconds


@pytest.mark.parametrize(("said", "seconds"), TOO_LONG.items(), ids=ids(TOO_LONG))
def test_more_than_five_minutes_is_not_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, said: str, seconds: int
) -> None:
    """The library sees five minutes, the bot gives up, and the log has what Slack asked for."""
    error = error_of(tmp_path, said)

    assert error.response.headers["retry-after"] == str(MAX_RETRY_AFTER_S)
    with pytest.raises(
        GaveUpError, match=f"Slack asks to wait {seconds} s; above 300 s sevbot gives up"
    ):
        wait_s(error, 0)
    assert f"Slack asks to wait {seconds} s before the next auth.test" in caplog.text


@pytest.mark.parametrize(
    ("method", "said"),
    [*((call, "86400") for call in CALLS), ("chat.update", "301"), ("chat.update", "9" * 5000)],
    ids=str,
)
def test_a_sev_that_was_given_up_says_so_once_slack_lets_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    method: str,
    said: str,
) -> None:
    """At once in the log; in the SEV's message when the wait is over (here: after a second). No
    call is made meanwhile.
    """
    monkeypatch.setattr("bot.slack.message.MAX_LATE_S", 1.0)

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            on.slack.fail_next(method, f"429:{said}")
            ts = await on.slack.announce(ANNOUNCEMENT)
            message = await on.verdict(ts)

            assert [call.method for call in on.slack.refused] == [method]
            assert (
                f"Slack asks to wait {TOO_LONG[said]} s; above 300 s sevbot gives up."
                in json.dumps(message["blocks"])
            )
            assert "/sev diagnose" in json.dumps(message["blocks"], ensure_ascii=False)
            assert len(on.answers(ts)) == 1
            assert message["text"].startswith(
                SEED if method == "chat.update" else "sevbot gave up on this SEV"
            )

    asyncio.run(run())

    assert f"Slack asks to wait {TOO_LONG[said]} s before the next {method}" in caplog.text


def test_a_reply_that_was_given_up_does_not_take_the_diagnosis_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`notify_when_ready`: the diagnosis stands; nothing is said later."""
    monkeypatch.setattr("bot.slack.message.MAX_LATE_S", 0.2)

    async def run() -> None:
        async with stage(tmp_path, RANKER, notify_when_ready=True) as on:
            on.slack.fail_next("chat.update", "slow:1")
            ts = await on.slack.announce(ANNOUNCEMENT)
            await on.slack.wait_for(lambda: len(on.answers(ts)) == 1)
            on.slack.fail_next("chat.postMessage", "429:86400")
            await on.slack.wait_for(lambda: on.slack.refused)
            await asyncio.sleep(1.0)

            assert [message["text"] for message in on.answers(ts)] == [f"{SEED} (2 of 2 hosts)"]

    asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "said"),
    [*((call, "-1") for call in CALLS), *(("chat.update", said) for said in UNSAID[:5])],
)
def test_a_sev_is_answered_after_the_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, said: str
) -> None:
    """Whatever stands in the header."""
    monkeypatch.setattr("bot.slack.retry_after.UNSAID_S", 1)

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            on.slack.fail_next(method, f"429:{said}")
            ts = await on.slack.announce(ANNOUNCEMENT)

            assert (await on.verdict(ts))["text"] == f"{SEED} (2 of 2 hosts)"
            assert len(on.answers(ts)) == 1

    asyncio.run(run())


SOCKET = ["30", "0", *UNSAID[:5], *TOO_LONG]


@pytest.mark.parametrize("said", SOCKET, ids=ids(SOCKET))
def test_a_refused_socket_is_opened_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """Slack's own client sleeps on the header by itself: no longer than the bound (here: a second),
    and not without a pause either.
    """
    monkeypatch.setattr("bot.slack.retry_after.UNSAID_S", 1)
    monkeypatch.setattr("bot.slack.retry_after.MAX_RETRY_AFTER_S", 1)

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            for _ in range(2):
                on.slack.fail_next("apps.connections.open", f"429:{said}")
            began = asyncio.get_running_loop().time()
            await on.slack.disconnect()
            await on.slack.wait_for(lambda: on.slack.open_sockets == 1, timeout_s=30)

            assert asyncio.get_running_loop().time() - began > 1.9
            assert [call.method for call in on.slack.refused] == ["apps.connections.open"] * 2
            await on.verdict(await on.slack.announce(ANNOUNCEMENT))

    asyncio.run(run())


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
@pytest.mark.parametrize("said", TOO_LONG, ids=ids(TOO_LONG))
def test_a_start_that_slack_puts_off_for_long_ends_at_once(
    tmp_path: Path, method: str, said: str
) -> None:
    """With the reason; it is no wrong token."""

    async def run() -> None:
        async with SlackStandIn() as slack, ReplayHosts({"web1": RANKER}, tmp_path) as hosts:
            slack.fail_next(method, f"429:{said}")
            with pytest.raises(ConfigError, match=f"Slack asks to wait {TOO_LONG[said]} s"):
                async with bot(slack, hosts):
                    pass
            assert len(slack.refused) == 1

    asyncio.run(run())


@pytest.mark.parametrize("said", ["1", *UNSAID[:5]], ids=ids(["1", *UNSAID[:5]]))
def test_an_answer_to_a_command_is_sent_again_after_the_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """The response_url is Slack's, too."""
    monkeypatch.setattr("bot.slack.retry_after.UNSAID_S", 1)

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            on.slack.fail_next("response_url", f"429:{said}")
            await on.slack.slash("/sev", "diagnose web1")
            await on.slack.wait_for(lambda: SEED in json.dumps(on.slack.ephemerals))

    asyncio.run(run())


@pytest.mark.parametrize("said", TOO_LONG, ids=ids(TOO_LONG))
def test_an_answer_to_a_command_that_was_given_up_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, said: str
) -> None:
    """Nothing can be told to the asker; the next question is answered."""
    caplog.set_level(logging.INFO)

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            on.slack.fail_next("response_url", f"429:{said}")
            await on.slack.slash("/sev", "diagnose web1")
            for _ in range(200):
                await asyncio.sleep(0 if "/sev has no answer" in caplog.text else 0.1)
            assert len(on.slack.ephemerals) == 1
            await on.slack.slash("/sev", "diagnose web1")
            await on.slack.wait_for(lambda: SEED in json.dumps(on.slack.ephemerals))

    asyncio.run(run())

    assert (
        f"Slack asks to wait {TOO_LONG[said]} s before the next answer to a command" in caplog.text
    )
    assert caplog.text.count("/sev has no answer") == 1


def test_a_bot_that_is_stopped_does_not_wait_for_what_it_gave_up(tmp_path: Path) -> None:
    """Slack asked for a day; the bot ends now."""

    async def run() -> None:
        async with (
            SlackStandIn() as slack,
            ReplayHosts({"web1": RANKER, "web2": RANKER}, tmp_path) as hosts,
        ):
            async with bot(slack, hosts):
                slack.fail_next("chat.update", "429:86400")
                ts = await slack.announce(ANNOUNCEMENT)
                await slack.wait_for(lambda: slack.refused)
            assert len(Stage(slack, hosts).answers(ts)) == 1

    asyncio.run(asyncio.wait_for(run(), 60))
