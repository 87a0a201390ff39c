"""One look at a host in a minute, shared; and no SEV is answered from a look that began before
it.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import asyncssh
import pytest

from bot.investigate import Investigator, Sev
from bot.looks import BETWEEN_S, Looks
from bot.sevs import AT_ONCE
from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.bundle.directory import read_directory
from diagnostics.collect.logins import MOST_REFUSALS
from diagnostics.collect.ssh import SshCollector, Target
from diagnostics.telling.render import to_text
from diagnostics.telling.report_json import to_json
from tests.bench.refused import names_on
from tests.bot.configs import inventory
from tests.bot.slack_words import evidence_pages
from tests.bot.stage import ANNOUNCEMENT, stage
from tests.conftest import ROOT
from tests.diagnostics.sshd import FORCED_ANSWER, Sshd, because, forced

RANKER = read_directory(ROOT / "tests/cases/membind-oom-16g-6.1")
WEB1, WEB2 = (Target(name, "192.0.2.1", 22, "x") for name in ("web1", "web2"))


class Hosts:
    """A collector that counts; each answer says the how-manieth it is, and comes when `open` is
    set.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        self.size = 10

    async def collect(self, target: Target) -> Bundle | Missing:
        self.asked.append(target.name)
        number = len(self.asked)
        await self.open.wait()
        return Bundle(target.name, {"uname": Section("uname", f"{number}\n" + "x" * self.size)})


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that goes on by itself when somebody waits for it."""
    clock = Clock()
    real = asyncio.sleep

    async def sleep(seconds: float) -> None:
        clock.now_s += seconds
        await real(0)

    monkeypatch.setattr("bot.looks.asyncio.sleep", sleep)
    return clock


def test_all_who_ask_within_a_minute_share_one_login() -> None:
    """While it is under way and when it is done; each is told how old it is."""

    async def run() -> None:
        hosts, clock = Hosts(), Clock()
        looks = Looks(hosts, clock)
        hosts.open.clear()
        first = asyncio.ensure_future(looks.at(WEB1))
        await asyncio.sleep(0)
        clock.now_s += 5
        second = asyncio.ensure_future(looks.at(WEB1))
        await asyncio.sleep(0)
        hosts.open.set()
        assert ((await first).age_s, (await second).age_s) == (None, 5)
        clock.now_s += 20
        third = await looks.at(WEB1)
        assert (third.age_s, third.found) == (25, (await first).found)
        assert (await looks.at(WEB2)).age_s is None
        assert hosts.asked == ["web1", "web2"]
        clock.now_s += BETWEEN_S
        assert (await looks.at(WEB1)).age_s is None
        assert hosts.asked == ["web1", "web2", "web1"]

    asyncio.run(run())


def test_a_sev_takes_no_look_that_began_before_it(no_waiting: Clock) -> None:
    """It waits until the minute is over and looks again; a look that began after it is as good as
    its own.
    """

    async def run() -> None:
        hosts, clock = Hosts(), no_waiting
        looks = Looks(hosts, clock)
        await looks.at(WEB1)
        clock.now_s += 20
        announced_s = clock.now_s
        assert looks.too_early(WEB1, announced_s) == (20, BETWEEN_S - 20)
        assert looks.too_early(WEB2, announced_s) is None
        seen = await looks.at(WEB1, announced_s)
        assert seen.age_s is None
        assert clock.now_s == announced_s + BETWEEN_S - 20
        assert hosts.asked == ["web1", "web1"]
        clock.now_s += 3
        assert (await looks.at(WEB1, announced_s)).age_s == 3
        assert hosts.asked == ["web1", "web1"]

    asyncio.run(run())


def test_sevs_that_wait_share_the_look_that_they_wait_for(no_waiting: Clock) -> None:
    """However many of them wait, the host is asked once."""

    async def run() -> None:
        hosts, clock = Hosts(), no_waiting
        looks = Looks(hosts, clock)
        await looks.at(WEB1)
        clock.now_s += 1
        seen = await asyncio.gather(*(looks.at(WEB1, clock.now_s) for _ in range(5)))
        assert hosts.asked == ["web1", "web1"]
        assert all(each.found == seen[0].found for each in seen)

    asyncio.run(run())


def test_what_is_kept_is_bounded_and_the_minute_holds_all_the_same(
    no_waiting: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where an answer was too much to keep a question is told so at once, and a SEV waits: better
    late than a second login.
    """
    monkeypatch.setattr("bot.looks.MOST_KEPT_BYTES", 5000)

    async def run() -> None:
        hosts, clock = Hosts(), no_waiting
        hosts.size = 3000
        looks = Looks(hosts, clock)
        await looks.at(WEB1)
        await looks.at(WEB2)
        await asyncio.sleep(0)
        assert (await looks.at(WEB2)).age_s == 0
        start_s = clock.now_s
        clock.now_s += 20
        told = (await looks.at(WEB1)).found
        assert isinstance(told, Missing)
        assert "was looked at 20 s ago" in told.because
        assert told.because.endswith("ask again in 40 s")
        assert hosts.asked == ["web1", "web2"]
        assert clock.now_s == start_s + 20
        assert looks.wait_s(WEB1, start_s) == BETWEEN_S - 20
        assert isinstance((await looks.at(WEB1, start_s)).found, Bundle)
        assert clock.now_s == start_s + BETWEEN_S

    asyncio.run(run())


