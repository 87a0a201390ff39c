"""Our side of one connection, as asyncssh calls it: how far the login came, and what the probe
prints.
"""

from __future__ import annotations

import asyncio

import asyncssh

from diagnostics.collect import ssh_failures as because
from diagnostics.collect.capture import Capture
from diagnostics.collect.logins import Login, RestingError
from diagnostics.collect.meter import MeteredSocket
from diagnostics.collect.ssh_identity import Identity

_STDERR = asyncssh.EXTENDED_DATA_STDERR


class Session(asyncssh.SSHClientSession[bytes]):
    """Counts what comes, as it comes: no reader task, and never more than the caps in memory."""

    def __init__(self, capture: Capture, sock: MeteredSocket) -> None:
        self._capture = capture
        self._sock = sock
        self.over = asyncio.Event()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if self.over.is_set():
            return
        self._sock.answered(len(data))
        take = self._capture.take_stderr if datatype == _STDERR else self._capture.take_stdout
        if take(data):
            self.over.set()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and not self.over.is_set():
            self._capture.stopped = f"was cut off by a lost connection ({because.quoted(str(exc))})"
        self.over.set()


class Client(asyncssh.SSHClient):
    """Gives the key when it may be offered, and remembers how far the login came, so that its
    failure can be told in words.
    """

    def __init__(
        self, identity: Identity, login: Login, sock: MeteredSocket, limit: asyncio.Timeout
    ) -> None:
        self._identity = identity
        self._login = login
        self._sock = sock
        self._limit = limit
        self._connection: asyncssh.SSHClientConnection | None = None
        self.presented: asyncssh.SSHKey | None = None
        self.host_key_accepted = False
        self.key_was_offered = False
        self.key_was_refused = False
        self.rests: RestingError | None = None

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self._connection = conn

    def validate_host_public_key(
        self, _host: str, _addr: str, _port: int, key: asyncssh.SSHKey
    ) -> bool:
        self.presented = key
        return False

    def begin_auth(self, _username: str) -> None:
        self.host_key_accepted = True
        self._sock.prove()

    async def public_key_auth_requested(self) -> asyncssh.SSHKeyPair | None:
        """The one key, once: asyncssh asks again only after the host refused it."""
        if self.key_was_offered:
            self.key_was_refused = True
            return None
        try:
            await self._wait_for_turn()
        except RestingError as error:
            self.rests = error
            return None
        self.key_was_offered = True
        return self._identity.keypair()

    async def _wait_for_turn(self) -> None:
        """The wait is for other hosts, so this one's limit stands still. Raises RestingError."""
        now_s = asyncio.get_running_loop().time
        left_s = (self._limit.when() or now_s()) - now_s()
        self._limit.reschedule(None)
        try:
            await self._login.offer()
        except RestingError:
            self._limit.reschedule(now_s() + left_s)
            raise
        self._limit.reschedule(now_s() + left_s)

    def auth_completed(self) -> None:
        self._login.let_in()

    @property
    def server_named_itself(self) -> bool:
        """Whether the other side sent its SSH identification (RFC 4253, 4.2): then something like
        an sshd is there.
        """
        return (
            self._connection is not None
            and self._connection.get_extra_info("server_version") is not None
        )
