"""From an announcement to the edited message: real Bolt over a real WebSocket, real SSH, the real
diagnosis.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.app import serve
from bot.config import ConfigError
from bot.inventory import Inventory, Named
from bot.sevs import AT_ONCE, NO_HOST, STOPPED
from bot.standin.hosts import ReplayHosts
from bot.standin.slack import SlackStandIn
from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.bundle.directory import read_directory
from diagnostics.collect.ssh import Target
from tests.bot.modals import evidence_of
from tests.bot.stage import ANNOUNCEMENT, Stage, bot, config_for, is_done, stage, tokens_of
from tests.conftest import ROOT

RANKER = read_directory(ROOT / "tests/cases/membind-oom-16g-6.1")
SEED = "membind OOM of node 1, suggest interleave"


class NeverDone:
    """Hosts that do not answer."""

    async def collect(self, target: Target) -> Bundle | Missing:
        await asyncio.Event().wait()
        return Missing(f"{target.name} never answers")


def text_of(message: dict[str, Any]) -> str:
    return json.dumps(message["blocks"], ensure_ascii=False)


def test_an_announced_sev_gets_one_message_that_is_edited_to_the_verdict(tmp_path: Path) -> None:
    """Posted at once, then edited in place: one message, with who died, the cause, its numbers, one
    step, and what else was looked at.
    """

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            ts = await on.slack.announce(ANNOUNCEMENT)
            message = await on.verdict(ts)

            assert message["text"] == f"{SEED} (2 of 2 hosts)"
            assert len(on.answers(ts)) == 1
            first = next(call for call in on.slack.history if call.method == "chat.postMessage")
            assert first.arguments["text"] == "sevbot is looking at 2 hosts …"
            for words in (
                "ranker was killed 16 times on 2 of 2 hosts · confirmed",
                "Node 1 was full: 44 MiB free",
                "--interleave=all",
                "Ruled out",
                "lines of evidence",
            ):
                assert words in text_of(message)
            assert [what for _, what in on.hosts.requests] == ["probe", "probe"]

    asyncio.run(run())


def test_a_redelivered_event_posts_nothing_twice(tmp_path: Path) -> None:
    """Slack delivers at least once: while the first is under way, and after it is done."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            ts = await on.slack.announce(ANNOUNCEMENT)
            await on.slack.redeliver(ts)
            await on.verdict(ts)
            await on.slack.redeliver(ts)
            await asyncio.sleep(0.5)

            assert len(on.answers(ts)) == 1
            assert on.calls("chat.postMessage") == 1
            assert len(on.hosts.requests) == 2

    asyncio.run(run())


def test_a_restarted_bot_finds_its_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A done one is left alone; one that still says `looking` is finished, not posted again."""
    monkeypatch.setattr("bot.sevs.LAST_WORDS_S", 0)  # a killed process has none

    async def run() -> None:
        async with (
            SlackStandIn() as slack,
            ReplayHosts({"web1": RANKER, "web2": RANKER}, tmp_path, delay_s=1.0) as hosts,
        ):
            on = Stage(slack, hosts)
            async with bot(slack, hosts):
                done = await slack.announce(ANNOUNCEMENT)
                await on.verdict(done)
            async with bot(slack, hosts):
                await slack.redeliver(done)
                half = await slack.announce(ANNOUNCEMENT.replace("SEV-2", "SEV-1"))
                await slack.wait_for(lambda: len(on.answers(half)) == 1)
                sleeping = [
                    task for task in asyncio.all_tasks() if "Sevs._answer" in repr(task.get_coro())
                ]
                for task in sleeping:
                    # as a killed process would: the message was posted, the verdict never came
                    task.cancel()
            assert not is_done(on.answers(half)[0])
            async with bot(slack, hosts):
                await slack.redeliver(half)
                await on.verdict(half)

            assert (len(on.answers(done)), len(on.answers(half))) == (1, 1)
            assert on.calls("chat.postMessage") == 2

    asyncio.run(run())


@pytest.mark.parametrize("fault", ["drop-after-commit", "500", "429:1", "ok-false:internal_error"])
def test_a_lost_or_refused_post_is_never_a_second_post(tmp_path: Path, fault: str) -> None:
    """After a post whose answer was lost the thread is read back."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            on.slack.fail_next("chat.postMessage", fault)
            ts = await on.slack.announce(ANNOUNCEMENT)
            await on.verdict(ts)

            assert len(on.answers(ts)) == 1

    asyncio.run(run())


@pytest.mark.parametrize("fault", ["drop-after-commit", "500", "429:1"])
def test_a_lost_or_refused_edit_is_repeated(tmp_path: Path, fault: str) -> None:
    """An edit is idempotent."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            on.slack.fail_next("chat.update", fault)

            assert SEED in (await on.verdict(await on.slack.announce(ANNOUNCEMENT)))["text"]

    asyncio.run(run())


@pytest.mark.parametrize("fault", ["500", "429:1", "ok-false:internal_error"])
def test_slacks_trouble_with_auth_test_loses_no_event(tmp_path: Path, fault: str) -> None:
    """Who we are is asked once, before the first event."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            on.slack.fail_next("auth.test", fault)

            assert SEED in (await on.verdict(await on.slack.announce(ANNOUNCEMENT)))["text"]

    asyncio.run(run())


