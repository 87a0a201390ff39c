"""`sevbot check`: all that must be right before sevbot can answer a SEV, looked at without a post.

Every part is looked at whatever is wrong with the others, so that one run names all there is to
mend: the configuration, Slack (bot.slack.check) and each host, which is asked as for a SEV.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from pydantic import SecretStr

from bot.apart import Collector
from bot.checked import Checked, ok, problem, untold
from bot.config_file import Parts, what_can_be_read
from bot.slack.check import MANIFEST_VARIABLE, OurApp, check_slack
from bot.slack.samples import samples
from diagnostics.bundle import Bundle, Missing
from diagnostics.bundle.broken_off import broke_off
from diagnostics.bundle.copies import NOT_TOLD
from diagnostics.bundle.directory import read_directory
from diagnostics.collect.ssh import Target
from diagnostics.engine import diagnose, report_on
from diagnostics.model import Report

CONFIGURATION, SLACK, HOSTS = "configuration", "Slack", "hosts"
SAMPLE_HOSTS = ("web1", "web2", "web3", "web4")  # so many that they are told in a table


async def check(path: Path, environment: Mapping[str, str] = os.environ) -> AsyncIterator[Checked]:
    """Each item once it is known: the configuration first, then Slack, then the hosts in their
    order.
    """
    parts = what_can_be_read(path, environment)
    for line in parts.problems:
        yield problem(CONFIGURATION, line)
    if not parts.problems:
        yield ok(CONFIGURATION, "; ".join((str(path), *parts.warnings)))
    hosts = _begin_hosts(parts)
    for checked in await _slack(parts, environment):
        yield checked
    for host in hosts:
        yield await host
    if not hosts:
        why = "[ssh] or [hosts] of the configuration must be mended first"
        yield untold(HOSTS, why) if parts.problems else problem(HOSTS, "[hosts] names none")


async def _slack(parts: Parts, environment: Mapping[str, str]) -> list[Checked]:
    if parts.slack is None:
        return [untold(SLACK, "[slack] of the configuration must be mended first")]
    configuration = environment.get(MANIFEST_VARIABLE, "").strip()
    ours = OurApp(
        parts.slack,
        parts.has_channel,
        parts.bot_token,
        parts.app_token,
        SecretStr(configuration) if configuration else None,
    )
    return await check_slack(ours, samples(await asyncio.to_thread(_sample_report)))


def _sample_report() -> Report:
    """A report that has everything a report may have: that of the demo's incident."""
    bundle = read_directory(Path(str(files("bot.demo").joinpath("bundles", "ranker"))))
    return report_on([diagnose(replace(bundle, host=name)) for name in SAMPLE_HOSTS])


def _begin_hosts(parts: Parts) -> list[asyncio.Task[Checked]]:
    """The collector asks so many at once as the configuration allows."""
    if parts.collector is None:
        return []
    return [asyncio.create_task(_host(parts.collector, target)) for target in parts.targets]


async def _host(collector: Collector, target: Target) -> Checked:
    """Log in, run the probe, and tell what is to be told of its copy."""
    found = await collector.collect(target)
    if isinstance(found, Missing):
        tell = untold if found.ask_again else problem
        return tell(target.name, found.because)
    return _of_probe(target.name, found)


def _of_probe(name: str, bundle: Bundle) -> Checked:
    copy = bundle.remarks.get("probe", "")
    if copy.startswith(NOT_TOLD):
        return untold(name, copy)
    broken = broke_off(bundle)
    wrong = (
        [f"its answer broke off: {broken}; look at the host, then check again"] if broken else []
    )
    wrong += [said for said in (copy, bundle.remarks.get("lock", "")) if said]
    if wrong:
        return problem(name, "; ".join(wrong))
    sent = "no forced command: it ran the probe that it was sent (README, Installing)"
    return ok(name, sent if bundle.was_sent else "it ran its own copy of the probe")
