"""What people press under a verdict, on the whole stage: real Bolt, real HTTP and WebSockets, real
hosts, and a stand-in that gives a trigger_id for three seconds and once.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest

from bot.chat import Verdict
from bot.held import Reports
from bot.investigate import Investigator
from bot.presses import Again, Presses
from bot.sevs import Sevs
from bot.slack.wrong_view import CAUSE, NOTHING_SAID, WORDS
from bot.standin.hosts import ReplayHosts
from bot.standin.slack import SCOPES, SlackStandIn
from diagnostics.bundle.directory import read_directory
from diagnostics.model import Report
from tests.bot.configs import inventory
from tests.bot.modals import all_pages, another_page, newest_view, said
from tests.bot.stage import ANNOUNCEMENT, Stage, bot, is_done, stage
from tests.bot.test_sevs import Room, Silent, sev_in
from tests.conftest import ROOT

RANKER = read_directory(ROOT / "tests/cases/membind-oom-16g-6.1")
KERNELS_LINE = "oom-kill:constraint=CONSTRAINT_MEMORY_POLICY"
STRANGER = "U0STRANGER"
GROUP = "S0ONCALL"


def updates_refused(there: Stage) -> int:
    return sum(1 for call in there.slack.refused if call.method == "chat.update")


async def answered(there: Stage) -> tuple[str, dict[str, Any]]:
    """An announcement, and our message with its verdict."""
    ts = await there.slack.announce(ANNOUNCEMENT)
    return ts, await there.verdict(ts)


def test_evidence_opens_a_modal_with_the_kernels_line(tmp_path: Path) -> None:
    """By host, with its source and number; pages turn on and back."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as there:
            _, message = await answered(there)
            pressed = await there.slack.press(message["ts"], "sevbot_evidence")
            assert pressed.error is None
            await there.slack.wait_for(lambda: there.slack.views)
            view = newest_view(there.slack)
            assert view["callback_id"] == "sevbot_evidence_view"
            assert KERNELS_LINE in said(view)
            whole = await all_pages(there.slack)
            assert "kernel-log:" in whole or "kernel-journal:" in whole
            assert "Evidence of web1" in whole
            assert "web2: membind OOM of node 1" in whole
            for heading in ("What happened", "What to do", "Ruled out", "Could not be checked"):
                assert heading in whole
            assert '"Next"' in await another_page(there.slack, "sevbot_back")

    asyncio.run(run())


def test_wrong_asks_for_the_true_cause_and_thanks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The message says who, the log says all of it in one line."""
    caplog.set_level(logging.INFO, "bot.presses")

    async def run() -> None:
        async with stage(tmp_path, RANKER) as there:
            ts, message = await answered(there)
            await there.slack.press(message["ts"], "sevbot_feedback", value=wrong_of(message))
            await there.slack.wait_for(lambda: there.slack.views)
            view_id = newest_view(there.slack)["id"]
            nothing = await there.slack.submit(view_id, {})
            assert nothing.errors == {WORDS: NOTHING_SAID}
            answer = await there.slack.submit(
                view_id,
                {
                    WORDS: {WORDS: {"value": "a cron job\nate it"}},
                    CAUSE: {CAUSE: {"selected_option": {"value": "disk-full"}}},
                },
            )
            assert (answer.errors, answer.error) == ({}, None)
            assert "Thank you" in said(newest_view(there.slack))
            await there.slack.wait_for(
                lambda: "Wrong, says" in said(there.answers(ts)[0]["blocks"])
            )
            assert len(there.answers(ts)) == 1

    asyncio.run(run())

    last = [line for line in caplog.messages if line.startswith("feedback on")][-1]
    assert "wrong, says" in last
    assert "true cause: disk full: a cron job ate it" in last
    assert "verdict: membind OOM of node 1" in last


def wrong_of(message: dict[str, Any]) -> str:
    """The value of *Wrong* in a pair of feedback buttons."""
    pairs = [block for block in message["blocks"] if block["type"] == "context_actions"]
    return str(pairs[0]["elements"][0]["negative_button"]["value"])


def test_the_last_word_of_one_person_counts_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Right, right again, then wrong: one line each time that it changed, and one word said."""
    caplog.set_level(logging.INFO, "bot.presses")

    async def run() -> None:
        async with stage(tmp_path, RANKER) as there:
            ts, message = await answered(there)
            right = wrong_of(message).replace("wrong:", "right:")
            for _ in range(2):
                await there.slack.press(message["ts"], "sevbot_feedback", value=right)
                await there.slack.wait_for(
                    lambda: "Right, says" in said(there.answers(ts)[0]["blocks"])
                )
            await there.slack.press(message["ts"], "sevbot_feedback", value=wrong_of(message))
            await there.slack.wait_for(
                lambda: "Wrong, says" in said(there.answers(ts)[0]["blocks"])
            )
            assert "Right, says" not in said(there.answers(ts)[0]["blocks"])

    asyncio.run(run())

    told = [line for line in caplog.messages if line.startswith("feedback on")]
    assert [("right, says" in line, "wrong, says" in line) for line in told] == [
        (True, False),
        (False, True),
    ]


