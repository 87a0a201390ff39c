"""The one message of a SEV on its way: when the thread is read, by what our message is known again,
and what happens where there is no thread any more.
"""

from __future__ import annotations

import asyncio
import json
import logging
from functools import partial
from pathlib import Path

import pytest

from bot.standin.hosts import ReplayHosts
from bot.standin.slack import SlackStandIn
from diagnostics.bundle import Bundle, Missing
from diagnostics.bundle.directory import read_directory
from diagnostics.collect.ssh import Target
from tests.bot.stage import ANNOUNCEMENT, Stage, bot, config_for, is_done, served, stage
from tests.conftest import ROOT

RANKER = read_directory(ROOT / "tests/cases/membind-oom-16g-6.1")
SEED = "membind OOM of node 1, suggest interleave"
ASKED = "sevbot has asked"
READS = "conversations.replies"


@pytest.fixture
def _one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slack's and ours are the same: this machine's."""
    monkeypatch.setattr("bot.slack.listeners.CLOCKS_DIFFER_S", 0.0)


@pytest.mark.usefixtures("_one_clock")
def test_a_fresh_announcement_is_answered_without_reading_its_thread(tmp_path: Path) -> None:
    """Nobody can have answered it: so many announcements cost no reads at all."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            await on.verdict(await on.slack.announce(ANNOUNCEMENT))

            assert on.calls(READS) == 0

    asyncio.run(run())


@pytest.mark.usefixtures("_one_clock")
def test_a_second_attempt_reads_the_thread_first(tmp_path: Path) -> None:
    """The first may have been posted."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            on.slack.fail_next("chat.postMessage", "drop-after-commit")
            ts = await on.slack.announce(ANNOUNCEMENT)
            await on.verdict(ts)

            assert (on.calls(READS), len(on.answers(ts))) == (1, 1)

    asyncio.run(run())


def test_what_was_announced_before_this_process_began_is_looked_for(tmp_path: Path) -> None:
    """By another clock than ours, so within a minute after the start it may have been before."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            await on.verdict(await on.slack.announce(ANNOUNCEMENT))

            assert on.calls(READS) == 1

    asyncio.run(run())


@pytest.mark.usefixtures("_one_clock")
def test_what_is_told_again_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An acknowledgement was lost, and with it perhaps another process that had answered."""
    monkeypatch.setattr("bot.sevs.Sevs.announced", lambda *_: None)

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            ts = await on.slack.announce(ANNOUNCEMENT)
            await on.slack.wait_for(lambda: len(on.slack.acks) == 1)
            monkeypatch.undo()
            monkeypatch.setattr("bot.slack.listeners.CLOCKS_DIFFER_S", 0.0)
            await on.slack.redeliver(ts)
            await on.verdict(ts)

            assert on.calls(READS) == 1

    asyncio.run(run())


@pytest.mark.parametrize("is_finished", [True, False])
def test_without_its_metadata_our_message_is_known_by_its_first_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_finished: bool
) -> None:
    """Slack drops metadata that it finds too long, and only warns of it. After a restart what is
    done is left alone, and what is not is finished; neither is posted again.
    """
    monkeypatch.setattr("bot.sevs.LAST_WORDS_S", 0)  # a killed process has none
    monkeypatch.setattr("bot.app.DRAIN_S", 0.1)

    async def run() -> None:
        async with (
            SlackStandIn() as slack,
            ReplayHosts({"web1": RANKER, "web2": RANKER}, tmp_path) as hosts,
        ):
            on = Stage(slack, hosts)
            in_turn = InTurn(*(("web1", "web2") if is_finished else ()))
            async with served(slack, config_for(slack, hosts), in_turn):
                ts = await slack.announce(ANNOUNCEMENT)
                await slack.wait_for(lambda: len(on.answers(ts)) == 1)
                if is_finished:
                    await on.verdict(ts)
            (ours,) = slack.workspace.thread(ts)[1:]
            del ours["metadata"]
            edits = on.calls("chat.update")
            async with bot(slack, hosts):
                await slack.redeliver(ts)
                await slack.wait_for(lambda: on.calls(READS) == 2)
                if not is_finished:
                    await on.verdict(ts)

            assert on.calls("chat.postMessage") == 1
            assert on.calls("chat.update") == edits + (not is_finished)

    asyncio.run(run())


def test_another_bots_message_is_not_taken_for_ours(tmp_path: Path) -> None:
    """Anybody in the channel can read a block's id and post one like it."""

    async def run() -> None:
        async with SlackStandIn() as slack, ReplayHosts({"web1": RANKER}, tmp_path) as hosts:
            on = Stage(slack, hosts)
            async with bot(slack, hosts):
                ts = await slack.announce(ANNOUNCEMENT)
                await on.verdict(ts)
            (ours,) = slack.workspace.thread(ts)[1:]
            ours |= {"bot_id": "B0OTHER", "user": "U0OTHER"}
            async with bot(slack, hosts):
                await slack.redeliver(ts)
                await slack.wait_for(lambda: len(on.answers(ts)) == 2)

    asyncio.run(run())


