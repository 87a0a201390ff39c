"""Hosts that want to shut sevbot out of all others, before its key was let in anywhere: by
refusals, and by answers that never come.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from diagnostics.bundle import Bundle, Missing
from diagnostics.collect.ssh import SshCollector, Target
from tests.diagnostics.sshd import FORCED_ANSWER, Sshd, because, forced
from tests.hostile_hosts import VERSION, packet, string

pytestmark = pytest.mark.needs("sshd")

MSG_DISCONNECT, BY_PROTOCOL_ERROR, NO_MORE_AUTH_METHODS = 1, 2, 14


class Evil(asyncssh.SSHServer):
    """Has the right host key; answers the offer of our key with a refusal, or never."""

    def __init__(self, *, answers: bool, offered: Callable[[str], None]) -> None:
        self._answers = answers
        self._offered = offered

    def public_key_auth_supported(self) -> bool:
        return True

    async def validate_public_key(self, username: str, _key: asyncssh.SSHKey) -> bool:
        self._offered(username)
        if not self._answers:
            await asyncio.sleep(60)
        return False


class Evils:
    """Servers that are evil while the block runs; `settings` and `targets` are those of `sshd` and
    of them together.
    """

    def __init__(self, sshd: Sshd) -> None:
        self._sshd = sshd
        self._stack = AsyncExitStack()
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self.offers: list[str] = []
        self._came = asyncio.Event()

    def _offered(self, username: str) -> None:
        self.offers.append(username)
        self._came.set()

    async def have_offers(self, count: int) -> None:
        """Wait until so many were made."""
        while len(self.offers) < count:
            self._came.clear()
            await self._came.wait()

    async def __aenter__(self) -> Evils:
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._stack.aclose()

    async def one(self, name: str, *, answers: bool) -> Target:
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            config=None,
            server_factory=lambda: Evil(answers=answers, offered=self._offered),
            server_host_keys=[self._key],
            gss_host=None,
        )
        self._stack.callback(server.close)
        return self._known(Target(name, "127.0.0.1", server.get_port(), name))

    async def says(self, name: str, text: bytes) -> Target:
        """Nothing but `text`, in plain text: it proves nothing."""

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with suppress(ConnectionError):
                writer.write(text)
                await writer.drain()
                await reader.read()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        self._stack.callback(server.close)
        return self._known(Target(name, "127.0.0.1", server.sockets[0].getsockname()[1], name))

    def _known(self, target: Target) -> Target:
        line = f"{target.name} {self._key.export_public_key().decode()}"
        with self._sshd.known_hosts.open("a", encoding="utf-8") as file:
            file.write(line)
        return target


def farewell(code: int, reason: bytes) -> bytes:
    return VERSION + packet(struct.pack(">BI", MSG_DISCONNECT, code) + string(reason) + string(b""))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (BY_PROTOCOL_ERROR, b"Too many authentication failures"),
        (NO_MORE_AUTH_METHODS, b"no more methods"),
    ],
)
def test_words_of_a_machine_that_proved_nothing_are_no_refusals(
    tmp_path: Path, code: int, reason: bytes
) -> None:
    """A machine at the addresses of three hosts says that we failed to log in: the others are asked
    all the same, and so is it.
    """

    async def run(sshd: Sshd) -> None:
        async with Evils(sshd) as evils:
            liars = [
                await evils.says(f"evil{number}", farewell(code, reason)) for number in range(3)
            ]
            collector = SshCollector(sshd.settings())
            for liar in [*liars, liars[0], liars[0], liars[0]]:
                told = because(await collector.collect(liar))
                assert "not examined" not in told
                assert "does not speak SSH as it should" in told
            assert isinstance(await collector.collect(sshd.target), Bundle)

    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd:
        asyncio.run(run(sshd))


def test_one_host_that_refuses_again_and_again_stops_no_other(tmp_path: Path) -> None:
    """It rests itself, after three."""

    async def run(sshd: Sshd) -> None:
        async with Evils(sshd) as evils:
            evil = await evils.one("evil", answers=True)
            collector = SshCollector(sshd.settings())
            told = [because(await collector.collect(evil)) for _ in range(5)]
            assert ["the key was refused" in words for words in told] == [True] * 3 + [False] * 2
            assert "was refused 3 times at this address" in told[-1]
            assert len(evils.offers) == 3
            assert isinstance(await collector.collect(sshd.target), Bundle)

    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd:
        asyncio.run(run(sshd))


def test_hosts_that_never_answer_the_offer_hold_up_no_other(tmp_path: Path) -> None:
    """Six of them are asked before a good one, which waits longer than a login may take."""

    async def run(sshd: Sshd) -> list[Bundle | Missing]:
        async with Evils(sshd) as evils:
            stuck = [await evils.one(f"evil{number}", answers=False) for number in range(6)]
            collector = SshCollector(
                replace(
                    sshd.settings(), login_timeout_s=1.5, second_login_timeout_s=6, deadline_s=20
                )
            )
            others = [asyncio.create_task(collector.collect(each)) for each in stuck]
            await evils.have_offers(3)
            return [await collector.collect(sshd.target), *await asyncio.gather(*others)]

    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd:
        good, *stuck = asyncio.run(run(sshd))
    assert isinstance(good, Bundle), good
    assert all("the login did not end in 1.5 s" in because(each) for each in stuck)


def test_a_host_that_waits_for_its_turn_to_the_end_is_told_so(tmp_path: Path) -> None:
    """More stuck hosts than the deadline has turns; none of them gets a second offer of a key that
    nobody has let in yet.
    """

    async def run(sshd: Sshd) -> list[str]:
        async with Evils(sshd) as evils:
            stuck = [await evils.one(f"evil{number}", answers=False) for number in range(5)]
            settings = replace(
                sshd.settings(),
                connect_timeout_s=0.1,
                login_timeout_s=0.5,
                second_login_timeout_s=5,
                deadline_s=1.8,
            )
            collector = SshCollector(settings)
            told = [
                because(each)
                for each in await asyncio.gather(*(collector.collect(each) for each in stuck))
            ]
            assert len(evils.offers) == len(set(evils.offers))
            return told

    with Sshd(tmp_path) as sshd:
        told = asyncio.run(run(sshd))
    assert sum("the login did not end in 0.5 s: " in words for words in told) >= 3
    assert all(
        "is offered to 3 hosts at a time" in words or "the login did not end in 0.5 s: " in words
        for words in told
    )