def test_one_who_gives_up_does_not_end_the_look_of_the_others() -> None:
    """A command whose asker went away, and a SEV that waits for the same look."""

    async def run() -> None:
        hosts = Hosts()
        looks = Looks(hosts)
        hosts.open.clear()
        first, second = asyncio.ensure_future(looks.at(WEB1)), asyncio.ensure_future(looks.at(WEB1))
        await asyncio.sleep(0)
        first.cancel()
        hosts.open.set()
        assert isinstance((await second).found, Bundle)
        assert hosts.asked == ["web1"]

    asyncio.run(run())


def test_a_shared_answer_states_its_age_wherever_it_is_told() -> None:
    """In the text, in Slack's modal and in the JSON; the same report without sharing says nothing
    of it.
    """

    async def run() -> None:
        investigator = Investigator(inventory(), Hosts())
        own, shared = (
            await investigator.report(inventory().resolve("web1")),
            await investigator.report(inventory().resolve("web1")),
        )
        sentence = (
            "Shared with an earlier question, since a host is looked at once in a minute: web1 "
            "0 s ago."
        )
        assert sentence not in to_text(own)
        assert sentence in " ".join(to_text(shared).split())
        assert sentence in json.dumps(evidence_pages(shared))
        ages = [json.loads(to_json(report))["hosts"][0]["shared_age_s"] for report in (own, shared)]
        assert ages == [None, 0]

    asyncio.run(run())


def test_a_command_and_two_sevs_make_two_logins_and_the_sevs_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over real Slack and SSH: the SEV's message says that it waits and until when, and its look
    began after it.
    """
    monkeypatch.setattr("bot.looks.BETWEEN_S", 4.0)

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            await on.slack.slash("/sev", "diagnose web1")
            await on.slack.wait_for(lambda: "membind" in json.dumps(on.slack.ephemerals))
            sevs = [await on.slack.announce(ANNOUNCEMENT) for _ in range(2)]
            await on.slack.wait_for(lambda: all(len(on.answers(ts)) == 1 for ts in sevs))
            first = next(call for call in on.slack.history if call.method == "chat.postMessage")
            assert "before this SEV was announced; it is looked at again at" in json.dumps(
                first.arguments["blocks"]
            )
            for ts in sevs:
                await on.verdict(ts)
            assert sorted(name for name, _ in on.hosts.requests) == ["web1", "web1", "web2"]

    asyncio.run(run())


def test_a_sev_that_waits_for_the_minute_holds_up_no_other(tmp_path: Path) -> None:
    """As many as are looked at together wait for web1, and the next one, on web2, is answered at
    once.
    """

    async def run() -> None:
        async with stage(tmp_path, RANKER) as on:
            await on.slack.slash("/sev", "diagnose web1")
            await on.slack.wait_for(lambda: "membind" in json.dumps(on.slack.ephemerals))
            waiting = [
                await on.slack.announce("SEV-2: processes are killed on web1")
                for _ in range(AT_ONCE)
            ]
            await on.slack.wait_for(lambda: all(len(on.answers(ts)) == 1 for ts in waiting))
            await on.verdict(await on.slack.announce("SEV-2: processes are killed on web2"))
            assert sorted(name for name, _ in on.hosts.requests) == ["web1", "web2"]

    asyncio.run(run())


def test_a_sev_looks_at_once_at_the_hosts_that_need_no_waiting(
    no_waiting: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its other hosts are looked at when their minute is over, and all are told in the order
    asked.
    """
    monkeypatch.setattr("bot.investigate.Looks", lambda collector: Looks(collector, no_waiting))

    async def run() -> None:
        hosts = Hosts()
        investigator = Investigator(inventory(), hosts)
        await investigator.report(inventory().resolve("web1"))
        no_waiting.now_s += 5
        report = await investigator.report(
            inventory().resolve("web1 web2"), Sev(0.0, no_waiting.now_s), asyncio.Semaphore(1)
        )
        assert hosts.asked == ["web1", "web2", "web1"]
        assert [host.host for host in report.hosts] == ["web1", "web2"]

    asyncio.run(run())


@pytest.mark.needs("sshd")
def test_where_no_login_was_made_the_next_question_looks_anew(tmp_path: Path) -> None:
    """A name rests since others on its address refused the key; the operator lets it in, touches
    it, and asks again at once.
    """

    async def run(sshd: Sshd) -> None:
        targets = names_on(sshd)[: MOST_REFUSALS + 1]
        looks = Looks(SshCollector(sshd.settings()))
        refused = [await looks.at(target) for target in targets]
        assert "not examined" in because(refused[-1].found)
        public = asyncssh.read_private_key(str(sshd.client_key)).export_public_key().decode()
        (sshd.directory / "authorized_keys").write_text(
            f"{forced(sshd.directory, FORCED_ANSWER)} {public}", encoding="utf-8"
        )
        os.utime(sshd.client_key, ns=(1, 1))
        again = [await looks.at(target) for target in targets]
        assert [each.found for each in again[:-1]] == [each.found for each in refused[:-1]]
        assert isinstance(again[-1].found, Bundle)

    with Sshd(tmp_path, key_is_known=False) as sshd:
        asyncio.run(run(sshd))


def test_the_wait_of_a_sev_is_told_by_host() -> None:
    """With how long before it was the last look, and when the next is."""

    async def run() -> None:
        investigator = Investigator(inventory(), Hosts())
        await investigator.report(inventory().resolve("web1"))
        sev = Sev(0.0, asyncio.get_running_loop().time() + 5)
        (told,) = investigator.waits(inventory().resolve("web1 web2").targets, sev)
        assert told.startswith(
            "web1 was looked at 5 s before this SEV was announced; it is looked at again at "
        )
        assert told.endswith(" UTC.")

    asyncio.run(run())