class InTurn:
    """Hosts that answer once they are `let`; they are asked on another loop than the test's."""

    def __init__(self, *let: str) -> None:
        self._let = set(let)
        self._waiting: dict[str, tuple[asyncio.AbstractEventLoop, asyncio.Event]] = {}

    def let(self, name: str) -> None:
        self._let.add(name)
        if name in self._waiting:
            loop, event = self._waiting[name]
            loop.call_soon_threadsafe(event.set)

    async def collect(self, target: Target) -> Bundle | Missing:
        event = asyncio.Event()
        self._waiting[target.name] = asyncio.get_running_loop(), event
        if target.name not in self._let:
            await event.wait()
        return RANKER


def test_while_hosts_are_asked_the_message_says_how_many_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing of it comes behind the verdict."""
    monkeypatch.setattr("bot.progress.BETWEEN_S", 0.01)

    async def run() -> None:
        async with (
            SlackStandIn() as slack,
            ReplayHosts(dict.fromkeys(("web1", "web2", "web3"), RANKER), tmp_path) as hosts,
        ):
            on, in_turn = Stage(slack, hosts), InTurn()
            async with served(slack, config_for(slack, hosts), in_turn):
                ts = await slack.announce("SEV-1: ranker")
                for told, name in enumerate(("web2", "web1"), start=1):
                    in_turn.let(name)
                    await slack.wait_for(
                        partial(stood, on, f"sevbot has asked {told} of 3 hosts …")
                    )
                slack.fail_next("chat.update", "slow:0.5")
                in_turn.let("web3")
                await on.verdict(ts)
            edits = [c.arguments for c in slack.history if c.method == "chat.update"]

            assert is_done(on.answers(ts)[0])
            assert [each["text"].startswith(ASKED) for each in edits[:2]] == [
                True,
                True,
            ]
            assert edits[-1]["text"] == f"{SEED} (3 of 3 hosts)"

    asyncio.run(run())


def test_of_one_host_no_progress_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer is the verdict."""
    monkeypatch.setattr("bot.progress.BETWEEN_S", 0.0)

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            await on.verdict(await on.slack.announce("SEV-2: web1"))

            assert on.calls("chat.update") == 1

    asyncio.run(run())


def test_words_that_may_still_be_on_their_way_do_not_win_over_the_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edit that Slack did not answer in time may be done late: the verdict is said once more."""
    monkeypatch.setattr("bot.progress.BETWEEN_S", 0.0)
    monkeypatch.setattr("bot.slack.calls.AT_ONCE_S", 0.05)
    monkeypatch.setattr("bot.slack.message.SLACK_TIMEOUT_S", 0.1)

    async def run() -> None:
        async with (
            SlackStandIn() as slack,
            ReplayHosts(dict.fromkeys(("web1", "web2"), RANKER), tmp_path) as hosts,
        ):
            on, in_turn = Stage(slack, hosts), InTurn()
            async with served(slack, config_for(slack, hosts), in_turn):
                slack.fail_next("chat.update", "drop-after-commit")
                ts = await slack.announce(ANNOUNCEMENT)
                await slack.wait_for(lambda: len(on.answers(ts)) == 1)
                in_turn.let("web1")
                await slack.wait_for(lambda: on.calls("chat.update") == 1)
                in_turn.let("web2")
                await slack.wait_for(lambda: stood(on, SEED) == 2)

    asyncio.run(run())


def stood(on: Stage, words: str) -> int:
    """How many edits put them into a message."""
    return sum(
        call.method == "chat.update" and call.arguments["text"].startswith(words)
        for call in on.slack.history
    )


def test_the_log_has_one_line_for_each_sev_and_each_question(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Hosts, verdict, how long it took and where it stands; who asked what."""
    caplog.set_level(logging.INFO)

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            ts = await on.slack.announce(ANNOUNCEMENT)
            await on.verdict(ts)
            await on.slack.slash("/sev", "diagnose <web1> \x1b[31m", user="U0VISITOR01")
            await on.slack.wait_for(lambda: len(on.slack.ephemerals) == 2)
            ours = on.answers(ts)[0]["ts"]
        lines = [each.getMessage() for each in caplog.records if each.name == "bot.sevs"]
        (line,) = [each for each in lines if each.startswith(f"SEV at {ts}")]
        verdict, hosts, took, where = line.removeprefix(f"SEV at {ts}: ").split("; ")
        assert (verdict, hosts) == (SEED, "web1, web2")
        assert took.endswith(" s")
        assert ours.replace(".", "") in where.replace(".", "")
        assert "/sev of U0VISITOR01 in" in caplog.text
        assert "\x1b" not in caplog.text

    asyncio.run(run())


