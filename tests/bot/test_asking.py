"""Who may announce and ask: strangers, over real Bolt and a real WebSocket, with the events as
Slack sends them.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.cli import LOG_FORMAT
from bot.slack.asking import ELSEWHERE, NOT_LISTED, NOT_OURS, Home
from bot.slack.refusals import NAMED_AN_HOUR, REMEMBERED, Refusals
from bot.standin.hosts import ReplayHosts
from bot.standin.slack import ANNOUNCER, SCOPES, Bot, SlackStandIn
from bot.standin.workspace import TEAM
from diagnostics.bundle.directory import read_directory
from tests.bot.stage import ANNOUNCEMENT, Stage, bot
from tests.conftest import ROOT

RANKER = read_directory(ROOT / "tests/cases/membind-oom-16g-6.1")
ELSEWHERE_TEAM, ELSEWHERE_ORG = "T0ELSEWHERE", "E0ELSEWHERE"
FOREIGN_BOT = Bot(
    "SEV bot",
    user_id="U0FOREIGN01",
    bot_id=ANNOUNCER.bot_id,
    app_id=ANNOUNCER.app_id,
    team_id=ELSEWHERE_TEAM,
)
ALL_SCOPES = (*SCOPES, "usergroups:read")
ON_CALL = "S0ONCALL01"


@contextlib.contextmanager
def log() -> Iterator[io.StringIO]:
    """What `sevbot run` would write."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter(LOG_FORMAT))
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("asyncssh").setLevel(logging.WARNING)
    try:
        yield written
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
        logging.getLogger("asyncssh").setLevel(logging.NOTSET)


@contextlib.asynccontextmanager
async def on_stage(
    directory: Path, stand_in: SlackStandIn | None = None, **changes: object
) -> AsyncIterator[Stage]:
    """As tests.bot.stage, with a stand-in of the test's own."""
    async with (
        stand_in or SlackStandIn() as slack,
        ReplayHosts({"web1": RANKER, "web2": RANKER}, directory) as hosts,
        bot(slack, hosts, **changes),
    ):
        yield Stage(slack, hosts)


def event_of(slack: SlackStandIn, **changes: object) -> dict[str, Any]:
    """An announcement as a classic webhook sends it: it names no team."""
    sender = {"subtype": "bot_message", "bot_id": slack.announcer.bot_id, "username": "SEV bot"}
    return {
        "type": "message",
        "ts": slack.workspace.next_ts(),
        **sender,
        "text": ANNOUNCEMENT,
        "channel_type": "channel",
        **changes,
    }


STRANGE = [
    ({"team": ELSEWHERE_TEAM}, {}),
    (
        {"team": TEAM, "user_team": ELSEWHERE_ORG, "source_team": ELSEWHERE_ORG},
        {"is_ext_shared_channel": True},
    ),
    ({"user_team": ELSEWHERE_TEAM}, {}),
    ({"team": TEAM, "source_team": ELSEWHERE_TEAM}, {}),
    ({"team_id": ELSEWHERE_TEAM}, {}),
    ({"team": TEAM, "user_profile": {"team": ELSEWHERE_TEAM}}, {}),
    ({"team": TEAM, "bot_profile": {"team_id": ELSEWHERE_TEAM}}, {}),
    ({"team": TEAM}, {"team_id": ELSEWHERE_TEAM}),
    ({"team": TEAM}, {"enterprise_id": ELSEWHERE_ORG}),
    ({"team": [TEAM]}, {}),
    ({}, {"is_ext_shared_channel": True}),
    ({}, {"is_ext_shared_channel": True, "team_id": TEAM, "context_team_id": TEAM}),
]


@pytest.mark.parametrize(("event", "envelope"), STRANGE)
def test_an_event_of_another_team_is_not_answered(
    tmp_path: Path, event: dict[str, Any], envelope: dict[str, Any]
) -> None:
    """Though its sender has the announcer's ids; an announcement of ours behind it is."""

    async def run() -> None:
        async with on_stage(tmp_path) as on:
            on.slack.workspace.deliver(event_of(on.slack, **event), **envelope)
            ours = await on.slack.announce(ANNOUNCEMENT)
            await on.verdict(ours)

            assert on.calls("chat.postMessage") == 1
            assert len(on.hosts.requests) == 2

    with log() as written:
        asyncio.run(run())

    assert written.getvalue().count("a message matched the announcement pattern, but") == 1


@pytest.mark.parametrize(
    ("event", "envelope"),
    [
        ({}, {}),
        ({"team": TEAM}, {}),
        ({"team": None}, {"enterprise_id": None, "context_team_id": ELSEWHERE_TEAM}),
        (
            {"team": TEAM, "user_team": TEAM, "source_team": TEAM, "user_profile": {"team": TEAM}},
            {},
        ),
        (
            {"team": TEAM, "bot_profile": {"team_id": TEAM}},
            {"is_ext_shared_channel": True, "context_team_id": ELSEWHERE_TEAM},
        ),
    ],
)
def test_an_event_of_ours_is_answered_whatever_it_leaves_out(
    tmp_path: Path, event: dict[str, Any], envelope: dict[str, Any]
) -> None:
    """Webhooks name no team. `context_team_id` is the other side's in a channel that somebody else
    shared with us.
    """

    async def run() -> None:
        async with on_stage(tmp_path) as on:
            on.slack.workspace.deliver(event_of(on.slack, **event), **envelope)
            await on.slack.wait_for(lambda: on.hosts.requests)

    asyncio.run(run())


