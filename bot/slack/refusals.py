"""Whom the bot did not answer, in the log: each sender once, however often it tries, and only so
many senders an hour.
"""

from __future__ import annotations

import logging
import time
from collections import OrderedDict

REMEMBERED = 1_000
NAMED_AN_HOUR = 100
HOUR_S = 3600.0
MAX_CHARS = 300

_log = logging.getLogger(__name__)


class Refusals:
    """Anybody in a channel can cause one, so neither the log nor this memory may grow with their
    number: the rest is only counted.
    """

    def __init__(self) -> None:
        self._told: OrderedDict[str, None] = OrderedDict()
        self._named = self._more = 0
        self._hour_began = time.monotonic()

    def note(self, sender: str, why: str) -> None:
        """Log `why` if `sender` is new, else count it."""
        if time.monotonic() - self._hour_began >= HOUR_S:
            self.sum_up()
        sender = sender[:MAX_CHARS]
        if sender in self._told or self._named >= NAMED_AN_HOUR:
            self._more += 1
            return
        self._named += 1
        self._told[sender] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        _log.info("not answered: %s", why[:MAX_CHARS])

    def sum_up(self) -> None:
        """Log how many more there were since the last time, if any."""
        if self._more:
            _log.info(
                "not answered: %d more, of senders named above or too many to name", self._more
            )
        self._named = self._more = 0
        self._hour_began = time.monotonic()
