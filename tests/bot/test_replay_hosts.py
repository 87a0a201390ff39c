"""The demo's SSH servers: they answer production's one command and refuse, and write down,
everything else.
"""

from __future__ import annotations

import asyncio
import stat
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncssh
import pytest

from bot.standin.hosts import ONLY_THE_PROBE, ReplayHosts
from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.bundle.framing import ENDED_EARLY, NOT_BROUGHT
from diagnostics.collect.ssh import SshCollector, SshSettings, Target
from diagnostics.probe import PROBE, SECTIONS, VERSION


def bundle(host: str) -> Bundle:
    """Two sections with content that looks like frames, one of them cut, and the rest skipped."""
    sections = {
        "clock": Section(
            "clock", "now 1\n=end clock 9\n=done\n|bar\r\n", notes="a note\n\n=begin uname"
        ),
        "kernel-log": Section(
            "kernel-log", "<3>[1.0] \N{EURO SIGN} \x00\x1b[2J\n", exit=124, cut=True
        ),
        "uname": Section("uname", "", exit=1),
    }
    return Bundle(
        host=host,
        sections=sections,
        missing={name: NOT_BROUGHT for name in SECTIONS if name not in sections},
        probe=VERSION,
    )


def with_hosts(
    directory: Path,
    work: Callable[[ReplayHosts], Awaitable[None]],
    names: tuple[str, ...] = ("web1",),
    delay_s: dict[str, float] | float = 0.0,
) -> ReplayHosts:
    async def run() -> ReplayHosts:
        async with ReplayHosts({name: bundle(name) for name in names}, directory, delay_s) as hosts:
            await work(hosts)
        assert not hosts.connections
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return hosts

    return asyncio.run(run(), debug=True)


@asynccontextmanager
async def connect(
    hosts: ReplayHosts, username: str = "sevbot-probe", key: asyncssh.SSHKey | None = None
) -> AsyncIterator[asyncssh.SSHClientConnection]:
    """By hand, as someone with the stolen key would."""
    target = hosts.targets["web1"]
    async with asyncssh.connect(
        target.address,
        target.port,
        config=None,
        known_hosts=str(hosts.known_hosts),
        host_key_alias="web1",
        username=username,
        client_keys=[key or str(hosts.client_key)],
        agent_path=None,
    ) as connection:
        yield connection


def test_a_bundle_comes_back_through_ssh_as_it_was(tmp_path: Path) -> None:
    """Bundle, frames, a real SSH connection, and the same bundle again, for several hosts at the
    same time.
    """
    got: list[Bundle | Missing] = []

    async def work(hosts: ReplayHosts) -> None:
        collector = SshCollector(SshSettings(hosts.client_key, hosts.known_hosts))
        got.extend(
            await asyncio.gather(*(collector.collect(target) for target in hosts.targets.values()))
        )

    hosts = with_hosts(tmp_path, work, ("web1", "web2", "db-3.example"))
    assert got == [bundle("web1"), bundle("web2"), bundle("db-3.example")]
    assert sorted(hosts.requests) == [
        ("db-3.example", "probe"),
        ("web1", "probe"),
        ("web2", "probe"),
    ]


def test_a_bundle_that_broke_off_comes_back_broken_off(tmp_path: Path) -> None:
    """A recording without its end stays without its end when it is replayed."""
    half = Bundle(
        "web1",
        {"clock": Section("clock", "now 1\n", exit=None, cut=True)},
        {n: ENDED_EARLY for n in SECTIONS if n != "clock"},
        VERSION,
    )

    async def run() -> Bundle | Missing:
        async with ReplayHosts({"web1": half}, tmp_path) as hosts:
            return await SshCollector(SshSettings(hosts.client_key, hosts.known_hosts)).collect(
                hosts.targets["web1"]
            )

    assert asyncio.run(run()) == half


@pytest.mark.parametrize(
    "command",
    [
        "id",
        "sh",
        PROBE + "\n",
        PROBE + "; id",
        PROBE[:-1],
        "=sevbot-probe 1",
        "scp -f /etc/passwd",
        " " + PROBE,
    ],
)
def test_only_the_probe_is_served_to_the_byte(tmp_path: Path, command: str) -> None:
    """Any other command gets a message on stderr and a status that says so, and is written down."""

    async def work(hosts: ReplayHosts) -> None:
        async with connect(hosts) as connection:
            done = await connection.create_process(command, encoding=None)
            assert await done.stdout.read() == b""
            assert (await done.stderr.read()).decode() == ONLY_THE_PROBE + "\n"
            await done.wait_closed()
            assert done.exit_status == 126

    assert with_hosts(tmp_path, work).requests == [("web1", f"exec {command}")]