def test_a_bot_of_another_team_in_a_shared_channel_is_not_answered(tmp_path: Path) -> None:
    """And one of ours in it is."""

    async def run() -> None:
        async with on_stage(tmp_path) as on:
            on.slack.workspace.is_ext_shared_channel = True
            await on.slack.announce(ANNOUNCEMENT, bot=FOREIGN_BOT)
            ours = await on.slack.announce(ANNOUNCEMENT)
            await on.verdict(ours)

            assert on.calls("chat.postMessage") == 1

    asyncio.run(run())


def test_an_organisation_of_ours_is_ours(tmp_path: Path) -> None:
    """In an Enterprise Grid people are known by the organisation, and every envelope names it."""

    async def run() -> None:
        slack = SlackStandIn()
        slack.workspace.enterprise_id = "E0OURS"
        async with on_stage(tmp_path, slack) as on:
            on.slack.workspace.deliver(
                event_of(on.slack, user_team="E0OURS", source_team="E0OURS"), enterprise_id="E0OURS"
            )
            await on.slack.wait_for(lambda: on.hosts.requests)
            assert "/sev diagnose" in json.dumps((await on.slack.slash("/sev", "help")).blocks)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"team_id": ELSEWHERE_TEAM}, NOT_OURS),
        ({"team_id": None}, NOT_OURS),
        ({"enterprise_id": ELSEWHERE_ORG}, NOT_OURS),
        ({"channel_id": "C0ELSEWHERE"}, ELSEWHERE),
        ({"channel_id": None}, ELSEWHERE),
    ],
)
@pytest.mark.parametrize("text", ["diagnose web1", "help"])
def test_a_command_of_another_team_or_channel_is_refused(
    tmp_path: Path, payload: dict[str, Any], words: str, text: str
) -> None:
    """To the asker only, in the acknowledgement, and no host is asked."""

    async def run() -> None:
        async with on_stage(tmp_path) as on:
            answer = await on.slack.slash("/sev", text, **payload)

            assert answer.said == words
            assert (on.hosts.requests, on.calls("chat.postMessage")) == ([], 0)

    asyncio.run(run())


def test_without_an_allow_list_every_member_of_the_channel_may_ask(tmp_path: Path) -> None:
    """As the README says."""

    async def run() -> None:
        async with on_stage(tmp_path) as on:
            assert "looking at" in (await on.slack.slash("/sev", "diagnose web1", "U0ANYBODY")).said

    asyncio.run(run())


def test_with_an_allow_list_only_those_on_it_may_ask(tmp_path: Path) -> None:
    """By id or by user group; a name or a part of an id is nobody."""

    async def run() -> None:
        slack = SlackStandIn(scopes=ALL_SCOPES)
        slack.workspace.groups[ON_CALL] = ["U0ONCALL"]
        async with on_stage(
            tmp_path, slack, allowed_users=("U0BOSS",), allowed_groups=(ON_CALL,)
        ) as on:
            for user in ("U0BOSS", "U0ONCALL"):
                assert "looking at" in (await on.slack.slash("/sev", "diagnose web1", user)).said
            for user in ("U0STRANGER", "U0BOSS1", "u0boss", "U0ONCALL,U0BOSS", ""):
                assert (await on.slack.slash("/sev", "diagnose web1", user)).said == NOT_LISTED
                assert (await on.slack.slash("/sev", "help", user)).said == NOT_LISTED
            # the second has the answer of the first
            await on.slack.wait_for(lambda: len(on.hosts.requests) == 1)

            assert on.calls("usergroups.users.list") == 1

    asyncio.run(run())


def test_strangers_do_not_make_it_ask_slack_each_time(tmp_path: Path) -> None:
    """200 of them at once cost two look-ups: one at start, one for whoever is not known; on a slow
    machine, where they take long, three.
    """

    async def run() -> None:
        slack = SlackStandIn(scopes=ALL_SCOPES)
        slack.workspace.groups[ON_CALL] = []
        with pytest.MonkeyPatch.context() as patch:
            async with on_stage(tmp_path, slack, allowed_groups=(ON_CALL,)) as on:
                patch.setattr("bot.slack.asking.AGAIN_S", 5.0)
                await asyncio.sleep(5.0)
                answers = await asyncio.gather(
                    *(on.slack.slash("/sev", "help", f"U0STRANGER{n}") for n in range(200))
                )

                assert {answer.said for answer in answers} == {NOT_LISTED}
                assert on.calls("usergroups.users.list") <= 3

    asyncio.run(run())


