"""Whether a log-in may be begun: a key that is refused must not lock people out of their hosts in
the middle of a SEV.

sshd and what watches its log (PerSourcePenalties, fail2ban, MaxStartups) hold refusals and
unfinished log-ins against the address that they come from, which may be a bastion's. So at one
address refusals and log-ins under way together are never more than three, and three refusals begin
a rest. Over all addresses the same holds until the key was let in once, with two differences, so
that no single host and no three hosts that are stuck can shut sevbot out of all others: an address
counts once, and an offer that is not answered gives its place up after HELD_S. A key that changed
is another key: make a new `Logins`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

MOST_REFUSALS = 3
REST_S = 300.0
HELD_S = 2.0  # an sshd that is well answers an offer in some milliseconds


class RestingError(Exception):
    """No log-in is begun for `left_s` seconds more; `everywhere` where three addresses refused the
    key and none let it in.
    """

    def __init__(self, left_s: float, *, everywhere: bool) -> None:
        super().__init__(f"no log-in for {left_s:.0f} s")
        self.left_s = left_s
        self.everywhere = everywhere


@dataclass
class _Gate:
    """Counts log-ins under way and refusals, of one address or of all. An open one lets everybody
    through.
    """

    open: bool = False
    waiting: int = 0
    under_way: int = 0
    refused_at: list[str] = field(default_factory=list)  # the address of each refusal
    last_refusal_s: float = 0.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def rest_left_s(self, now_s: float) -> float:
        """Seconds until log-ins are tried again; 0 where they may be."""
        left_s = self.last_refusal_s + REST_S - now_s
        if left_s <= 0:
            self.refused_at.clear()
        return max(left_s, 0.0) if len(self.refused_at) >= MOST_REFUSALS and not self.open else 0.0

    def has_room(self) -> bool:
        return self.open or self.under_way + len(self.refused_at) < MOST_REFUSALS

    def count_refusal(self, address: str, now_s: float) -> None:
        self.refused_at.append(address)
        self.last_refusal_s = now_s

    def wake(self) -> None:
        """Let all who wait look again."""
        self.changed.set()
        self.changed = asyncio.Event()


class Logins:
    """The log-ins of one key. `clock` gives seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._everywhere = _Gate()
        self._addresses: dict[str, _Gate] = {}

    async def begin(self, address: str, within_s: float | None = None) -> Login:
        """A log-in at `address`, before anything is dialled; waits while three are under way there,
        at most `within_s`.

        Raises RestingError, and TimeoutError.
        """
        gate = self._addresses.setdefault(address, _Gate())
        gate.waiting += 1
        try:
            await self._enter(gate, within_s)
        finally:
            gate.waiting -= 1
            self._forget(address)
        return Login(self, address, gate)

    async def _enter(self, gate: _Gate, within_s: float | None = None) -> None:
        if not self._has_room(gate):
            async with asyncio.timeout(within_s):
                while not self._has_room(gate):
                    await gate.changed.wait()
        gate.under_way += 1

    def _has_room(self, gate: _Gate) -> bool:
        for each in (self._everywhere, gate):
            if left_s := each.rest_left_s(self._clock()):
                raise RestingError(left_s, everywhere=each is self._everywhere)
        return gate.has_room()

    @property
    def was_let_in(self) -> bool:
        """Whether a host has let the key in."""
        return self._everywhere.open

    async def offer(self) -> None:
        """Wait until the key may be offered to one more host: to three at a time until it was let
        in once. Raises RestingError.
        """
        await self._enter(self._everywhere)

    def offer_is_over(self) -> None:
        """Make room for the next offer."""
        self._everywhere.under_way -= 1
        self._everywhere.wake()

    def count_refusal(self, address: str, gate: _Gate, *, offered: bool) -> None:
        """Count it at the address; over all addresses only where the key was `offered` there, and
        only one for each.
        """
        self._everywhere.rest_left_s(self._clock())  # forgets what is too long ago to count
        if offered and address not in self._everywhere.refused_at:
            self._everywhere.count_refusal(address, self._clock())
        gate.count_refusal(address, self._clock())

    def count_let_in(self) -> None:
        """The key was let in: from now on it is offered to any number of hosts at once."""
        self._everywhere.open = True

    def leave(self, address: str, gate: _Gate) -> None:
        """A log-in at the address is over: its place goes to the next one that waits there."""
        gate.under_way -= 1
        gate.wake()
        self._forget(address)

    def _forget(self, address: str) -> None:
        """Drop the address where nobody is and nothing is held against it, so that what is
        remembered stays small.
        """
        gate = self._addresses.get(address)
        if gate is None or gate.waiting or gate.under_way or gate.rest_left_s(self._clock()):
            return
        if not gate.refused_at:
            del self._addresses[address]


class Login:
    """One log-in under way. Call `end` when it is over, however it ended; before it, `refused` or
    `let_in` where that is known.
    """

    def __init__(self, logins: Logins, address: str, gate: _Gate) -> None:
        self._logins = logins
        self._address = address
        self._gate = gate
        self._offered = False
        self._place: asyncio.TimerHandle | None = (
            None  # among the offers; given up when the time is over
        )
        self._ended = False
        self.is_held_back = False

    async def offer(self) -> None:
        """Wait until this log-in may offer the key; the host has proved who it is. Raises
        RestingError.

        Meanwhile `is_held_back` holds.
        """
        if self._offered:
            return
        self.is_held_back = True
        await self._logins.offer()
        self.is_held_back = False
        self._offered = True
        self._place = asyncio.get_running_loop().call_later(HELD_S, self._give_place_up)

    @property
    def may_try_again(self) -> bool:
        """Whether a second try may follow one that did not end: no host gets a second offer of a
        key that none has let in yet.
        """
        return not self._offered or self._logins.was_let_in

    def refused(self) -> None:
        """Count that the host refused the key, or the certificate."""
        self._logins.count_refusal(self._address, self._gate, offered=self._offered)

    def let_in(self) -> None:
        """Count that the host let the key in."""
        self._logins.count_let_in()

    def end(self) -> None:
        """Make room for the next one; a second call does nothing."""
        if not self._ended:
            self._ended = True
            self._give_place_up()
            self._logins.leave(self._address, self._gate)

    def _give_place_up(self) -> None:
        if self._place is not None:
            self._place.cancel()
            self._place = None
            self._logins.offer_is_over()