def test_run_again_edits_the_one_message_and_says_for_whom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hosts are looked at once more; two presses are one look."""
    monkeypatch.setattr("bot.looks.BETWEEN_S", 0.0)

    async def run() -> None:
        async with stage(tmp_path, RANKER) as there:
            ts, message = await answered(there)
            asked = len(there.hosts.requests)
            presses = [
                await there.slack.press(message["ts"], "sevbot_again", user="U0ONCALL")
                for _ in range(2)
            ]
            await there.slack.wait_for(
                lambda: "Looked again for " in said(there.answers(ts)[0]["blocks"])
            )
            assert [press.error for press in presses] == [None, None]
            assert "U0ONCALL" in said(there.answers(ts)[0]["blocks"])
            assert len(there.answers(ts)) == 1
            assert is_done(there.answers(ts)[0])
            await there.slack.wait_for(lambda: len(there.hosts.requests) >= asked + 2)
            await there.slack.wait_for(lambda: presses[0].messages)
            assert "sevbot looks again" in said(presses[0].messages)

    asyncio.run(run())


def test_one_sev_is_looked_at_again_once_at_a_time() -> None:
    """While its hosts are asked, a second press begins nothing."""

    async def run() -> None:
        room, hosts, reports = Room(), Silent(), Reports()
        investigator = Investigator(inventory(), hosts)
        presses = Presses(Sevs(investigator, room, reports), room, reports)
        sev = sev_in(investigator)
        assert presses.again(sev, "U1") is Again.BEGUN
        await asyncio.wait_for(hosts.asked.wait(), 10)
        assert presses.again(sev, "U2") is Again.UNDER_WAY
        await presses.drain(0.01)
        assert presses.again(sev, "U2") is Again.BEGUN
        await presses.drain(0.01)

    asyncio.run(run())


def test_after_a_restart_the_evidence_is_no_longer_held_and_run_again_reads_the_announcement(
    tmp_path: Path,
) -> None:
    """From the modal that says so."""

    async def run() -> None:
        async with (
            SlackStandIn() as slack,
            ReplayHosts({"web1": RANKER, "web2": RANKER}, tmp_path) as hosts,
        ):
            there = Stage(slack, hosts)
            async with bot(slack, hosts):
                ts, message = await answered(there)
            async with bot(slack, hosts):
                await slack.press(message["ts"], "sevbot_evidence")
                await slack.wait_for(lambda: slack.views)
                assert "no longer held" in said(newest_view(slack))
                asked = len(hosts.requests)
                pressed = await slack.press_in_view(newest_view(slack)["id"], "sevbot_again")
                assert pressed.error is None
                await slack.wait_for(
                    lambda: "Looked again for " in said(there.answers(ts)[0]["blocks"])
                )
                assert "sevbot looks again" in said(newest_view(slack))
                assert len(hosts.requests) == asked + 2
                assert len(there.answers(ts)) == 1
                await slack.press(message["ts"], "sevbot_evidence")
                await slack.wait_for(lambda: KERNELS_LINE in said(newest_view(slack)))

    asyncio.run(run())


def test_run_again_without_an_announcement_says_so(tmp_path: Path) -> None:
    """After a restart, where the message that began it is another one by now."""

    async def run() -> None:
        async with (
            SlackStandIn() as slack,
            ReplayHosts({"web1": RANKER, "web2": RANKER}, tmp_path) as hosts,
        ):
            there = Stage(slack, hosts)
            async with bot(slack, hosts):
                _, message = await answered(there)
            async with bot(slack, hosts, announcement="another pattern"):
                pressed = await slack.press(message["ts"], "sevbot_again")
                await slack.wait_for(lambda: pressed.messages)
                assert "cannot read this SEV's announcement" in said(pressed.messages)

    asyncio.run(run())


def test_a_failure_after_a_verdict_is_told_in_the_same_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slack takes no message without rich_text where one with it stood (block_mismatch)."""
    monkeypatch.setattr("bot.looks.BETWEEN_S", 0.0)

    def broken(report: Report) -> Verdict:
        raise ZeroDivisionError(len(report.hosts))

    async def run() -> None:
        async with stage(tmp_path, RANKER) as there:
            ts, message = await answered(there)
            monkeypatch.setattr("bot.sevs.verdict_on", broken)
            await there.slack.press(message["ts"], "sevbot_again")
            await there.slack.wait_for(
                lambda: there.answers(ts)[0]["text"].startswith("sevbot failed on this SEV")
            )
            assert len(there.answers(ts)) == 1

    asyncio.run(run())