def test_a_new_member_may_ask_soon_and_one_who_left_not_for_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list is read again for somebody who is not on it, and forgotten after a while."""
    monkeypatch.setattr("bot.slack.asking.AGAIN_S", 0.0)
    monkeypatch.setattr("bot.slack.asking.KEPT_S", 1.0)

    async def run() -> None:
        slack = SlackStandIn(scopes=ALL_SCOPES)
        slack.workspace.groups[ON_CALL] = ["U0LEAVES"]
        async with on_stage(tmp_path, slack, allowed_groups=(ON_CALL,)) as on:
            assert (await on.slack.slash("/sev", "help", "U0COMES")).said == NOT_LISTED
            slack.workspace.groups[ON_CALL] = ["U0COMES"]
            assert (await on.slack.slash("/sev", "help", "U0COMES")).said != NOT_LISTED
            await asyncio.sleep(1.1)
            assert (await on.slack.slash("/sev", "help", "U0LEAVES")).said == NOT_LISTED

    asyncio.run(run())


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("scope", "usergroups:read"),
        ("group", "no_such_subteam of the user group S0ONCALL01"),
        ("500", "Slack says None"),
        ("429:86400", "ratelimited"),
        ("slow:20", "TimeoutError"),
        ("ok-false:fatal_error", "fatal_error"),
    ],
)
def test_where_a_group_cannot_be_read_nobody_of_it_may_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str, words: str
) -> None:
    """Refused within Slack's 3 s, with the reason; those on the list of users still may."""
    monkeypatch.setattr("bot.slack.asking.AGAIN_S", 0.0)

    async def run() -> None:
        slack = SlackStandIn(scopes=SCOPES if fault == "scope" else ALL_SCOPES)
        if fault != "group":
            slack.workspace.groups[ON_CALL] = ["U0ONCALL"]
        async with on_stage(
            tmp_path, slack, allowed_users=("U0BOSS",), allowed_groups=(ON_CALL,)
        ) as on:
            monkeypatch.setattr("bot.slack.asking.KEPT_S", 0.0)
            if fault not in ("scope", "group"):
                slack.fail_next("usergroups.users.list", fault)
            answer = await on.slack.slash("/sev", "diagnose web1", "U0ONCALL")

            assert answer.error is None
            assert "sevbot cannot tell whether you may ask" in answer.said
            assert words in answer.said
            assert on.hosts.requests == []
            assert "looking at" in (await on.slack.slash("/sev", "diagnose web1", "U0BOSS")).said

    asyncio.run(run())


def caught_up(slack: SlackStandIn, number: int) -> bool:
    return len(slack.acks) >= number - 100


def test_ten_thousand_messages_of_strangers_write_little(tmp_path: Path) -> None:
    """Each of another sender, of another team or no announcer; then one sender 10,000 times would
    write one line.
    """

    async def run() -> None:
        async with on_stage(tmp_path, SlackStandIn(retries_after_s=(600,))) as on:
            for number in range(10_000):
                event = event_of(
                    on.slack,
                    bot_id=f"B0STRANGER{number}" if number % 2 else on.slack.announcer.bot_id,
                    username="x" * 50,
                )
                on.slack.workspace.deliver(
                    event, **({} if number % 2 else {"team_id": f"T0STRANGER{number}"})
                )
                if number % 100 == 0:
                    await on.slack.wait_for(partial(caught_up, on.slack, number), timeout_s=60)
            ours = await on.slack.announce(ANNOUNCEMENT)
            await on.verdict(ours, timeout_s=60)

            assert len(on.slack.acks) >= 10_001
            assert on.calls("chat.postMessage") == 1

    with log() as written:
        asyncio.run(run())

    assert len(written.getvalue()) < 50_000
    assert written.getvalue().count("not answered: a message matched") <= NAMED_AN_HOUR
    assert "more, of senders named above or too many to name" in written.getvalue()


def test_ten_thousand_commands_of_strangers_write_little(caplog: pytest.LogCaptureFixture) -> None:
    """Once a sender, and a count; the memory for it is bounded too."""
    caplog.set_level(logging.INFO)
    refusals = Refusals()
    for number in range(10_000):
        refusals.note(f"U{number % 7}", f"/sev of U{number % 7}: {NOT_LISTED}")
    refusals.sum_up()

    assert len(caplog.records) == 8
    assert caplog.messages[-1].startswith("not answered: 9993 more")
    assert max(len(message) for message in caplog.messages) < 400


def test_an_hour_later_new_strangers_are_named_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flood must not hide the next announcer whose id an operator looks for."""
    caplog.set_level(logging.INFO)
    now = [0.0]
    monkeypatch.setattr("bot.slack.refusals.time.monotonic", lambda: now[0])
    refusals = Refusals()
    for number in range(50 * REMEMBERED):
        now[0] += 3.6
        refusals.note(f"B{number}", f"message of B{number}")
    now[0] += 3601.0
    refusals.note("B0NEW", "message of B0NEW")

    assert caplog.messages[-1] == "not answered: message of B0NEW"
    assert len(refusals._told) <= REMEMBERED


def test_a_home_without_a_team_lets_nobody_in() -> None:
    """Where auth.test named no team, nothing can be compared."""
    assert Home(None).why_not_ours({"team_id": TEAM, "event": {"team": TEAM}}) is not None
