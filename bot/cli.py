"""The command `sevbot`. Everything heavy is imported by the command that needs it, so that `--help`
is at once there.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import io
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bot.arguments import parser

if TYPE_CHECKING:
    from bot.checked import State
    from bot.config_file import Setup
    from diagnostics.bundle import Bundle
    from diagnostics.facts.kernel_log import KernelLog
    from diagnostics.model import Report

T = TypeVar("T")

EXIT_EXAMINED, EXIT_NOT_EXAMINED, EXIT_USAGE = 0, 1, 2
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class UsageError(Exception):
    """What was asked cannot be done; the sentence names the cure. Exit status 2."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    options = parser().parse_args(arguments)
    try:
        status = COMMANDS[options.command](options)
    except UsageError as error:
        _tell(str(error))
        status = EXIT_USAGE
    except KeyboardInterrupt:
        status = 130
    except OSError as error:
        status = _output_failed(error)
    sys.exit(status)


def _tell(problems: str) -> None:
    """Each problem is a line, which says who says it: they stand in a journal beside others'."""
    for line in problems.splitlines():
        print(f"sevbot: {line}", file=sys.stderr)


def _output_failed(error: OSError) -> int:
    """Our output could not be written: its reader has gone, or the disk is full."""
    if not isinstance(error, BrokenPipeError):
        _tell(f"{error.filename or 'output'}: {error.strerror}")
    # else Python tries once more when it ends
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return EXIT_NOT_EXAMINED


def _diagnose(options: argparse.Namespace) -> int:
    sources = (
        bool(options.hosts)
        + options.local
        + (options.bundle is not None)
        + (options.kernel_log is not None)
    )
    if sources != 1:
        raise UsageError(
            "name what to examine, and one thing only: HOST…, or --local, or --bundle DIR, or "
            "--kernel-log FILE"
        )
    from diagnostics.model import NotExamined

    report = _report(options)
    if options.json:
        from diagnostics.telling.report_json import to_json

        text = to_json(report)
    else:
        from bot.tty import wants_colour, width_of
        from diagnostics.telling.render import to_text

        text = to_text(
            report,
            colour=wants_colour(sys.stdout, os.environ),
            width=width_of(sys.stdout, os.environ),
        )
    _show(text)
    return (
        EXIT_NOT_EXAMINED
        if any(isinstance(host, NotExamined) or host.broke_off for host in report.hosts)
        else EXIT_EXAMINED
    )


