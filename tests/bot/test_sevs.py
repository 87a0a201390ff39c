"""A whole SEV without Slack: real SSH to replayed hosts, the real diagnosis, and a chat of a few
lines.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat import Announcement, Looking, Note, Place, Posted, Ready, Verdict, Words
from bot.cli import main
from bot.commands import HELP, Commands
from bot.config import Config, HostConfig, ServiceConfig, SshConfig
from bot.inventory import Named, build_inventory
from bot.investigate import Answered, Investigator, Sev, Slot
from bot.sevs import NO_HOST, STOPPED, Sevs
from bot.standin.hosts import ReplayHosts
from diagnostics.bundle import Bundle, Missing
from diagnostics.bundle.directory import read_directory
from diagnostics.collect.ssh import SshCollector, SshSettings, Target
from diagnostics.model import Report
from diagnostics.telling.words import Part, Telling
from tests.bot.configs import inventory
from tests.bot.stage import ANNOUNCEMENT, stage
from tests.conftest import ROOT

RANKER = read_directory(ROOT / "tests/cases/membind-oom-16g-6.1")
HEALTHY = read_directory(ROOT / "tests/cases/healthy-interleave-6.1")
LOG = ROOT / "tests/logs/membind-16g-6.1-dmesg.txt"
SEED = "membind OOM of node 1, suggest interleave"
PLACE = Place("room", "42", "k1")
OPENED_S = 1_795_384_570.0


def sev_in(investigator: Investigator, text: str = "web1, web2") -> Announcement:
    """The announcement of a SEV that names these."""
    return Announcement(PLACE, OPENED_S, investigator.inventory.resolve(text))


class Room:
    """A chat in memory: each message by its key, as the words that stood in it one after the
    other.
    """

    def __init__(self) -> None:
        self.said: dict[str, list[Words]] = {}
        self.done: set[str] = set()
        self.fresh: list[bool] = []
        self.is_down = False

    async def find_or_post(self, place: Place, words: Words, *, fresh: bool = False) -> Posted:
        self.fresh.append(fresh)
        self.fail_if_down()
        self.said.setdefault(place.key, [words])
        return Posted(place.key, place.key in self.done)

    async def edit(self, place: Place, posted: Posted, words: Note | Verdict) -> None:
        self.fail_if_down()
        assert posted.id == place.key
        self.said[place.key].append(words)
        self.done.add(place.key)

    async def progress(self, place: Place, posted: Posted, looking: Looking) -> None:
        assert posted.id == place.key
        self.said[place.key].append(looking)

    async def link(self, place: Place, posted: Posted) -> str:
        return f"{place.channel}/{posted.id}"

    async def answer(self, words: Words) -> None:
        self.fail_if_down()
        self.said.setdefault("asker", []).append(words)

    def fail_if_down(self) -> None:
        if self.is_down:
            raise ConnectionError("no chat today")


class Silent:
    """Hosts that never answer."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def collect(self, target: Target) -> Bundle | Missing:
        self.asked.set()
        await asyncio.Event().wait()
        return Missing(f"{target.name} never answers")


class Broken(Investigator):
    """Its decisions fail, as a defect of ours would have it."""

    async def report(
        self,
        named: Named,
        sev: Sev | None = None,
        slot: Slot | None = None,
        answered: Answered | None = None,
    ) -> Report:
        raise ZeroDivisionError(f"{named} {sev} {slot} {answered}")


@asynccontextmanager
async def asking(
    directory: Path, **bundles: Bundle
) -> AsyncIterator[tuple[Investigator, ReplayHosts]]:
    """Who asks these hosts, over real SSH, and the hosts."""
    async with ReplayHosts(bundles, directory) as hosts:
        config = Config(
            ssh=SshConfig(client_key=hosts.client_key, known_hosts=hosts.known_hosts),
            hosts={
                name: HostConfig(address=target.address, port=target.port)
                for name, target in hosts.targets.items()
            },
            services={"ranker": ServiceConfig(hosts=tuple(hosts.targets))},
        )
        collector = SshCollector(SshSettings(hosts.client_key, hosts.known_hosts))
        yield Investigator(build_inventory(config), collector), hosts