@pytest.mark.usefixtures("_one_clock")
@pytest.mark.parametrize("is_answer_lost", [False, True])
def test_an_answer_that_fell_into_the_channel_is_deleted_and_the_sev_given_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, is_answer_lost: bool
) -> None:
    """Somebody deleted the announcement: Slack posts the reply in the channel and says nothing of
    it. Told again, it is not posted again.
    """

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            if is_answer_lost:
                on.slack.fail_next("chat.postMessage", "drop-after-commit")
            ts = await on.slack.announce(ANNOUNCEMENT)
            on.slack.delete_parent(ts)
            await on.slack.wait_for(lambda: on.calls("chat.delete") == 1)
            await on.slack.redeliver(ts)
            other = await on.slack.announce(ANNOUNCEMENT)
            await on.verdict(other)

            assert [each["ts"] for each in on.slack.messages() if "thread_ts" not in each] == [
                other
            ]
            assert on.calls("chat.postMessage") == 2
            assert f"the SEV at {ts} is given up" in caplog.text

    asyncio.run(run())


def test_where_the_announcement_is_gone_before_it_is_read_nothing_is_posted(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is given up at once."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            ts = await on.slack.announce(ANNOUNCEMENT)
            on.slack.delete_parent(ts)
            await on.verdict(await on.slack.announce(ANNOUNCEMENT))

            assert f"the SEV at {ts} is given up" in caplog.text
            assert on.calls("chat.postMessage") == 1, "the other's"

    asyncio.run(run())


@pytest.mark.usefixtures("_one_clock")
def test_what_slack_drops_of_a_long_mark_is_still_known(tmp_path: Path) -> None:
    """Our metadata is far below the length that Slack takes."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            ts = await on.slack.announce(ANNOUNCEMENT)
            await on.verdict(ts)
            (ours,) = on.answers(ts)

            assert len(json.dumps(ours["metadata"])) < 400
            assert ours["blocks"][0]["block_id"].startswith("sevbot:")
            assert ours["blocks"][0]["block_id"].endswith(":done")

    asyncio.run(run())


@pytest.mark.parametrize("code", ["edit_window_closed", "cant_update_message"])
def test_where_a_message_can_no_longer_be_edited_the_verdict_stands_in_a_new_one(
    tmp_path: Path, code: str
) -> None:
    """Once, however often it is told; nobody is left with "looking"."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            for _ in range(9):
                on.slack.fail_next("chat.update", f"ok-false:{code}")
            ts = await on.slack.announce(ANNOUNCEMENT)
            await on.slack.wait_for(lambda: len(on.answers(ts)) == 2, timeout_s=20)
            verdict = on.answers(ts)[1]
            assert "membind OOM of node 1" in verdict["text"]
            key = str(on.answers(ts)[0]["metadata"]["event_payload"]["key"])
            refused = len(on.slack.refused)
            pressed = await on.slack.press(verdict["ts"], "sevbot_feedback", value=f"right:{key}")
            assert pressed.error is None
            await on.slack.wait_for(lambda: len(on.slack.refused) > refused, timeout_s=20)
            await asyncio.sleep(0.5)
            assert len(on.answers(ts)) == 2

    asyncio.run(run())


def test_an_event_that_nobody_listens_to_is_acknowledged(tmp_path: Path) -> None:
    """Else Slack would send it again, and hold the socket for one that fails."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            event = {"type": "member_joined_channel", "user": "U1", "ts": "1.0", "event_ts": "1.0"}
            before = len(on.slack.acks)
            on.slack.workspace.deliver(event)
            await on.slack.wait_for(lambda: len(on.slack.acks) == before + 1, timeout_s=10)

    asyncio.run(run())
