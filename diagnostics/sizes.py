"""Sizes in people's units: `6269228 kB` is hard to compare at night, `6.0 GiB` is not."""

from __future__ import annotations

KB_PER_MIB = 1024
KB_PER_GIB = 1024 * 1024


def human(kb: int) -> str:
    """A size in the unit that keeps it short: 648 kB, 44 MiB, 6.0 GiB.

    >>> human(648), human(44988), human(6269236), human(-45000)
    ('648 kB', '44 MiB', '6.0 GiB', '-44 MiB')
    """
    size = abs(kb)
    if size >= KB_PER_GIB:
        return f"{kb / KB_PER_GIB:.1f} GiB"
    if size >= 10 * KB_PER_MIB:
        return f"{kb / KB_PER_MIB:.0f} MiB"
    return f"{kb} kB"
