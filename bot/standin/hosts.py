"""Hosts for the demo and for tests: real SSH servers on this machine that answer the probe with a
recorded bundle.

They serve what production asks for, byte for byte, and nothing else; every request is written down,
so that a test can prove it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

import asyncssh

from diagnostics.bundle import Bundle
from diagnostics.bundle.framing import frame
from diagnostics.collect.ssh import Target
from diagnostics.probe import PROBE

ADDRESS = "127.0.0.1"
USER = "sevbot-probe"
ONLY_THE_PROBE = "this host answers sevbot's probe and nothing else"
_REFUSED_STATUS = 126


class ReplayHosts:
    """One SSH server for each bundle while the `async with` block runs; its host and client keys
    are fresh each time.

    A bundle may be a function, which is asked at each look. `delay_s` is how many seconds each host
    waits before it answers, or a table of them by host. The client key and known_hosts (both mode
    0600) are written to `directory`, which must not hold them yet (FileExistsError). `requests`
    lists (host, what was asked for): `probe` was served, all else was refused.
    """

    def __init__(
        self,
        bundles: Mapping[str, Bundle | Callable[[], Bundle]],
        directory: Path,
        delay_s: float | Mapping[str, float] = 0.0,
    ) -> None:
        self._bundles = bundles
        self._directory = directory
        self._delay_s = delay_s
        self._acceptors: list[asyncssh.SSHAcceptor] = []
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self.key = asyncssh.generate_private_key("ssh-ed25519")
        self.client_key = directory / "client_key"
        self.known_hosts = directory / "known_hosts"
        self.targets: dict[str, Target] = {}
        self.requests: list[tuple[str, str]] = []

    async def __aenter__(self) -> ReplayHosts:
        self._directory.mkdir(parents=True, exist_ok=True)
        _write_private(self.client_key, self.key.export_private_key())
        lines = []
        try:
            for name, bundle in self._bundles.items():
                host_key = asyncssh.generate_private_key("ssh-ed25519")
                lines.append(f"{name} {host_key.export_public_key().decode('ascii')}")
                self.targets[name] = await self._start(name, bundle, host_key)
            _write_private(self.known_hosts, "".join(lines).encode())
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    async def _start(
        self, name: str, bundle: Bundle | Callable[[], Bundle], host_key: asyncssh.SSHKey
    ) -> Target:
        output = _output(bundle)
        acceptor = await asyncssh.listen(
            ADDRESS,
            0,
            config=None,
            server_factory=lambda: _Server(self, name, output, self._delay_of(name)),
            server_host_keys=[host_key],
            gss_host=None,
            password_auth=False,
            kbdint_auth=False,
            host_based_auth=False,
            x509_trusted_certs=None,
            agent_forwarding=False,
            x11_forwarding=False,
            allow_scp=False,
            line_editor=False,
            compression_algs=None,
            encoding=None,
        )
        self._acceptors.append(acceptor)
        return Target(name=name, address=ADDRESS, port=acceptor.get_port(), user=USER)

    def _delay_of(self, name: str) -> float:
        return (
            self._delay_s
            if isinstance(self._delay_s, int | float)
            else self._delay_s.get(name, 0.0)
        )

    async def _stop(self) -> None:
        for acceptor in self._acceptors:
            acceptor.close()
        open_still = list(self.connections)
        for connection in open_still:
            connection.abort()
        await asyncio.gather(*(connection.wait_closed() for connection in open_still))
        for acceptor in self._acceptors:
            await acceptor.wait_closed()
        self._acceptors.clear()


class _Server(asyncssh.SSHServer):
    """One connection to one host."""

    def __init__(
        self, hosts: ReplayHosts, name: str, output: Callable[[], bytes], delay_s: float
    ) -> None:
        self._hosts = hosts
        self._name = name
        self._output = output
        self._delay_s = delay_s
        self._connection: asyncssh.SSHServerConnection | None = None

    def refuse(self, what: str) -> None:
        self._hosts.requests.append((self._name, what))

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._hosts.connections.add(conn)

    def connection_lost(self, _error: Exception | None) -> None:
        if self._connection is not None:
            self._hosts.connections.discard(self._connection)

    def begin_auth(self, _username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return True

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = username == USER and key.public_data == self._hosts.key.public_data
        if not known:
            self.refuse(f"login {username}")
        return known

    def session_requested(self) -> asyncssh.SSHServerSession[bytes]:
        return _ProbeSession(self, self._output, self._delay_s)

    def served(self) -> None:
        self._hosts.requests.append((self._name, "probe"))

    def connection_requested(
        self, dest_host: str, dest_port: int, _orig_host: str, _orig_port: int
    ) -> bool:
        self.refuse(f"forward to {dest_host}:{dest_port}")
        raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, ONLY_THE_PROBE)

    def unix_connection_requested(self, dest_path: str) -> bool:
        self.refuse(f"forward to {dest_path}")
        raise asyncssh.ChannelOpenError(asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED, ONLY_THE_PROBE)

    def server_requested(self, listen_host: str, listen_port: int) -> bool:
        self.refuse(f"listen on {listen_host}:{listen_port}")
        return False

    def unix_server_requested(self, listen_path: str) -> bool:
        self.refuse(f"listen on {listen_path}")
        return False


class _ProbeSession(asyncssh.SSHServerSession[bytes]):
    """Answers an exec of the probe; tells any other command so on stderr."""

    def __init__(self, server: _Server, output: Callable[[], bytes], delay_s: float) -> None:
        self._server = server
        self._output = output
        self._delay_s = delay_s
        self._answer: asyncio.TimerHandle | None = None
        self._refused = False

    def connection_made(self, chan: asyncssh.SSHServerChannel[bytes]) -> None:
        self._channel = chan

    def connection_lost(self, _error: Exception | None) -> None:
        if self._answer is not None:
            self._answer.cancel()

    def pty_requested(
        self, term_type: str, _term_size: tuple[int, int, int, int], _term_modes: Mapping[int, int]
    ) -> bool:
        self._server.refuse(f"pty {term_type}")
        return False

    def subsystem_requested(self, subsystem: str) -> bool:
        self._server.refuse(f"subsystem {subsystem}")
        return False

    def shell_requested(self) -> bool:
        self._server.refuse("shell")
        self._refused = True
        return True

    def exec_requested(self, command: str) -> bool:
        environment = self._channel.get_environment_bytes()
        if command != PROBE:
            self._server.refuse(f"exec {command}")
            self._refused = True
        elif environment:
            self._server.refuse(f"environment {sorted(environment)}")
            self._refused = True
        else:
            self._server.served()
        return True

    def session_started(self) -> None:
        if self._refused:
            self._channel.write_stderr(f"{ONLY_THE_PROBE}\n".encode())
            self._channel.exit(_REFUSED_STATUS)
        else:
            self._answer = asyncio.get_running_loop().call_later(self._delay_s, self._write)

    def _write(self) -> None:
        self._channel.write(self._output())
        self._channel.exit(0)


def _output(bundle: Bundle | Callable[[], Bundle]) -> Callable[[], bytes]:
    """What the probe prints: the same each time, or what is to be told then."""
    if not isinstance(bundle, Bundle):
        return lambda: frame(bundle())
    always = frame(bundle)
    return lambda: always


def _write_private(path: Path, data: bytes) -> None:
    """A new file that only its owner can read, from its first byte on."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