def test_shell_subsystem_and_pty_are_refused(tmp_path: Path) -> None:
    """What a person with the key would try next."""

    async def work(hosts: ReplayHosts) -> None:
        async with connect(hosts) as connection:
            shell = await connection.create_process(encoding=None)
            assert await shell.stdout.read() == b""
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.create_process(subsystem="sftp")
            with pytest.raises(asyncssh.ChannelOpenError):
                await connection.create_process(PROBE, term_type="xterm", request_pty="force")

    assert with_hosts(tmp_path, work).requests == [
        ("web1", "shell"),
        ("web1", "subsystem sftp"),
        ("web1", "pty xterm"),
    ]


def test_an_environment_is_refused(tmp_path: Path) -> None:
    """The probe takes no environment, so a request that sends one is not production's."""

    async def work(hosts: ReplayHosts) -> None:
        async with connect(hosts) as connection:
            process = await connection.create_process(
                PROBE, env={"LD_PRELOAD": "/x.so"}, encoding=None
            )
            assert await process.stdout.read() == b""

    (request,) = with_hosts(tmp_path, work).requests
    assert "LD_PRELOAD" in request[1]


def test_forwarding_is_refused_in_both_directions(tmp_path: Path) -> None:
    """No way through the host, and none back."""

    async def work(hosts: ReplayHosts) -> None:
        async with connect(hosts) as connection:
            with pytest.raises(asyncssh.ChannelOpenError, match=ONLY_THE_PROBE):
                await connection.open_connection("127.0.0.1", 22)
            with pytest.raises(asyncssh.ChannelOpenError, match=ONLY_THE_PROBE):
                await connection.open_unix_connection("/run/x")
            with pytest.raises(asyncssh.ChannelListenError):
                await connection.start_server(lambda *_: None, "", 0)

    assert with_hosts(tmp_path, work).requests == [
        ("web1", "forward to 127.0.0.1:22"),
        ("web1", "forward to /run/x"),
        ("web1", "listen on :0"),
    ]


def test_only_the_one_key_and_the_one_user_get_in(tmp_path: Path) -> None:
    """Another user or another key is refused and written down."""

    async def work(hosts: ReplayHosts) -> None:
        for username, key in (
            ("root", None),
            ("sevbot-probe", asyncssh.generate_private_key("ssh-ed25519")),
        ):
            with pytest.raises(asyncssh.PermissionDenied):
                async with connect(hosts, username, key):
                    pass

    assert with_hosts(tmp_path, work).requests == [
        ("web1", "login root"),
        ("web1", "login sevbot-probe"),
    ]


def test_the_keys_are_fresh_and_private(tmp_path: Path) -> None:
    """Two demos share no key, and nobody else can read the client's."""

    async def work(hosts: ReplayHosts) -> None:
        assert stat.S_IMODE(hosts.client_key.stat().st_mode) == 0o600

    first, second = with_hosts(tmp_path / "a", work), with_hosts(tmp_path / "b", work)
    assert first.client_key.read_bytes() != second.client_key.read_bytes()
    assert first.known_hosts.read_bytes() != second.known_hosts.read_bytes()


def test_a_slow_host_answers_after_its_delay_and_holds_up_no_other(tmp_path: Path) -> None:
    """So that a demo shows the message as it fills up; leaving the block early ends a host that
    still waits.
    """
    took_s: dict[str, float] = {}

    async def work(hosts: ReplayHosts) -> None:
        collector = SshCollector(SshSettings(hosts.client_key, hosts.known_hosts))

        async def timed(target: Target) -> None:
            start = time.monotonic()
            await collector.collect(target)
            took_s[target.name] = time.monotonic() - start

        never = asyncio.create_task(timed(hosts.targets["never"]))
        await asyncio.gather(timed(hosts.targets["web1"]), timed(hosts.targets["slow"]))
        never.cancel()
        await asyncio.gather(never, return_exceptions=True)

    with_hosts(tmp_path, work, ("web1", "slow", "never"), {"slow": 1.0, "never": 600.0})
    assert took_s["web1"] < took_s["slow"]
    assert took_s["slow"] >= 1.0
    assert "never" not in took_s
