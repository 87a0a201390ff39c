"""The command `sevbot`. Everything heavy is imported by the command that needs it, so that `--help` is at once there."""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bot import __version__

if TYPE_CHECKING:
    from bot.config_file import Setup
    from diagnostics.bundle import Bundle
    from diagnostics.facts.kernel_log import KernelLog
    from diagnostics.model import Report

T = TypeVar("T")

EXIT_EXAMINED, EXIT_NOT_EXAMINED, EXIT_USAGE = 0, 1, 2
STATUSES = (
    "Exit status: 0 every host could be examined (whatever was found or could not be told), 1 some could not, or an answer broke off, "
    "2 usage or configuration."
)
LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class _Command(argparse.ArgumentParser):
    """One command's own parser: an argument that it does not know is told with that command's usage."""

    def parse_known_args(  # type: ignore[override] # argparse's overloads are for namespaces of other kinds
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known, unknown


class UsageError(Exception):
    """What was asked cannot be done; the sentence names the cure. Exit status 2."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and exit with its status."""
    options = _parser().parse_args(arguments)
    try:
        status = options.command(options)
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
    os.dup2(
        os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
    )  # else Python tries once more when it ends
    return EXIT_NOT_EXAMINED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sevbot",
        description="Finds out why a service keeps being killed, and says so in the SEV's thread.",
    )
    parser.add_argument("--version", action="version", version=f"sevbot {__version__}")
    commands = parser.add_subparsers(
        title="commands", required=True, metavar="COMMAND", parser_class=_Command
    )

    parser.epilog = f"Try `sevbot demo` first. {STATUSES} The configuration file is described in docs/config.md of the repository."
    demo = commands.add_parser(
        "demo", help="see it work: a local stand-in for Slack, three replayed hosts, the real bot"
    )
    demo.add_argument(
        "--exit",
        action="store_true",
        help="end after the diagnosis: status 0, or 1 if it did not come",
    )
    demo.add_argument(
        "--bundle",
        type=Path,
        metavar="DIR",
        help="replay this recorded bundle instead of the built-in one",
    )
    demo.set_defaults(command=_demo)

    run = commands.add_parser("run", help="run the bot against Slack by Socket Mode")
    _add_config(run)
    run.set_defaults(command=_run)

    diagnose = commands.add_parser(
        "diagnose",
        help="examine hosts, this machine, a recorded bundle or a kernel log",
        description="Says why processes keep dying on hosts, on this machine, in a recorded bundle or in a kernel log: name one of these.",
        epilog=STATUSES,
    )
    diagnose.add_argument(
        "hosts",
        nargs="*",
        metavar="HOST",
        help="hosts or services of the inventory, asked over SSH",
    )
    source = diagnose.add_mutually_exclusive_group()
    source.add_argument("--local", action="store_true", help="examine this machine")
    source.add_argument(
        "--bundle", type=Path, metavar="DIR", help="examine what `sevbot record` wrote"
    )
    source.add_argument(
        "--kernel-log",
        metavar="FILE",
        help="examine a kernel log, plain or gzip (`-`: standard input); best from `dmesg -x`",
    )
    diagnose.add_argument("--json", action="store_true", help="print the JSON of docs/json.md")
    _add_config(diagnose)
    diagnose.set_defaults(command=_diagnose)

    explain = commands.add_parser(
        "explain",
        help="print the page of a cause: when it fires, when not, and what looks like it; alone: all causes",
    )
    explain.add_argument("code", nargs="?", metavar="CODE", help="as a report names it: memcg-oom")
    explain.set_defaults(command=_explain)

    record = commands.add_parser(
        "record", help="write what the probe prints on a host to a directory"
    )
    record.add_argument("host", metavar="HOST", help="a host of the inventory")
    record.add_argument("directory", type=Path, metavar="DIR", help="a new or empty directory")
    _add_config(record)
    record.set_defaults(command=_record)
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="default: $SEVBOT_CONFIG, then /etc/sevbot/config.toml",
    )


def _diagnose(options: argparse.Namespace) -> int:
    sources = (
        bool(options.hosts)
        + options.local
        + (options.bundle is not None)
        + (options.kernel_log is not None)
    )
    if sources != 1:
        raise UsageError(
            "name what to examine, and one thing only: HOST…, or --local, or --bundle DIR, or --kernel-log FILE"
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
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr] # stdout is a text stream here
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

    setup = _set_up(options)
    return await Investigator(build_inventory(setup.config), setup.collector).report(options.hosts)


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
    target = inventory.targets.get(options.host)
    if options.host in inventory.services:
        raise UsageError(
            f"{options.host!r} is a service: name one of its hosts ({listed(inventory.services[options.host])})"
        )
    if target is None:
        raise UsageError(
            f"{options.host!r} is not in the inventory: check the spelling, or add it as [hosts.NAME]"
        )
    if options.directory.exists() and (
        not options.directory.is_dir() or any(options.directory.iterdir())
    ):
        raise UsageError(f"{options.directory} is there already: name a new or empty directory")
    was_open = options.directory.is_dir() and options.directory.stat().st_mode & 0o077
    bundle = asyncio.run(setup.collector.collect(target))
    if isinstance(bundle, Missing):
        _tell(f"{options.host}: {bundle.because}")
        return EXIT_NOT_EXAMINED
    try:
        write_directory(inventory.about(bundle), options.directory)
    except OSError as error:
        raise UsageError(f"{options.directory} cannot be written: {error.strerror}") from error
    closed = " (others could read that directory: it is now mode 0700)" if was_open else ""
    print(
        f"{options.host}: {len(bundle.sections)} sections in {options.directory}{closed}; `sevbot diagnose --bundle` reads them"
    )
    if broken := broke_off(bundle):
        _tell(f"{options.host}: {broken}")
        return EXIT_NOT_EXAMINED
    return EXIT_EXAMINED


def _run(options: argparse.Namespace) -> int:
    from bot.app import serve
    from bot.config import ConfigError

    logging.basicConfig(level=logging.INFO, format=LOG_FORMAT)
    logging.getLogger("asyncssh").setLevel(
        logging.WARNING
    )  # at INFO it logs each command: the whole probe, for each host
    setup = _set_up(options, for_slack=True)
    tokens = setup.tokens
    if tokens is None:
        raise AssertionError("for Slack the tokens are read, or the configuration is refused")
    try:
        asyncio.run(_until_signal(lambda stop: serve(setup.config, tokens, setup.collector, stop)))
    except ConfigError as error:
        raise UsageError(str(error)) from error
    return EXIT_EXAMINED


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
    """The search for garbage need not go through what was imported, and need not come often: log-ins make many objects, little garbage."""
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

    try:
        return read_log_file(name)
    except LogFileError as error:
        raise UsageError(str(error)) from error


if __name__ == "__main__":
    main()
