"""Ask one host over SSH: one login, one exec of the constant probe, nothing else.

Everything asyncssh would take from the user's surroundings (configuration files, agents, default keys, proxies) is switched off by name in
`connection_options`, and a test reads the options back. The key and known_hosts are parsed once, which is most of the cost of a connection.
"""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import asyncssh
from asyncssh.kex import get_kex_algs

from diagnostics.bundle import Bundle, Missing
from diagnostics.collect import ssh_failures as because
from diagnostics.collect.capture import Capture
from diagnostics.collect.ssh_identity import HostKeys, Identity, SshSetupError, read_ssh_files
from diagnostics.collect.tcp import CannotAskError, dial
from diagnostics.probe import PROBE

__all__ = ["SshCollector", "SshSettings", "SshSetupError", "Target", "connection_options"]

WINDOW_BYTES = 256 * 1024  # a host cannot have more than this on its way to us unread
_STDERR = asyncssh.EXTENDED_DATA_STDERR

# AES-GCM is authenticated by itself, so no prefix attack on the handshake works against it, and it is the cheapest here.
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
_WANTED_KEX = (
    "mlkem768x25519-sha256",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
    "diffie-hellman-group16-sha512",
)
KEX = tuple(name for name in _WANTED_KEX if name.encode() in get_kex_algs())  # the first needs a recent cryptography
SIGNATURES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256")


@dataclass(frozen=True)
class Target:
    """One host of the inventory. `name` is what its host key is filed under; `address` is an IP address or a name to resolve."""

    name: str
    address: str
    port: int
    user: str


@dataclass(frozen=True)
class SshSettings:
    """Where the identity and the hosts' keys are, and how long things may take; `deadline_s` is for one host, from TCP to the last byte."""

    client_key: Path
    known_hosts: Path
    certificate: Path | None = None
    at_once: int = 64
    connect_timeout_s: float = 5
    login_timeout_s: float = 5
    deadline_s: float = 25


