"""The use case behind every way of asking: what was named in, a report out.

The one place that drives collecting and deciding.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count

from bot.apart import Collector
from bot.inventory import Inventory, Named
from bot.looks import Looks, Seen
from diagnostics.bundle import Missing, Section
from diagnostics.collect.ssh import Target
from diagnostics.engine import diagnose, not_reached, report_on
from diagnostics.model import HostReport, Report

NAMED_WAITS = 8
Slot = AbstractAsyncContextManager[object]
_NO_SLOT: Slot = nullcontext()
Answered = Callable[[int], None]
"""Told how many hosts have answered, or could not be asked, each time that it is one more."""


@dataclass(frozen=True)
class Sev:
    """When a SEV was announced: by its own clock (seconds since 1970), and by `time.monotonic` when
    we were told.
    """

    opened: float
    noticed_s: float


class Investigator:
    """Asks hosts of the inventory, all at once, and reports on all of them in the order asked."""

    def __init__(self, inventory: Inventory, collector: Collector) -> None:
        self.inventory = inventory
        self._looks = Looks(collector)
        # on a thread of its own: the chat wants its answers meanwhile
        self._decider = ThreadPoolExecutor(max_workers=1, thread_name_prefix="decide")

    async def report(
        self,
        named: Named,
        sev: Sev | None = None,
        slot: Slot = _NO_SLOT,
        answered: Answered | None = None,
    ) -> Report:
        """The report on what was named; a word that stands for no host is reported, never dialled.

        With `sev` what is much older is no cause of it, and no look counts that began before we
        were told: it is waited for the next. `slot` is held while hosts are looked at, and not
        while that is waited for. `answered` is called for each host that has its report.
        """
        counted = count(1)
        hosts = await self._ask(
            named.targets, sev, slot, lambda: answered(next(counted)) if answered else None
        )
        unknown = [not_reached(word.name, Missing(word.why)) for word in named.unknown]
        return report_on([*hosts, *unknown])

    def waits(self, targets: Sequence[Target], sev: Sev) -> tuple[str, ...]:
        """A sentence for each host that was looked at too short a time before the SEV, and so is
        not looked at at once.
        """
        waiting = [
            (target.name, self._looks.too_early(target, sev.noticed_s)) for target in targets
        ]
        said = [_waits(name, *early) for name, early in waiting if early is not None]
        more = len(said) - NAMED_WAITS
        return (*said[:NAMED_WAITS], *([f"The same holds for {more} more."] if more > 0 else []))

    async def _ask(
        self, targets: Sequence[Target], sev: Sev | None, slot: Slot, told: Callable[[], None]
    ) -> list[HostReport]:
        """Those that can be looked at at once share a slot; each of the others takes one of its own
        when its time has come.
        """
        waiting = [target for target in targets if self._wait_s([target], sev)]
        at_once = [target for target in targets if target not in waiting]
        async with asyncio.TaskGroup() as group:
            batches = [
                group.create_task(self._batch(batch, sev, slot, told))
                for batch in (at_once, *([target] for target in waiting))
                if batch
            ]
        reports = {target: report for batch in batches for target, report in batch.result().items()}
        return [reports[target] for target in targets]

    async def _batch(
        self, targets: Sequence[Target], sev: Sev | None, slot: Slot, told: Callable[[], None]
    ) -> dict[Target, HostReport]:
        while True:
            await asyncio.sleep(self._wait_s(targets, sev))
            async with slot:
                if self._wait_s(targets, sev):
                    continue  # what could be shared was dropped before there was a slot
                async with asyncio.TaskGroup() as group:
                    tasks = {
                        target: group.create_task(self._host(target, sev)) for target in targets
                    }
                    for task in tasks.values():
                        task.add_done_callback(lambda _: told())
                return {target: task.result() for target, task in tasks.items()}

    def _wait_s(self, targets: Sequence[Target], sev: Sev | None) -> float:
        return max(
            self._looks.wait_s(target, sev.noticed_s if sev is not None else None)
            for target in targets
        )

    async def _host(self, target: Target, sev: Sev | None) -> HostReport:
        try:
            seen = await self._looks.at(target, sev.noticed_s if sev is not None else None)
        except Exception as error:  # one host's trouble must not take the others' answer away
            seen = Seen(
                Missing(
                    f"sevbot failed on this host ({type(error).__name__}: {error}); please "
                    "report this as a defect"
                )
            )
        report = await self._decide(target, seen, sev)
        return report if seen.age_s is None else replace(report, shared_age_s=round(seen.age_s))

    async def _decide(self, target: Target, seen: Seen, sev: Sev | None) -> HostReport:
        if isinstance(seen.found, Missing):
            return not_reached(target.name, seen.found)
        known = self.inventory.about(seen.found)
        if sev is not None:
            known = known.having(Section("sev", f"ago {max(round(time.time() - sev.opened), 0)}\n"))
        return await asyncio.get_running_loop().run_in_executor(self._decider, diagnose, known)


def _waits(name: str, before_s: float, wait_s: float) -> str:
    again = datetime.fromtimestamp(time.time() + wait_s, UTC)
    return (
        f"{name} was looked at {before_s:.0f} s before this SEV was announced; it is looked at "
        f"again at {again:%H:%M:%S} UTC."
    )
