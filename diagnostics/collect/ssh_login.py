"""One login to one host: what asyncssh is given, and what each way of failing means."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncssh

from diagnostics.collect import ssh_failures as because
from diagnostics.collect.certificate import why_refused
from diagnostics.collect.logins import Login
from diagnostics.collect.meter import FloodError, MeteredSocket
from diagnostics.collect.ssh_client import Client
from diagnostics.collect.ssh_identity import HostKeys, Identity
from diagnostics.collect.ssh_options import SshSettings, Target, host_options
from diagnostics.collect.tcp import CannotAskError, Place, dial

LoggedIn = tuple[asyncssh.SSHClientConnection, MeteredSocket]


class LoginTimeoutError(CannotAskError):
    """The login did not end in time; nobody refused it."""


@dataclass(frozen=True)
class Host:
    """What a login to `target` needs: the keys it may present, the key it is offered, and what is
    the same for all hosts.
    """

    target: Target
    keys: HostKeys
    identity: Identity
    settings: SshSettings
    options: asyncssh.SSHClientConnectionOptions


async def log_in(host: Host, places: Sequence[Place], login: Login, end_s: float) -> LoggedIn:
    """A connection that is logged in, and its socket; raises CannotAskError.

    Where the login did not end in time it is tried once more, with a longer limit up to `end_s` of
    the loop's time: a host with an incident is slow. Nothing else is tried twice. Of the wait until
    the key may be offered only `end_s` counts.
    """
    settings = host.settings
    try:
        return await _connect(host, places, login, (settings.login_timeout_s,))
    except LoginTimeoutError:
        left_s = end_s - asyncio.get_running_loop().time()
        second_s = min(settings.second_login_timeout_s, left_s - settings.connect_timeout_s)
        if second_s <= settings.login_timeout_s or not login.may_try_again:
            raise
    return await _connect(host, places, login, (settings.login_timeout_s, second_s))


async def _connect(
    host: Host, places: Sequence[Place], login: Login, limits_s: tuple[float, ...]
) -> LoggedIn:
    """One connection; the last of `limits_s` holds for its login, those before it were those of
    logins that did not end.
    """
    sock = await dial(host.target.where, places, host.settings.connect_timeout_s)
    try:
        return await _log_in(host, sock, login, limits_s), sock
    except BaseException:
        sock.close()  # asyncssh closes it only once it has made a transport of it
        raise


async def _log_in(
    host: Host, sock: MeteredSocket, login: Login, limits_s: tuple[float, ...]
) -> asyncssh.SSHClientConnection:
    limit, target = asyncio.timeout(limits_s[-1]), host.target
    client = Client(host.identity, login, sock, limit)
    own = host_options(target, host.keys, client)
    try:
        async with limit:
            return await asyncssh.connect(
                target.address, target.port, sock=sock, config=None, options=host.options, **own
            )
    # whatever a strange server provokes in the protocol code is that host's failure alone
    except Exception as error:
        if _is_refusal(client, error):
            login.refused()
        raise _failed(host, client, error, limits_s) from error


def _is_refusal(client: Client, error: Exception) -> bool:
    """Whether the host would not let us in, which it or something that watches its log may hold
    against this machine.

    Until a host has proved who it is anything may be in its place, and what that says of our login
    is no answer to it.
    """
    if not client.host_key_accepted or client.rests is not None or "Trivial" in str(error):
        return False
    return isinstance(error, asyncssh.PermissionDenied) or "authentication failures" in str(error)


def _failed(
    host: Host, client: Client, error: Exception, limits_s: tuple[float, ...]
) -> CannotAskError:
    where, text = host.target.where, str(error) or type(error).__name__
    if client.rests is not None:
        return CannotAskError(because.rests(where, host.settings, client.rests), ask_again=True)
    if isinstance(error, FloodError):
        return CannotAskError(because.flooded(where, text))
    if isinstance(error, TimeoutError):
        return _too_slow(host, client, limits_s)
    if isinstance(error, asyncssh.HostKeyNotVerifiable):
        return CannotAskError(_host_key_wrong(host, client, error))
    if client.host_key_accepted:
        return CannotAskError(_not_let_in(host, client, error, text))
    if isinstance(error, asyncssh.KeyExchangeFailed):
        return CannotAskError(because.nothing_in_common(where, text))
    if not isinstance(error, asyncssh.ConnectionLost | OSError):
        return CannotAskError(because.not_ssh(where, text))
    return CannotAskError(
        because.lost_in_key_exchange(where, text)
        if client.server_named_itself
        else because.closed_before_ssh(where)
    )


def _too_slow(host: Host, client: Client, limits_s: tuple[float, ...]) -> CannotAskError:
    told = because.login_too_slow if client.server_named_itself else because.no_ssh_answer
    return LoginTimeoutError(told(host.target.where, because.waited(limits_s)))


def _host_key_wrong(host: Host, client: Client, error: asyncssh.HostKeyNotVerifiable) -> str:
    kinds = frozenset(key.get_algorithm() for key in host.keys.keys)
    file = str(host.settings.known_hosts)
    return because.host_key_because(
        host.target.where, error, host.target.name, file, (client.presented, kinds)
    )


def _not_let_in(host: Host, client: Client, error: Exception, text: str) -> str:
    """The host proved who it is, and the login failed."""
    where, user, settings = host.target.where, host.target.user, host.settings
    if "Trivial" in text:
        return because.asked_for_nothing(where)
    if isinstance(error, asyncssh.PermissionDenied) and not client.key_was_refused:
        return because.wants_other_login(where, user)
    if not _is_refusal(client, error):
        return because.lost_in_login(where, text)
    if settings.certificate is not None:
        why = why_refused(host.identity.certificate, user, datetime.now(UTC))
        return because.certificate_refused(where, str(settings.certificate), why)
    return because.key_refused(where, user, str(settings.client_key))