def test_another_chat_is_a_few_lines() -> None:
    """It has nothing to know of tries, times, hosts or Slack."""
    assert len(inspect.getsource(Room).splitlines()) <= 40


def test_a_sev_is_looked_at_and_told_in_one_message(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """First that we look, then what was found; one host's verdict is another's `none`."""
    caplog.set_level(logging.INFO, "bot.sevs")

    async def run() -> None:
        room = Room()
        async with asking(tmp_path, web1=RANKER, web2=HEALTHY) as (investigator, hosts):
            sevs = Sevs(investigator, room)
            sevs.announced(sev_in(investigator))
            await sevs.drain(60)
        looking, verdict = room.said["k1"]
        assert looking == Looking(2)
        assert isinstance(verdict, Verdict)
        assert (verdict.telling.headline, verdict.found, verdict.hosts) == (SEED, 1, 2)
        assert [what for _, what in hosts.requests] == ["probe", "probe"]
        assert (set(room.said), room.done) == ({"k1"}, {"k1"})

    asyncio.run(run())

    assert f"SEV at 42: {SEED}" in caplog.text


def test_a_sev_that_is_told_of_twice_is_answered_once(tmp_path: Path) -> None:
    """While it is under way, when it is done, and by a bot that was started again."""

    async def run() -> None:
        room = Room()
        async with asking(tmp_path, web1=RANKER, web2=RANKER) as (investigator, hosts):
            sevs = Sevs(investigator, room)
            sevs.announced(sev_in(investigator))
            sevs.announced(sev_in(investigator))
            await sevs.drain(60)
            sevs.announced(sev_in(investigator))
            await sevs.drain(60)
            again = Sevs(Broken(inventory(), Silent()), room)  # would say that it failed
            again.announced(sev_in(investigator))
            await again.drain(60)
        assert [len(words) for words in room.said.values()] == [2]
        assert len(hosts.requests) == 2

    asyncio.run(run())


def test_a_failure_of_ours_becomes_the_message() -> None:
    """Nobody waits for an answer that never comes."""

    async def run() -> None:
        room = Room()
        investigator = Broken(inventory(), Silent())
        sevs = Sevs(investigator, room)
        sevs.announced(sev_in(investigator))
        await sevs.drain(10)
        words = room.said["k1"][-1]
        assert isinstance(words, Note)
        assert words.sentences[0].startswith("sevbot failed on this SEV (ZeroDivisionError); its")
        assert room.done == {"k1"}

    asyncio.run(run())


def test_a_bot_that_is_stopped_says_so() -> None:
    """In the message that it leaves unfinished."""

    async def run() -> None:
        room, hosts = Room(), Silent()
        investigator = Investigator(inventory(), hosts)
        sevs = Sevs(investigator, room)
        sevs.announced(sev_in(investigator))
        await asyncio.wait_for(hosts.asked.wait(), 10)
        await sevs.drain(0.01)
        assert room.said["k1"] == [Looking(2), STOPPED]

    asyncio.run(run())


def test_an_announcement_that_names_no_host_is_answered_and_nobody_is_asked(tmp_path: Path) -> None:
    """With what to do instead."""

    async def run() -> None:
        room = Room()
        async with asking(tmp_path, web1=RANKER) as (investigator, hosts):
            sevs = Sevs(investigator, room)
            sevs.announced(sev_in(investigator, ""))
            await sevs.drain(10)
        assert room.said["k1"] == [Looking(0), NO_HOST]
        assert hosts.requests == []

    asyncio.run(run())


def test_a_message_of_its_own_says_that_the_verdict_is_ready(tmp_path: Path) -> None:
    """Where it is configured: an edit notifies nobody."""

    async def run() -> None:
        room = Room()
        async with asking(tmp_path, web1=RANKER, web2=RANKER) as (investigator, _):
            sevs = Sevs(investigator, room, notify_when_ready=True)
            sevs.announced(sev_in(investigator))
            await sevs.drain(60)
        verdict = room.said["k1"][-1]
        assert isinstance(verdict, Verdict)
        assert room.said["k1-ready"] == [Ready(verdict)]

    asyncio.run(run())


def test_a_sev_that_the_chat_did_not_take_is_begun_again_when_it_is_told_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says that it has no answer."""

    async def run() -> None:
        room = Room()
        async with asking(tmp_path, web1=RANKER, web2=RANKER) as (investigator, _):
            sevs, fresh = Sevs(investigator, room), replace(sev_in(investigator), fresh=True)
            room.is_down = True
            sevs.announced(fresh)
            await sevs.drain(10)
            assert (room.said, "the SEV at 42 has no answer" in caplog.text) == ({}, True)
            room.is_down = False
            sevs.announced(fresh)
            await sevs.drain(60)
        assert room.done == {"k1"}
        assert room.fresh == [True, False], "what was tried may be there"

    asyncio.run(run())


def test_a_question_is_answered_by_the_same_chat(tmp_path: Path) -> None:
    """Help at once; of hosts first that we look, then what was found; an unknown name at once,
    since nobody is asked.
    """

    async def run() -> None:
        async with asking(tmp_path, web1=RANKER) as (investigator, hosts):
            commands = Commands(investigator)
            said: dict[str, list[Words]] = {}
            for words in ("help", "diagnose web1", "diagnose nosuch"):
                room = Room()
                await commands.answer(words, room)
                said[words] = room.said["asker"]
        assert said["help"] == [Note(HELP)]
        looking, verdict = said["diagnose web1"]
        assert looking == Looking(1)
        assert isinstance(verdict, Verdict)
        assert verdict.telling.headline == SEED
        (unknown,) = said["diagnose nosuch"]
        assert isinstance(unknown, Verdict)
        assert unknown.telling.headline == "could not be examined"
        assert len(hosts.requests) == 1

    asyncio.run(run())


@pytest.fixture
def tellings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The headline of each telling that was made, by whoever made it."""
    made: list[str] = []
    real = Telling.__init__

    def noted(telling: Telling, headline: str, parts: tuple[Part, ...]) -> None:
        made.append(headline)
        real(telling, headline, parts)

    monkeypatch.setattr(Telling, "__init__", noted)
    return made


def test_a_report_is_told_once_for_a_sev_and_once_for_a_question(
    tmp_path: Path, tellings: list[str]
) -> None:
    """Over real Slack: blocks, plain text, log line and the message that it is ready come from one
    telling.
    """

    async def run() -> None:
        async with stage(tmp_path, RANKER, notify_when_ready=True) as on:
            ts = await on.slack.announce(ANNOUNCEMENT)
            await on.slack.wait_for(lambda: len(on.answers(ts)) == 2)
            assert tellings == [SEED]
            await on.slack.slash("/sev", "diagnose web1")
            await on.slack.wait_for(lambda: len(on.slack.ephemerals) == 2)
            assert tellings == [SEED, SEED]

    asyncio.run(run())


def test_a_report_is_told_once_for_the_command_line(tellings: list[str]) -> None:
    """`sevbot diagnose` prints from one telling, too."""
    with pytest.raises(SystemExit):
        main(["diagnose", "--kernel-log", str(LOG)])

    assert len(tellings) == 1


def test_a_flood_of_announcements_is_bounded_and_said_in_the_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One that was not begun may be told again later."""
    monkeypatch.setattr("bot.sevs.MOST_WAITING", 3)

    async def run() -> int:
        investigator = Investigator(inventory(), Silent())
        sevs = Sevs(investigator, Room())
        for number in range(10):
            sev = sev_in(investigator)
            sevs.announced(replace(sev, place=replace(PLACE, key=f"k{number}")))
        begun = len(sevs._tasks)
        await sevs.drain(0.01)
        return begun

    with caplog.at_level(logging.ERROR):
        assert asyncio.run(run()) == 3
    assert caplog.text.count("too many are") == 7
