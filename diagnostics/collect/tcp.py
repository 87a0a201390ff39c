"""A TCP connection to a host by address or name, within a time limit, with a sentence for each way
it can fail.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Sequence
from concurrent.futures import Executor

from diagnostics.collect import ssh_failures as because
from diagnostics.collect.meter import MeteredSocket

Place = tuple[int, tuple[object, ...]]  # address family, socket address


class CannotAskError(Exception):
    """A host could not be asked; carries what a Missing will hold: the sentence, and whether to ask
    again at once.
    """

    def __init__(self, because: str, *, ask_again: bool = False) -> None:
        super().__init__(because)
        self.ask_again = ask_again


async def resolve(
    where: str, address: str, port: int, limit_s: float, resolvers: Executor
) -> Sequence[Place]:
    """Where the host may be, in the resolver's order, at least one place; raises CannotAskError.

    `resolvers` runs the look-up: the loop's few default threads would let some slow names hold up
    every other host.
    """
    if _is_ipv4(address):
        return [(socket.AF_INET, (address, port))]
    try:
        async with asyncio.timeout(limit_s):
            return await asyncio.get_running_loop().run_in_executor(
                resolvers, _addresses, address, port
            )
    except TimeoutError as failure:
        raise CannotAskError(
            because.name_too_slow(where, address, limit_s), ask_again=True
        ) from failure
    except (socket.gaierror, UnicodeError) as failure:
        raise CannotAskError(because.no_such_name(where, address), ask_again=True) from failure


async def dial(where: str, places: Sequence[Place], limit_s: float) -> MeteredSocket:
    """A socket to the first place that answers, all of them within `limit_s`; raises
    CannotAskError.
    """
    error: OSError | None = None
    loop = asyncio.get_running_loop()
    end_s = loop.time() + limit_s
    for number, (family, socket_address) in enumerate(places):
        try:
            return await _connect(
                family, socket_address, max(end_s - loop.time(), 0) / (len(places) - number)
            )
        except OSError as failure:  # also TimeoutError: the next address may answer
            error = failure
    raise CannotAskError(_no_connection(where, places, error, limit_s)) from error


def _is_ipv4(address: str) -> bool:
    """Whether no look-up is needed (an IPv6 address may name a network card, which the resolver
    knows).
    """
    try:
        ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return True


def _addresses(address: str, port: int) -> Sequence[Place]:
    """(address family, socket address) of the host, in the resolver's order; blocks. Raises
    socket.gaierror or UnicodeError.
    """
    found = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)
    if not found:
        raise socket.gaierror(socket.EAI_NONAME, "no address")
    return [(family, socket_address) for family, _type, _protocol, _name, socket_address in found]


async def _connect(
    family: int, socket_address: tuple[object, ...], limit_s: float
) -> MeteredSocket:
    """A connected socket; raises OSError, which TimeoutError after `limit_s` is too."""
    sock = MeteredSocket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        async with asyncio.timeout(limit_s):
            await asyncio.get_running_loop().sock_connect(sock, socket_address)
    except BaseException:
        sock.close()
        raise
    return sock


def _no_connection(
    where: str, places: Sequence[Place], error: OSError | None, limit_s: float
) -> str:
    if error is None or isinstance(error, TimeoutError):
        return because.no_tcp_answer(where, limit_s)
    if isinstance(error, ConnectionRefusedError):
        return because.refused(where, str(places[-1][1][1]))
    return because.no_route(where, error)
