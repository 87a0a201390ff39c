"""A TCP connection to a host by address or name, within a time limit, with a sentence for each way it can fail."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import Executor

from diagnostics.collect import ssh_failures as because


class CannotAskError(Exception):
    """A host could not be asked; carries the sentence that a Missing will hold."""


async def dial(where: str, address: str, port: int, limit_s: float, resolvers: Executor) -> socket.socket:
    """A socket to the first address of the host that answers, all of them within `limit_s`; raises CannotAskError.

    `resolvers` runs the look-up: the loop's few default threads would let some slow names hold up every other host.
    """
    error: OSError | None = None
    found: Sequence[tuple[int, tuple[object, ...]]] = ()
    try:
        async with asyncio.timeout(limit_s):
            found = await asyncio.get_running_loop().run_in_executor(resolvers, _addresses, address, port)
            for place, (family, socket_address) in enumerate(found):
                try:
                    return await _connect(family, socket_address, limit_s / (len(found) - place))
                except OSError as failure:  # also TimeoutError: the next address may answer
                    error = failure
    except TimeoutError as failure:
        if not found:
            raise CannotAskError(because.name_too_slow(where, address, limit_s)) from failure
        error = failure
    except (socket.gaierror, UnicodeError) as failure:
        raise CannotAskError(because.no_such_name(where, address)) from failure
    raise CannotAskError(_no_connection(where, port, error, limit_s)) from error


def _addresses(address: str, port: int) -> Sequence[tuple[int, tuple[object, ...]]]:
    """(address family, socket address) of the host, in the resolver's order; blocks. Raises socket.gaierror or UnicodeError."""
    found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    return [(family, socket_address) for family, _type, _protocol, _name, socket_address in found]


async def _connect(family: int, socket_address: tuple[object, ...], limit_s: float) -> socket.socket:
    """A connected socket; raises OSError, which TimeoutError after `limit_s` is too."""
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        async with asyncio.timeout(limit_s):
            await asyncio.get_running_loop().sock_connect(sock, socket_address)
    except BaseException:
        sock.close()
        raise
    return sock


def _no_connection(where: str, port: int, error: OSError | None, limit_s: float) -> str:
    if error is None or isinstance(error, TimeoutError):
        return because.no_tcp_answer(where, limit_s)
    if isinstance(error, ConnectionRefusedError):
        return because.refused(where, port)
    return because.no_route(where, error)