def test_an_outage_of_some_seconds_leaves_no_sev_without_its_answer(tmp_path: Path) -> None:
    """Four edits fail in a row; the message still comes to its end."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            for _ in range(4):
                on.slack.fail_next("chat.update", "500")

            assert (
                SEED
                in (await on.verdict(await on.slack.announce(ANNOUNCEMENT), timeout_s=40))["text"]
            )

    asyncio.run(run())


def test_refused_blocks_fall_back_to_plain_text(tmp_path: Path) -> None:
    """A short true answer beats none."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            for _ in ("newer blocks", "plainer ones"):
                on.slack.fail_next("chat.update", "ok-false:invalid_blocks")
            message = await on.verdict(await on.slack.announce(ANNOUNCEMENT))

            assert (message["text"], message.get("blocks") or []) == (f"{SEED} (2 of 2 hosts)", [])

    asyncio.run(run())


def test_an_announcement_without_a_known_host_is_answered(tmp_path: Path) -> None:
    """It says what was missing, and asks no host."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            message = await on.verdict(
                await on.slack.announce("SEV-2: checkout is slow on attacker.example")
            )

            assert NO_HOST.sentences[0] in text_of(message)
            assert on.hosts.requests == []

    asyncio.run(run())


def test_other_talk_is_left_alone(tmp_path: Path) -> None:
    """A person's words, other bots, replies in a thread."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            said = await on.slack.post_as_user(ANNOUNCEMENT)
            await on.slack.post_as_user(ANNOUNCEMENT, thread_ts=said)
            await asyncio.sleep(0.5)

            assert on.calls("chat.postMessage") == 0
            assert on.hosts.requests == []

    asyncio.run(run())


def test_a_host_that_fails_is_told_beside_the_others(tmp_path: Path) -> None:
    """One host is gone: the other's verdict comes, and the message names the trouble and its
    cure.
    """

    async def run() -> None:
        async with (
            SlackStandIn() as slack,
            ReplayHosts({"web1": RANKER, "web2": RANKER}, tmp_path) as hosts,
        ):
            hosts.targets["web2"] = replace(hosts.targets["web2"], port=1)
            async with bot(slack, hosts):
                message = await Stage(slack, hosts).verdict(await slack.announce(ANNOUNCEMENT))

            assert message["text"] == f"{SEED} (1 of 2 hosts)"
            assert "could not be examined" in text_of(message)
            assert "web2" in text_of(message)

    asyncio.run(run())


def test_hostile_text_from_a_host_stays_text(tmp_path: Path) -> None:
    """A process called <!channel> wakes nobody."""
    log = RANKER.sections["kernel-log"].text.replace("ranker", "<!channel>")
    hostile = replace(
        RANKER, sections={**RANKER.sections, "kernel-log": Section("kernel-log", log)}
    )

    async def run() -> None:
        async with stage(tmp_path, hostile) as on:
            message = await on.verdict(await on.slack.announce(ANNOUNCEMENT))

            assert "<!channel>" not in text_of(message)
            assert "&lt;!channel&gt;" in text_of(message)

    asyncio.run(run())


def test_one_reply_when_the_verdict_is_ready_if_configured(tmp_path: Path) -> None:
    """An edit notifies nobody; this reply does."""

    async def run() -> None:
        async with stage(tmp_path, RANKER, notify_when_ready=True) as on:
            ts = await on.slack.announce(ANNOUNCEMENT)
            await on.slack.wait_for(lambda: len(on.answers(ts)) == 2)

            assert on.answers(ts)[1]["text"] == f"{SEED} (2 of 2 hosts)"

    asyncio.run(run())


def test_sev_diagnose_answers_by_the_same_path(tmp_path: Path) -> None:
    """Acknowledged at once, then the report, to the asker only; nothing is posted in the
    channel.
    """

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            answer = await on.slack.slash("/sev", "diagnose web1 nosuch")
            assert "looking at 2 hosts" in answer.said
            await on.slack.wait_for(lambda: SEED in json.dumps(on.slack.ephemerals))

            assert "not in the inventory" in await evidence_of(on.slack, on.slack.ephemerals[-1])
            assert on.calls("chat.postMessage") == 0
            assert on.hosts.requests == [("web1", "probe")]

    asyncio.run(run())


