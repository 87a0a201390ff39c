"""What `sevbot` may be asked on the command line: its commands, their arguments, and the help on
them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bot import __version__

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction["_Command"]

STATUSES = (
    "Exit status: 0 every host could be examined (whatever was found or could not be told),"
    " 1 some could not, or an answer broke off, 2 usage or configuration."
)


class _Command(argparse.ArgumentParser):
    """One command's own parser: an argument that it does not know is told with that command's
    usage.
    """

    def parse_known_args(  # type: ignore[override] # one of argparse's overloads
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(f"unrecognized arguments: {' '.join(unknown)}")
        return known, unknown


def parser() -> argparse.ArgumentParser:
    """The whole command line; the name of the command is in `command`."""
    whole = argparse.ArgumentParser(
        prog="sevbot",
        description="Finds out why a service keeps being killed, and says so in the SEV's thread.",
        epilog=(
            f"Try `sevbot demo` first. {STATUSES}"
            " The configuration file is described in docs/config.md of the repository."
        ),
    )
    whole.add_argument("--version", action="version", version=f"sevbot {__version__}")
    commands = whole.add_subparsers(
        title="commands", dest="command", required=True, metavar="COMMAND", parser_class=_Command
    )
    _add_demo(commands)
    _add_config(commands.add_parser("run", help="run the bot against Slack by Socket Mode"))
    _add_check(commands)
    _add_diagnose(commands)
    _add_explain(commands)
    _add_record(commands)
    return whole


def _add_demo(commands: Commands) -> None:
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


def _add_check(commands: Commands) -> None:
    check = commands.add_parser(
        "check",
        help="try all that `run` needs: configuration, Slack, each host; posts nothing",
        description=(
            "Tries the configuration, both tokens, the app's scopes, its channel, what it is told"
            " of, its blocks, and each host's login and copy of the probe. It names every problem"
            " with its cure, and posts nothing."
        ),
        epilog=(
            "With an app configuration token in $SLACK_CONFIG_TOKEN it also reads the app's"
            " manifest: events, buttons, /sev. Exit status: 0 no problem, 1 any problem."
        ),
    )
    _add_config(check)


def _add_diagnose(commands: Commands) -> None:
    diagnose = commands.add_parser(
        "diagnose",
        help="examine hosts, this machine, a recorded bundle or a kernel log",
        description=(
            "Says why processes keep dying on hosts, on this machine, in a recorded bundle or in a"
            " kernel log: name one of these."
        ),
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


def _add_explain(commands: Commands) -> None:
    explain = commands.add_parser(
        "explain",
        help=(
            "print the page of a cause: when it fires, when not, and what looks like it;"
            " alone: all causes"
        ),
    )
    explain.add_argument("code", nargs="?", metavar="CODE", help="as a report names it: memcg-oom")


def _add_record(commands: Commands) -> None:
    record = commands.add_parser(
        "record", help="write what the probe prints on a host to a directory"
    )
    record.add_argument("host", metavar="HOST", help="a host of the inventory")
    record.add_argument("directory", type=Path, metavar="DIR", help="a new or empty directory")
    _add_config(record)


def _add_config(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="default: $SEVBOT_CONFIG, then /etc/sevbot/config.toml",
    )
