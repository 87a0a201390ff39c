"""The use case behind every way of asking: names in, a report out. The one place that drives collecting and deciding."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Protocol

from bot.inventory import Inventory
from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.collect.ssh import Target
from diagnostics.engine import diagnose, not_reached, report_on
from diagnostics.model import HostReport, Report


class Collector(Protocol):
    """Whatever brings a host's bundle, or says why it could not; it never raises on what a host does."""

    async def collect(self, target: Target) -> Bundle | Missing: ...


class Investigator:
    """Asks hosts of the inventory, all at once, and reports on all of them in the order asked."""

    def __init__(self, inventory: Inventory, collector: Collector) -> None:
        self.inventory = inventory
        self._collector = collector

    async def report(self, names: Iterable[str], opened: float | None = None) -> Report:
        """The report on hosts and services by name; a name that is not in the inventory is reported, never dialled.

        `opened` is when the SEV was announced (seconds since 1970), if there is one: what is much older is no cause of it.
        """
        targets, unknown = self.inventory.find(names)
        hosts = await self._ask(targets, opened)
        return report_on([*hosts, *(not_in_inventory(name) for name in unknown)])

    async def _ask(self, targets: Sequence[Target], opened: float | None) -> list[HostReport]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._host(target, opened)) for target in targets]
        return [task.result() for task in tasks]

    async def _host(self, target: Target, opened: float | None) -> HostReport:
        try:
            bundle = await self._collector.collect(target)
        except Exception as error:  # one host's trouble must not take the others' answer away
            bundle = Missing(f"sevbot failed on this host ({type(error).__name__}: {error}); please report this as a defect")
        if isinstance(bundle, Missing):
            return not_reached(target.name, bundle)
        known = self.inventory.about(bundle)
        if opened is not None:
            known = known.having(Section("sev", f"ago {max(round(time.time() - opened), 0)}\n"))
        return await asyncio.to_thread(diagnose, known)  # Slack wants its answers meanwhile


def not_in_inventory(name: str) -> HostReport:
    return not_reached(name, Missing("not in the inventory: check the spelling, or add it as [hosts.NAME] to sevbot's configuration"))