@pytest.mark.parametrize("action_id", ["sevbot_evidence", "sevbot_again", "sevbot_feedback"])
def test_who_may_not_ask_may_not_press(tmp_path: Path, action_id: str) -> None:
    """The same door as /sev: told to them alone, and nothing else happens."""

    async def run() -> None:
        async with stage(tmp_path, RANKER, allowed_users=("U0ONCALL",)) as there:
            ts, message = await answered(there)
            asked = len(there.hosts.requests)
            pressed = await there.slack.press(message["ts"], action_id, user=STRANGER)
            await there.slack.wait_for(lambda: pressed.messages)
            assert "you are not on it" in said(pressed.messages)
            assert not there.slack.views
            assert len(there.hosts.requests) == asked
            assert there.answers(ts)[0]["blocks"] == message["blocks"]

    asyncio.run(run())


def test_a_workspace_that_takes_no_newer_blocks_gets_plain_buttons(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused once, remembered: the next message is taken at the first try."""
    monkeypatch.setattr("bot.looks.BETWEEN_S", 0.0)

    async def run() -> None:
        async with stage(tmp_path, RANKER) as there:
            there.slack.workspace.takes_newer = False
            _, message = await answered(there)
            assert [element["action_id"] for element in message["blocks"][-1]["elements"]] == [
                "sevbot_evidence",
                "sevbot_again",
                "sevbot_right",
                "sevbot_wrong",
            ]
            refused = updates_refused(there)
            assert refused == 1
            await answered(there)
            assert updates_refused(there) == refused
            await there.slack.press(message["ts"], "sevbot_wrong")
            await there.slack.wait_for(lambda: there.slack.views)
            assert newest_view(there.slack)["callback_id"] == "sevbot_wrong_view"

    asyncio.run(run())


def test_a_modal_opens_in_time_though_the_door_is_slow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trigger_id is good for 3 s: who may ask is looked up beside it, and the modal filled once
    that is known.
    """

    async def run() -> None:
        async with (
            SlackStandIn(scopes=(*SCOPES, "usergroups:read")) as slack,
            ReplayHosts({"web1": RANKER, "web2": RANKER}, tmp_path) as hosts,
            bot(slack, hosts, allowed_groups=(GROUP,)),
        ):
            there = Stage(slack, hosts)
            _, message = await answered(there)
            monkeypatch.setattr("bot.slack.asking.AGAIN_S", 0.0)
            slack.workspace.groups[GROUP] = ["U0ONCALL"]
            for user, told in (("U0ONCALL", KERNELS_LINE), (STRANGER, "you are not on it")):
                slack.fail_next("usergroups.users.list", "slow:1.8")
                pressed = await slack.press(message["ts"], "sevbot_evidence", user=user)
                assert pressed.error is None
                await slack.wait_for(lambda: slack.views)
                assert "One moment" in said(newest_view(slack))
                await slack.wait_for(lambda: "One moment" not in said(newest_view(slack)))
                assert told in await all_pages(there.slack)
                slack.close_view(newest_view(slack)["id"])

    asyncio.run(run())


def test_an_answer_that_one_person_sees_has_its_evidence(tmp_path: Path) -> None:
    """Of /sev diagnose: no other button, since nobody else sees it."""

    async def run() -> None:
        async with stage(tmp_path, RANKER) as there:
            await there.slack.slash("/sev", "diagnose web1")
            await there.slack.wait_for(lambda: "sevbot_evidence" in said(there.slack.ephemerals))
            shown = there.slack.ephemerals[-1]
            assert "sevbot_again" not in said(shown)
            await there.slack.press(shown["ts"], "sevbot_evidence")
            await there.slack.wait_for(lambda: there.slack.views)
            assert KERNELS_LINE in await all_pages(there.slack)

    asyncio.run(run())


def test_presses_on_what_is_no_longer_held_leave_reads_for_sevs(tmp_path: Path) -> None:
    """Two announcements are read at a time; whoever presses meanwhile is told so."""

    async def run() -> None:
        async with (
            SlackStandIn() as slack,
            ReplayHosts({"web1": RANKER, "web2": RANKER}, tmp_path) as hosts,
        ):
            there = Stage(slack, hosts)
            async with bot(slack, hosts):
                _, message = await answered(there)
            async with bot(slack, hosts):
                for _ in range(2):
                    slack.fail_next("conversations.replies", "slow:1")
                presses = [slack.press(message["ts"], "sevbot_again") for _ in range(6)]
                done = await asyncio.gather(*presses)
                await slack.wait_for(lambda: all(press.messages for press in done))
                busy = [
                    press for press in done if "press again in a moment" in said(press.messages)
                ]
                assert len(busy) == 4

    asyncio.run(run())