def test_sev_and_an_announcement_read_names_alike_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Capitals, brackets and a domain do not matter; what is like a name is told, not dialled."""
    asked: list[str] = []
    resolve = Inventory.resolve

    def counted(inventory: Inventory, text: str, *, in_prose: bool = False) -> Named:
        asked.append(text)
        return resolve(inventory, text, in_prose=in_prose)

    monkeypatch.setattr(Inventory, "resolve", counted)

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            await on.slack.slash("/sev", "diagnose (WEB1.example.com), wbe2")
            await on.slack.wait_for(lambda: SEED in json.dumps(on.slack.ephemerals))
            assert "did you mean web2? Check" in await evidence_of(
                on.slack, on.slack.ephemerals[-1]
            )
            assert on.hosts.requests == [("web1", "probe")]

            ts = await on.slack.announce("SEV-2: crash looping on (WEB2.example.com), wbe1")
            verdict = await on.verdict(ts)
            assert "wbe1" not in json.dumps(verdict)
            assert on.hosts.requests == [("web1", "probe"), ("web2", "probe")]
            assert len(asked) == 2

    asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("help", "/sev diagnose HOST"),
        ("diagnose , and", "at least one host"),
        ("diagnose rankr", "did you mean ranker? Check the spelling"),
        ("", "/sev diagnose HOST"),
        ("frobnicate", "knows no 'frobnicate'"),
        ("diagnose", "at least one host"),
        ("diagnose " + " ".join(f"h{n}" for n in range(60)), "at most 50 names"),
    ],
)
def test_sev_answers_every_question_with_a_sentence(tmp_path: Path, text: str, words: str) -> None:
    """Errors come with their cure, at once, and ask no host."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            answer = await on.slack.slash("/sev", text)

            assert words in json.dumps(answer.blocks, ensure_ascii=False)
            assert on.hosts.requests == []

    asyncio.run(run())


@pytest.mark.parametrize(
    ("token", "words"),
    [("bot", "Slack refused the bot token"), ("app", "Slack refused the app-level token")],
)
def test_a_refused_token_is_named_with_its_cure(tmp_path: Path, token: str, words: str) -> None:
    """At start, not at the first SEV."""

    async def run() -> None:
        async with SlackStandIn() as slack, ReplayHosts({"web1": RANKER}, tmp_path) as hosts:
            setattr(slack, f"{token}_token", {"bot": "xoxb-wrong", "app": "xapp-wrong"}[token])
            with pytest.raises(ConfigError, match=words):
                async with bot(slack, hosts):
                    pass

    asyncio.run(run())


def test_a_bot_that_is_stopped_says_so_in_what_it_leaves_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for an answer that does not come any more."""
    monkeypatch.setattr("bot.app.DRAIN_S", 0.1)

    async def run() -> None:
        async with SlackStandIn() as slack, ReplayHosts({"web1": RANKER}, tmp_path) as hosts:
            stop, ready = asyncio.Event(), asyncio.Event()
            running = asyncio.create_task(
                serve(config_for(slack, hosts), tokens_of(slack), NeverDone(), stop, ready)
            )
            await ready.wait()
            ts = await slack.announce(ANNOUNCEMENT)
            await slack.wait_for(lambda: len(slack.thread(ts)) == 2)
            stop.set()
            await running

            assert slack.thread(ts)[1]["text"] == STOPPED.sentences[0]

    asyncio.run(run())


def test_each_sev_is_posted_at_once_however_many_are_looked_at(tmp_path: Path) -> None:
    """Only the looking is limited."""

    async def run() -> None:
        async with SlackStandIn() as slack, ReplayHosts({"web1": RANKER}, tmp_path) as hosts:
            stop, ready = asyncio.Event(), asyncio.Event()
            running = asyncio.create_task(
                serve(config_for(slack, hosts), tokens_of(slack), NeverDone(), stop, ready)
            )
            await ready.wait()
            sevs = [await slack.announce(ANNOUNCEMENT) for _ in range(AT_ONCE + 1)]
            await slack.wait_for(lambda: all(len(slack.thread(ts)) == 2 for ts in sevs))
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    asyncio.run(run())


def test_refused_blocks_at_the_last_attempt_still_fall_back_to_plain_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attempts of one form are not those of the other."""
    monkeypatch.setattr("bot.slack.message.ATTEMPTS", 2)

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            on.slack.fail_next("chat.update", "500")
            for _ in ("newer blocks", "plainer ones"):
                on.slack.fail_next("chat.update", "ok-false:invalid_blocks")
            message = await on.verdict(await on.slack.announce(ANNOUNCEMENT))

            assert message["text"] == f"{SEED} (2 of 2 hosts)"

    asyncio.run(run())


def test_an_answer_to_a_command_that_did_not_go_is_sent_again(tmp_path: Path) -> None:
    """And again with its text alone."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            on.slack.fail_next("response_url", "500")
            await on.slack.slash("/sev", "diagnose web1")
            await on.slack.wait_for(lambda: SEED in json.dumps(on.slack.ephemerals))

    asyncio.run(run())


@pytest.mark.parametrize("method", ["auth.test", "apps.connections.open"])
def test_slacks_trouble_at_the_start_is_no_wrong_token(tmp_path: Path, method: str) -> None:
    """It is tried again."""

    async def run() -> None:
        async with SlackStandIn() as slack, ReplayHosts({"web1": RANKER}, tmp_path) as hosts:
            slack.fail_next(method, "500")
            slack.fail_next(method, "ok-false:internal_error")
            async with bot(slack, hosts):
                await slack.wait_for(lambda: True)

    asyncio.run(run())


def test_at_its_start_no_library_warns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Bolt would, of what we do on purpose, and of a token in the environment."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-of-the-environment")

    async def run() -> None:
        async with stage(tmp_path, RANKER):
            pass

    asyncio.run(run())

    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING] == []