def _show(text: str) -> None:
    """Print it, and find out here whether it could be printed."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    sys.stdout.write(text)
    sys.stdout.flush()


def _report(options: argparse.Namespace) -> Report:
    from diagnostics.engine import diagnose, diagnose_log, not_reached, report_on

    if options.hosts:
        return asyncio.run(_ask(options))
    if options.kernel_log is not None:
        return report_on([diagnose_log(_kernel_log(options.kernel_log))])
    if options.bundle is not None:
        return report_on([diagnose(_bundle(options.bundle))])
    from diagnostics.bundle import Missing
    from diagnostics.collect.local import collect_local

    local = asyncio.run(collect_local())
    return report_on(
        [not_reached("localhost", local) if isinstance(local, Missing) else diagnose(local)]
    )


async def _ask(options: argparse.Namespace) -> Report:
    from bot.inventory import build_inventory
    from bot.investigate import Investigator
    from bot.tty import HowFar

    setup = _set_up(options)
    inventory = build_inventory(setup.config)
    named = inventory.resolve(" ".join(options.hosts))
    if not named.names:
        raise UsageError("name at least one host or service of the inventory")
    async with HowFar(sys.stderr, len(named.targets)) as told:
        return await Investigator(inventory, setup.collector).report(named, answered=told.answered)


def _explain(options: argparse.Namespace) -> int:
    from difflib import get_close_matches

    from bot.tty import width_of
    from diagnostics.rules import RULES
    from diagnostics.telling.pages import list_of, text_of
    from diagnostics.telling.render import fitting

    width = fitting(width_of(sys.stdout, os.environ))
    if options.code is None:
        _show(list_of(RULES, width))
        return EXIT_EXAMINED
    pages = {rule.code: rule for rule in RULES}
    code = options.code.lower().replace("_", "-")
    if code not in pages:
        close = get_close_matches(code, pages) or [known for known in pages if code in known][:3]
        meant = f" is it {' or '.join(close)}?" if close else ""
        raise UsageError(
            f"no cause has the code {options.code!r}:{meant} `sevbot explain` lists all"
        )
    _show(text_of(pages[code], width))
    return EXIT_EXAMINED


def _record(options: argparse.Namespace) -> int:
    from bot.inventory import build_inventory
    from diagnostics.bundle import Missing
    from diagnostics.bundle.broken_off import broke_off
    from diagnostics.bundle.directory import write_directory
    from diagnostics.telling.names import listed

    setup = _set_up(options)
    inventory = build_inventory(setup.config)
    named = inventory.resolve(options.host)
    if len(named.names) != 1:
        raise UsageError(f"{options.host!r} must be the name of one host")
    if named.unknown:
        raise UsageError(f"{options.host!r} is {named.unknown[0].why}")
    (name,) = named.names
    if name in inventory.services:
        raise UsageError(
            f"{name!r} is a service: name one of its hosts ({listed(inventory.services[name])})"
        )
    (target,) = named.targets
    if options.directory.exists() and (
        not options.directory.is_dir() or any(options.directory.iterdir())
    ):
        raise UsageError(f"{options.directory} is there already: name a new or empty directory")
    was_open = options.directory.is_dir() and options.directory.stat().st_mode & 0o077
    bundle = asyncio.run(setup.collector.collect(target))
    if isinstance(bundle, Missing):
        _tell(f"{name}: {bundle.because}")
        return EXIT_NOT_EXAMINED
    try:
        write_directory(inventory.about(bundle), options.directory)
    except OSError as error:
        raise UsageError(f"{options.directory} cannot be written: {error.strerror}") from error
    closed = " (others could read that directory: it is now mode 0700)" if was_open else ""
    print(
        f"{name}: {len(bundle.sections)} sections in {options.directory}{closed}; "
        "`sevbot diagnose --bundle` reads them"
    )
    if broken := broke_off(bundle):
        _tell(f"{name}: {broken}")
        return EXIT_NOT_EXAMINED
    return EXIT_EXAMINED


def _run(options: argparse.Namespace) -> int:
    from bot.app import serve
    from bot.config import ConfigError

    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    # at INFO it logs each command: the whole probe, for each host
    logging.getLogger("asyncssh").setLevel(logging.WARNING)
    setup = _set_up(options, for_slack=True)
    tokens = setup.tokens
    if tokens is None:
        raise AssertionError("for Slack the tokens are read, or the configuration is refused")
    try:
        asyncio.run(_until_signal(lambda stop: serve(setup.config, tokens, setup.collector, stop)))
    except ConfigError as error:
        raise UsageError(str(error)) from error
    return EXIT_EXAMINED


def _check(options: argparse.Namespace) -> int:
    from bot.checked import State

    logging.basicConfig(level=logging.ERROR, format=LOG_FORMAT)
    # of a login that fails it writes its own lines beside ours
    logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
    found = asyncio.run(_print_checked(options))
    return EXIT_NOT_EXAMINED if State.PROBLEM in found else EXIT_EXAMINED


async def _print_checked(options: argparse.Namespace) -> set[State]:
    """Print each line as it is known, then the summary."""
    from bot.check import check
    from bot.checked import summary
    from bot.config_file import config_path

    found = []
    async for checked in check(config_path(options.config)):
        _show(f"{checked.line()}\n")
        found.append(checked)
    _show(f"{summary(found)}\n")
    return {checked.state for checked in found}


def _demo(options: argparse.Namespace) -> int:
    from bot.demo.play import play
    from diagnostics.collect.ssh import SshSetupError

    bundle = _bundle(options.bundle) if options.bundle is not None else None
    try:
        return asyncio.run(_until_signal(lambda stop: play(bundle, stop, once=options.exit)))
    except SshSetupError as error:
        raise UsageError(str(error)) from error


async def _until_signal(work: Callable[[asyncio.Event], Coroutine[None, None, T]]) -> T:
    """Run `work` with an event that SIGTERM and SIGINT set."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return await work(stop)


def _set_up(options: argparse.Namespace, *, for_slack: bool = False) -> Setup:
    from bot.config import ConfigError
    from bot.config_file import config_path, set_up
    from diagnostics.bundle.due_rules import warm

    try:
        setup = set_up(config_path(options.config), for_slack=for_slack)
    except ConfigError as error:
        raise UsageError(str(error)) from error
    for warning in setup.warnings:
        _tell(f"warning: {warning}")
    warm()
    seldom_collected()
    return setup


def seldom_collected() -> None:
    """The search for garbage need not go through what was imported, and need not come often:
    log-ins make many objects, little garbage.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _bundle(directory: Path) -> Bundle:
    from diagnostics.bundle.directory import BundleError, read_directory

    try:
        return read_directory(directory)
    except BundleError as error:
        raise UsageError(str(error)) from error


def _kernel_log(name: str) -> KernelLog:
    from diagnostics.collect.log_file import LogFileError, read_log_file
    from diagnostics.rules import KERNEL_SAYS

    try:
        return read_log_file(name, words=KERNEL_SAYS)
    except LogFileError as error:
        raise UsageError(str(error)) from error


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "check": _check,
    "demo": _demo,
    "run": _run,
    "diagnose": _diagnose,
    "explain": _explain,
    "record": _record,
}


if __name__ == "__main__":
    main()
