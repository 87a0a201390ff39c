"""Ask one host over SSH: one login, one exec of the constant probe, nothing else.

The key and known_hosts are parsed once, which is most of the cost of a connection; a key file that
changed is read again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import asyncssh

from diagnostics.bundle import Bundle, Missing
from diagnostics.collect import ssh_failures as because
from diagnostics.collect.capture import Capture, Pool
from diagnostics.collect.certificate import ends_soon
from diagnostics.collect.logins import Login, Logins, RestingError
from diagnostics.collect.meter import MeteredSocket
from diagnostics.collect.ssh_client import Session
from diagnostics.collect.ssh_identity import HostKeys, SshSetupError, read_identity, read_ssh_files
from diagnostics.collect.ssh_login import Host, log_in
from diagnostics.collect.ssh_options import SIGNATURES, SshSettings, Target, shared_options
from diagnostics.collect.tcp import CannotAskError, resolve
from diagnostics.probe import PROBE

__all__ = ["SshCollector", "SshSettings", "SshSetupError", "Target"]

HELD_BYTES = 96 * 1024 * 1024  # of answers under way, over all hosts
TURN_WITHIN_S = 60.0  # for those who wait for their turn at an address
BUSY_WAIT_S = 2.5  # a probe takes a second or two
SMALL_BYTES = 256 * 1024  # what takes some milliseconds to read need not go to a thread

_log = logging.getLogger(__name__)


class SshCollector:
    """Asks hosts, at most `settings.at_once` at the same time. Raises SshSetupError where the key
    or known_hosts cannot be used.
    """

    def __init__(self, settings: SshSettings, clock: Callable[[], float] = monotonic) -> None:
        self._settings = settings
        self._clock = clock
        files = (settings.client_key, settings.certificate, settings.known_hosts)
        self._identity, self._known_hosts = read_ssh_files(*files, SIGNATURES)
        self._identity_files = _state_of(settings)
        self._logins = Logins(clock)
        self._options = shared_options()
        self._slots = asyncio.Semaphore(settings.at_once)
        self._pool = Pool(HELD_BYTES, HELD_BYTES // settings.at_once)
        self._resolvers = ThreadPoolExecutor(
            max_workers=settings.at_once, thread_name_prefix="resolve"
        )
        # one: each may need some megabytes
        self._readers = ThreadPoolExecutor(max_workers=1, thread_name_prefix="read")

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is no error yet."""
        ends = ends_soon(self._identity.certificate, datetime.now(UTC))
        return () if ends is None else (f"the certificate {self._settings.certificate} {ends}",)

    async def collect(self, target: Target) -> Bundle | Missing:
        """What `target` said, or why it could not be asked. One login at most, or two where the
        first did not end in time.

        The deadline runs from when a slot is free and the address has room for one more login.
        """
        capture = Capture(self._pool)
        try:
            await self.ask(target, capture)
            if capture.size <= SMALL_BYTES:
                return capture.result(target.name, target.where)
            # up to a MiB: others are answered meanwhile
            run = asyncio.get_running_loop().run_in_executor
            return await run(self._readers, capture.result, target.name, target.where)
        except CannotAskError as error:
            return Missing(str(error), error.ask_again)
        finally:
            capture.release()

    async def ask(self, target: Target, capture: Capture) -> None:
        """Let `capture` have what `target` prints, as it comes; raises CannotAskError where it
        could not be asked.
        """
        self._renew_identity()
        await self._ask(target, self._host_keys(target), capture)

    def _renew_identity(self) -> None:
        """Read a key or certificate that changed; with it nothing is held against the old one. One
        that cannot be read changes nothing.
        """
        state = _state_of(self._settings)
        if state == self._identity_files:
            return
        self._identity_files = state
        try:
            self._identity = read_identity(self._settings.client_key, self._settings.certificate)
        except SshSetupError as error:
            _log.warning(
                "the key changed on disk and cannot be used, so the one read before is used: %s",
                error,
            )
        else:
            self._logins = Logins(self._clock)

    def _host_keys(self, target: Target) -> HostKeys:
        """The keys `target` may present; without any, not even a TCP connection is made."""
        found = self._known_hosts.of(target.name, target.port)
        file = str(self._settings.known_hosts)
        if not found.keys and not found.authorities:
            raise CannotAskError(because.host_key_unknown(target.where, target.name, file))
        if not found.algorithms:
            raise CannotAskError(because.host_key_too_old(target.where, target.name, file))
        return found

    async def _ask(self, target: Target, host_keys: HostKeys, capture: Capture) -> None:
        settings, connection = self._settings, None
        host = Host(target, host_keys, self._identity, settings, self._options)
        places = await resolve(
            target.where, target.address, target.port, settings.connect_timeout_s, self._resolvers
        )
        login = await self._begin(target, str(places[0][1][:2]))
        try:
            async with self._slots, asyncio.timeout(settings.deadline_s) as deadline:
                end_s = deadline.when() or 0
                connection, sock = await log_in(host, places, login, end_s)
                try:
                    login.end()
                    await _run(target, connection, (capture, sock), end_s)
                finally:
                    connection.close()
                    await connection.wait_closed()
        except TimeoutError as error:
            if login.is_held_back:
                raise CannotAskError(
                    because.held_back(target.where, settings.shown_key), ask_again=True
                ) from error
            if connection is None:
                raise CannotAskError(
                    because.login_too_slow(target.where, f"{settings.deadline_s:g} s")
                ) from error
            if not capture.is_busy:
                capture.stopped = f"did not end in {settings.deadline_s:g} s and was stopped"
        finally:
            login.end()

    async def _begin(self, target: Target, address: str) -> Login:
        """Room for one more login at the address; raises CannotAskError where there is none."""
        try:
            return await self._logins.begin(address, TURN_WITHIN_S)
        except TimeoutError as error:
            raise CannotAskError(
                because.crowded(target.where, TURN_WITHIN_S), ask_again=True
            ) from error
        except RestingError as error:
            raise CannotAskError(
                because.rests(target.where, self._settings, error), ask_again=True
            ) from error


async def _run(
    target: Target,
    connection: asyncssh.SSHClientConnection,
    into: tuple[Capture, MeteredSocket],
    end_s: float,
) -> None:
    """Run the probe; where another one is running on the host run it again, until less than two
    waits are left to `end_s`.
    """
    capture, clock = into[0], asyncio.get_running_loop().time
    channel = await _run_once(target, connection, Session(*into))
    first_s = clock()
    while capture.is_busy and end_s - clock() > 2 * BUSY_WAIT_S:
        channel.close()  # a host may allow one session at a time
        await asyncio.sleep(BUSY_WAIT_S)
        capture.busy_s = clock() - first_s
        capture.begin_again()
        channel = await _run_once(target, connection, Session(*into))


async def _run_once(
    target: Target, connection: asyncssh.SSHClientConnection, session: Session
) -> asyncssh.SSHClientChannel[bytes]:
    """One session to its end; its channel may be open still."""
    try:
        channel, _ = await connection.create_session(lambda: session, PROBE)
    except (asyncssh.Error, OSError) as error:
        raise CannotAskError(because.no_exec(target.where, str(error))) from error
    await session.over.wait()
    return channel


def _state_of(settings: SshSettings) -> tuple[object, ...]:
    """Changes with the files that we log in with."""
    return tuple(
        _state_of_file(file)
        for file in (settings.client_key, settings.certificate)
        if file is not None
    )


def _state_of_file(file: Path) -> tuple[int, ...]:
    try:
        state = file.stat()
    except OSError:
        return ()
    return state.st_mtime_ns, state.st_ino, state.st_size
