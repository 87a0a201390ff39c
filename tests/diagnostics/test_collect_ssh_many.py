"""Reaching hosts over TCP, and many hosts together: none holds up another, and none is asked more
often than it should be.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from functools import partial
from pathlib import Path

import asyncssh
import pytest

from bot.standin.hosts import ReplayHosts
from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.collect.ssh import SshCollector, SshSettings, Target
from tests.diagnostics.sshd import NAME, because, collect, free_port, usable_settings
from tests.yardstick import in_time

TARGET = Target(NAME, "192.0.2.1", 22, "sevbot-probe")


@pytest.fixture
def settings(tmp_path: Path) -> SshSettings:
    return usable_settings(tmp_path)


def test_a_closed_port_is_told_at_once(settings: SshSettings) -> None:
    """No sshd there, which is another thing than no host."""
    port = free_port()
    told = because(collect(settings, Target(NAME, "127.0.0.1", port, "x")))
    assert told.startswith(f"{NAME} (127.0.0.1:{port}): connection refused")


def test_no_answer_to_tcp_is_told_after_the_limit(
    settings: SshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that is down, or a firewall."""

    async def never(*_: object) -> None:
        await asyncio.sleep(60)

    usual = partial(collect, settings, Target(NAME, "127.0.0.1", free_port(), "x"))
    with monkeypatch.context() as patched:

        def silent() -> str:
            patched.setattr(asyncio.SelectorEventLoop, "sock_connect", never)
            told = because(collect(settings, TARGET))
            patched.undo()
            return told

        assert "no answer to TCP in 1 s" in in_time(silent, usual, waits_s=1, times=5)


def test_a_name_that_does_not_resolve_is_told(
    settings: SshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cure is in the inventory or in DNS."""

    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert "'web1.example' does not resolve" in because(
        collect(settings, Target(NAME, "web1.example", 22, "x"))
    )


def test_a_resolver_that_hangs_costs_no_more_than_the_limit(
    settings: SshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Told apart from a host that is down."""
    real = socket.getaddrinfo
    given_up, waited_for = threading.Event(), []

    def hang(host: str, port: int, **options: int) -> list[object]:
        if host == "web1.example":
            waited_for.append(not given_up.wait(30))
            return []
        return list(real(host, port, **options))

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    told = because(collect(settings, Target(NAME, "web1.example", 22, "x")))
    assert waited_for == []
    given_up.set()
    assert "was not resolved in 1 s" in told


def test_a_login_that_never_began_leaves_no_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when asyncssh fails before it has taken the connection over."""

    async def fail(*_: object, **options: object) -> None:
        seen.append(options["sock"])
        raise ValueError("before anything")

    seen: list[object] = []

    async def run() -> str:
        async with ReplayHosts({NAME: Bundle(NAME, {})}, tmp_path) as hosts:
            monkeypatch.setattr(asyncssh, "connect", fail)
            return because(
                await SshCollector(SshSettings(hosts.client_key, hosts.known_hosts)).collect(
                    hosts.targets[NAME]
                )
            )

    assert "before anything" in asyncio.run(run())
    assert [sock.fileno() for sock in seen if isinstance(sock, socket.socket)] == [-1]


def test_the_second_address_is_tried_when_the_first_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name with two addresses of which one is dead still answers."""
    real = socket.getaddrinfo

    def both(host: str, port: int, **options: int) -> list[object]:
        if host != "web1.example":
            return list(real(host, port, **options))
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", address))
            for address in (free_port(), port)
        ]

    async def run() -> Bundle | Missing:
        async with ReplayHosts(
            {NAME: Bundle(NAME, {"uname": Section("uname", "Linux\n")})}, tmp_path
        ) as hosts:
            monkeypatch.setattr(socket, "getaddrinfo", both)
            target = Target(NAME, "web1.example", hosts.targets[NAME].port, "sevbot-probe")
            return await SshCollector(SshSettings(hosts.client_key, hosts.known_hosts)).collect(
                target
            )

    assert isinstance(asyncio.run(run()), Bundle)


def test_one_dead_host_holds_up_no_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nine hosts answer at their own pace while the tenth accepts TCP and says nothing."""
    names = [f"web{number}" for number in range(9)]

    async def run() -> tuple[bool, list[Bundle | Missing], Bundle | Missing]:
        bundles = {
            name: Bundle(name, {"uname": Section("uname", "Linux\n")})
            for name in [*names, "silent"]
        }
        async with ReplayHosts(bundles, tmp_path, {"silent": 600.0}) as hosts:
            collector = SshCollector(SshSettings(hosts.client_key, hosts.known_hosts, deadline_s=4))
            silent = asyncio.create_task(collector.collect(hosts.targets["silent"]))
            others = await asyncio.gather(
                *(collector.collect(hosts.targets[name]) for name in names)
            )
            return silent.done(), others, await silent

    with caplog.at_level(logging.WARNING):
        waited_for, others, silent = asyncio.run(run())
    assert all(isinstance(found, Bundle) for found in others)
    assert not waited_for
    assert "did not end in 4 s" in because(silent)
    assert caplog.records == []


def test_no_more_hosts_than_allowed_are_asked_together(tmp_path: Path) -> None:
    """With two slots and six hosts there are never three connections."""
    names = [f"web{number}" for number in range(6)]
    seen = []

    async def run() -> None:
        async with ReplayHosts(
            {name: Bundle(name, {"uname": Section("uname", "Linux\n")}) for name in names},
            tmp_path,
            0.1,
        ) as hosts:
            collector = SshCollector(SshSettings(hosts.client_key, hosts.known_hosts, at_once=2))

            async def watch() -> None:
                while True:
                    seen.append(len(hosts.connections))
                    await asyncio.sleep(0.01)

            watching = asyncio.create_task(watch())
            await asyncio.gather(*(collector.collect(target) for target in hosts.targets.values()))
            watching.cancel()

    asyncio.run(run())
    assert max(seen) == 2