class _Session(asyncssh.SSHClientSession[bytes]):
    """Counts what comes, as it comes: no reader task, and never more than the caps in memory."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self.over = asyncio.Event()

    def data_received(self, data: bytes, datatype: int | None) -> None:
        if self.over.is_set():
            return
        take = self._capture.take_stderr if datatype == _STDERR else self._capture.take_stdout
        if take(data):
            self.over.set()

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is not None and not self.over.is_set():
            self._capture.stopped = f"was cut off by a lost connection ({because.quoted(str(exc))})"
        self.over.set()


class _Client(asyncssh.SSHClient):
    """Remembers how far a login came, so that its failure can be told in words."""

    def __init__(self) -> None:
        self.connection: asyncssh.SSHClientConnection | None = None
        self.presented: asyncssh.SSHKey | None = None
        self.host_key_accepted = False
        self.key_was_offered = False

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self.connection = conn

    def validate_host_public_key(self, _host: str, _addr: str, _port: int, key: asyncssh.SSHKey) -> bool:
        self.presented = key
        return False

    def begin_auth(self, _username: str) -> None:
        self.host_key_accepted = True

    def public_key_auth_requested(self) -> None:
        self.key_was_offered = True  # asyncssh asks for another key only after the server refused the one we have

    @property
    def server_named_itself(self) -> bool:
        return self.connection is not None and self.connection.get_extra_info("server_version") is not None


def connection_options(
    settings: SshSettings, target: Target, identity: Identity, host_keys: HostKeys, client: asyncssh.SSHClient
) -> asyncssh.SSHClientConnectionOptions:
    """Every option of a connection, explicit where asyncssh would otherwise look around on this machine."""
    return asyncssh.SSHClientConnectionOptions(
        config=None,
        client_factory=lambda: client,
        tunnel=None,
        proxy_command=None,
        username=target.user,
        host_key_alias=target.name,
        known_hosts=(list(host_keys.keys), list(host_keys.authorities), list(host_keys.revoked)),
        server_host_key_algs=list(host_keys.algorithms),
        x509_trusted_certs=None,
        x509_trusted_cert_paths=[],
        client_keys=[identity.keypair()],
        agent_path=None,
        agent_forwarding=False,
        pkcs11_provider=None,
        password=None,
        preferred_auth="publickey",
        disable_trivial_auth=True,
        public_key_auth=True,
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_auth=False,
        gss_kex=False,
        kex_algs=list(KEX),
        encryption_algs=list(CIPHERS),
        signature_algs=list(SIGNATURES),
        compression_algs=None,
        connect_timeout=settings.connect_timeout_s,
        login_timeout=settings.login_timeout_s,
        keepalive_interval=3,
        keepalive_count_max=2,
        utf8_decode_errors="replace",
        env={},
        send_env=[],
        request_pty=False,
        x11_forwarding=False,
        encoding=None,
        window=WINDOW_BYTES,
    )


class SshCollector:
    """Asks hosts, at most `settings.at_once` at the same time. Raises SshSetupError where the key or known_hosts cannot be used."""

    def __init__(self, settings: SshSettings) -> None:
        self._settings = settings
        files = (settings.client_key, settings.certificate, settings.known_hosts)
        self._identity, self._known_hosts = read_ssh_files(*files, SIGNATURES)
        self._slots = asyncio.Semaphore(settings.at_once)
        self._resolvers = ThreadPoolExecutor(max_workers=settings.at_once, thread_name_prefix="resolve")

    async def collect(self, target: Target) -> Bundle | Missing:
        """What `target` said, or why it could not be asked. One login at most; the deadline runs from when a slot is free."""
        capture = Capture()
        async with self._slots:
            try:
                async with asyncio.timeout(self._settings.deadline_s):
                    await self._ask(target, capture)
            except TimeoutError:
                capture.stopped = f"did not end in {self._settings.deadline_s:g} s and was stopped"
            except CannotAskError as error:
                return Missing(str(error))
        return await asyncio.to_thread(capture.result, target.name, _where(target))  # up to a MiB: others are answered meanwhile

    async def _ask(self, target: Target, capture: Capture) -> None:
        host_keys = self._host_keys(target)
        limit_s = self._settings.connect_timeout_s
        sock = await dial(_where(target), target.address, target.port, limit_s, self._resolvers)
        try:
            connection = await self._login(target, host_keys, sock)
        except BaseException:
            sock.close()  # asyncssh closes it only once it has made a transport of it
            raise
        try:
            await self._run(target, connection, capture)
        finally:
            connection.close()
            await connection.wait_closed()

    def _host_keys(self, target: Target) -> HostKeys:
        """The keys `target` may present; without any, not even a TCP connection is made."""
        found = self._known_hosts.of(target.name, target.port)
        file = str(self._settings.known_hosts)
        if not found.keys and not found.authorities:
            raise CannotAskError(because.host_key_unknown(_where(target), target.name, file))
        if not found.algorithms:
            raise CannotAskError(because.host_key_too_old(_where(target), target.name, file))
        return found

    async def _login(self, target: Target, host_keys: HostKeys, sock: socket.socket) -> asyncssh.SSHClientConnection:
        client = _Client()
        try:
            options = connection_options(self._settings, target, self._identity, host_keys, client)
            connection = await asyncssh.connect(target.address, target.port, sock=sock, config=None, options=options)
        except Exception as error:  # whatever a strange server provokes in the protocol code is that host's failure alone
            raise CannotAskError(self._login_failed(target, client, error)) from error
        task = asyncio.current_task()
        if task is not None and task.cancelling():  # Python 3.11's wait_for loses a cancellation that meets its success
            connection.abort()
            raise asyncio.CancelledError
        return connection

    def _login_failed(self, target: Target, client: _Client, error: Exception) -> str:
        where, settings = _where(target), self._settings
        text = str(error) or type(error).__name__
        if isinstance(error, TimeoutError) or text == "Login timeout expired":
            told = because.login_too_slow if client.server_named_itself else because.no_ssh_answer
            return told(where, settings.login_timeout_s)
        if isinstance(error, asyncssh.HostKeyNotVerifiable):
            kinds = frozenset(key.get_algorithm() for key in self._host_keys(target).keys)
            return because.host_key_because(where, error, target.name, str(settings.known_hosts), (client.presented, kinds))
        if isinstance(error, asyncssh.PermissionDenied):
            if "Trivial" in text:
                return because.asked_for_nothing(where)
            return self._key_refused(target) if client.key_was_offered else because.wants_other_login(where, target.user)
        if isinstance(error, asyncssh.KeyExchangeFailed):
            return because.nothing_in_common(where, text)
        if client.host_key_accepted:
            return self._key_refused(target) if "authentication failures" in text else because.lost_in_login(where, text)
        if not isinstance(error, asyncssh.ConnectionLost | OSError):
            return because.not_ssh(where, text)
        return because.lost_in_key_exchange(where, text) if client.server_named_itself else because.closed_before_ssh(where)

    def _key_refused(self, target: Target) -> str:
        where, settings = _where(target), self._settings
        if settings.certificate is not None:
            return because.certificate_refused(where, target.user, str(settings.certificate))
        return because.key_refused(where, target.user, str(settings.client_key))

    async def _run(self, target: Target, connection: asyncssh.SSHClientConnection, capture: Capture) -> None:
        session = _Session(capture)
        try:
            await connection.create_session(lambda: session, PROBE)
        except (asyncssh.Error, OSError) as error:
            raise CannotAskError(because.no_exec(_where(target), str(error))) from error
        await session.over.wait()


def _where(target: Target) -> str:
    address = f"[{target.address}]" if ":" in target.address else target.address
    return f"{target.name} ({address}:{target.port})"
