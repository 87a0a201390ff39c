"""How long something takes beside something else that this machine does in the same moments.

A slow or busy machine is slow at both, so the comparison says the same on each.
"""

from __future__ import annotations

import gc
import re
import time
from collections.abc import Callable
from functools import cache
from typing import TypeVar

_T = TypeVar("_T")
_TRIES = 5
_WAITING_TRIES = 3
_MIB = "".join(f"{number} [{number}.000000] word: a={number} b\n" for number in range(28_900))
_WORD = re.compile(r"(\w+)[=: ]")


def times_a_plain_mib(read: Callable[[], object], most: float) -> float:
    """CPU time of `read`, in times of what looking for the words of a plain MiB takes.

    The best of up to six tries; the first of at most `most` ends it. The first one is compared with
    the quickest of this process' first looks, the others each with their own.
    """
    best = _cpu_s(read) / _quickest_plain_s()
    for _ in range(_TRIES):
        if best <= most:
            break
        plain_s = _cpu_s(_read_plain_mib)
        best = min(best, _cpu_s(read) / plain_s)
    return best


@cache
def _quickest_plain_s() -> float:
    return min(_cpu_s(_read_plain_mib) for _ in range(_TRIES))


def in_time(
    act: Callable[[], _T], usual: Callable[[], object], *, waits_s: float, times: float
) -> _T:
    """What `act` gave, which must take no longer than `waits_s` and `times` what `usual` takes.

    `waits_s` is what it may wait by the clock, for a limit that it keeps; all else is work. `usual`
    is measured before each of up to three tries: one of them may fall into a moment in which
    others have the machine.
    """
    for _ in range(_WAITING_TRIES):
        usual_s, _ = _wall_s(usual)
        took_s, found = _wall_s(act)
        if took_s <= waits_s + times * usual_s:
            return found
    raise AssertionError(f"{took_s:.2f} s: above {waits_s} s and {times} times {usual_s:.2f} s")


def _read_plain_mib() -> None:
    for _ in _WORD.finditer(_MIB):
        pass


def _cpu_s(act: Callable[[], object]) -> float:
    """Without what other tests left behind, which the garbage collector would walk meanwhile."""
    gc.freeze()
    begun_s = time.process_time()
    try:
        act()
        return time.process_time() - begun_s
    finally:
        gc.unfreeze()


def _wall_s(act: Callable[[], _T]) -> tuple[float, _T]:
    begun_s = time.monotonic()
    found = act()
    return time.monotonic() - begun_s, found
