"""Reads sevbot's configuration and all that it names, and tells every problem at once: where it is,
and what would mend it.

`sevbot run` and the commands that ask hosts judge by the same rules. Only `run` needs Slack: to the
others a broken [slack] is a warning.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic_core import ErrorDetails

from bot.config import Config, ConfigError, HostConfig, SlackConfig, SshConfig, Tokens
from diagnostics.collect.guarded_file import USABLE, WRITABLE, read_guarded
from diagnostics.collect.ssh import SshCollector, SshSettings, SshSetupError, Target
from diagnostics.collect.unreadable import why_unreadable

CONFIG_VARIABLE = "SEVBOT_CONFIG"
DEFAULT_PATH = Path("/etc/sevbot/config.toml")
MAX_CONFIG_BYTES = 1024 * 1024
_MAX_TOKEN_BYTES = 4096
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_TOKENS = (
    ("bot_token_file", "SLACK_BOT_TOKEN", "xoxb-"),
    ("app_token_file", "SLACK_APP_TOKEN", "xapp-"),
)

Table = dict[str, Any]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Setup:
    """A configuration that can be used, and what was made of the files that it names. `tokens` are
    there where Slack was asked for.
    """

    config: Config
    collector: SshCollector
    tokens: Tokens | None
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Parts:
    """What of a configuration can be used though others of its parts may be wrong: for who wants
    to know all that is wrong at once.

    `problems` are lines with their cures. `slack` has placeholders for what is wrong in it, and is
    None where nothing may be sent to Slack; `has_channel` is whether its channel is the file's.
    """

    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    slack: SlackConfig | None = None
    has_channel: bool = False
    bot_token: SecretStr | None = None
    app_token: SecretStr | None = None
    collector: SshCollector | None = None
    targets: tuple[Target, ...] = ()


class Problem(NamedTuple):
    """`key` is the path of the setting, or empty where the whole file is meant; `what` says what is
    wrong, and the cure.
    """

    key: str
    what: str

    @property
    def of_slack(self) -> bool:
        """Whether the setting is one of `[slack]`, which only `sevbot run` needs."""
        return self.key.partition(".")[0] == "slack"


NO_SLACK = Problem("slack", "is missing, and `sevbot run` needs it (docs/config.md has an example)")
# of [slack] where its own is wrong, so that the rest of it can be tried
_STANDS_FOR = {"channel": "C0", "announcers": [{"user_id": "U0"}], "announcement": "SEV"}


def config_path(given: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """The file that was named, else $SEVBOT_CONFIG, else /etc/sevbot/config.toml."""
    return given or Path(environment.get(CONFIG_VARIABLE) or DEFAULT_PATH)


def read_config(path: Path) -> Config:
    """The configuration in `path`, without a look at the files that it names; raises ConfigError
    with every problem in it.
    """
    table, problems = _read_table(path)
    problems += _problems_of(table)
    if problems:
        raise ConfigError(_lines(path, problems))
    return _validated(Config, table)


def set_up(path: Path, *, for_slack: bool, environment: Mapping[str, str] = os.environ) -> Setup:
    """The configuration in `path` with key, known_hosts and, for Slack, tokens; raises ConfigError
    with every problem of them all.
    """
    table, problems = _read_table(path)
    problems += _problems_of(table)
    slack = _part(SlackConfig, table.get("slack"))
    tokens = None
    if for_slack and "slack" not in table:
        problems.append(NO_SLACK)
    if for_slack and slack is not None:
        (bot, app), of_tokens = _token_values(slack, environment)
        tokens = Tokens(bot=bot, app=app) if bot and app else None
        problems += of_tokens
    collector, of_ssh = _collector(_part(SshConfig, table.get("ssh")))
    problems += of_ssh
    fatal = [problem for problem in problems if for_slack or not problem.of_slack]
    if fatal or collector is None:
        raise ConfigError(_lines(path, fatal))
    if slack is None:
        table.pop("slack", None)
    warnings = [f"{_line(path, problem)} (only `sevbot run` needs [slack])" for problem in problems]
    warnings += [_line(path, Problem("ssh.certificate", warning)) for warning in collector.warnings]
    return Setup(_validated(Config, table), collector, tokens, tuple(warnings))


def what_can_be_read(path: Path, environment: Mapping[str, str] = os.environ) -> Parts:
    """Each part of the configuration that can be used by itself, and every problem of all of
    them. Never raises on what the file holds.
    """
    try:
        table, problems = _read_table(path)
    except ConfigError as error:
        return Parts(tuple(str(error).splitlines()))
    problems += _problems_of(table)
    if "slack" not in table:
        problems.append(NO_SLACK)
    slack, has_channel = _usable_slack(table.get("slack"))
    bot = app = None
    if slack is not None:
        (bot, app), of_tokens = _token_values(slack, environment)
        problems += of_tokens
    ssh = _part(SshConfig, table.get("ssh"))
    collector, of_ssh = _collector(ssh)
    problems += of_ssh
    warnings = collector.warnings if collector is not None else ()
    lines = tuple(_line(path, problem) for problem in problems)
    hosts = _usable_hosts(table.get("hosts"), ssh)
    return Parts(lines, warnings, slack, has_channel, bot, app, collector, hosts)


def _usable_hosts(table: object, ssh: SshConfig | None) -> tuple[Target, ...]:
    """Those of [hosts] that are right by themselves; none where it is not known who logs in."""
    if ssh is None or not isinstance(table, dict):
        return ()
    read = ((name, _part(HostConfig, entry)) for name, entry in table.items())
    return tuple(
        Target(name, host.address, host.port, host.user or ssh.user)
        for name, host in read
        if host is not None
    )


def _usable_slack(table: object) -> tuple[SlackConfig | None, bool]:
    """[slack] with what is wrong in it left out, and whether the channel is right. None where the
    tokens may not be sent: there is no such table, or `api_url` is wrong.
    """
    if not isinstance(table, dict):
        return None, False
    try:
        return _validated(SlackConfig, table), True
    except ValidationError as error:
        wrong = {str(each["loc"][0]) for each in error.errors() if each["loc"]}
    except RecursionError:
        return None, False
    if "api_url" in wrong:
        return None, False
    right = {key: value for key, value in table.items() if key not in wrong}
    return _part(SlackConfig, {**_STANDS_FOR, **right}), "channel" not in wrong


def read_tokens(config: SlackConfig, environment: Mapping[str, str] = os.environ) -> Tokens:
    """Both tokens, each from its file or from the environment; raises ConfigError."""
    (bot, app), problems = _token_values(config, environment)
    if bot is None or app is None:
        raise ConfigError("\n".join(f"{key}: {what}" for key, what in problems))
    return Tokens(bot=bot, app=app)


def _line(path: Path, problem: Problem) -> str:
    names_file = problem.what.startswith(f"{path} ")
    return ": ".join(str(part) for part in ("" if names_file else path, *problem) if part)


def _lines(path: Path, problems: Sequence[Problem]) -> str:
    return "\n".join(_line(path, problem) for problem in problems)


def _read_table(path: Path) -> tuple[Table, list[Problem]]:
    """The file's table, and what is wrong with the file itself; raises ConfigError where it cannot
    be read.
    """
    try:
        data, unsafe = read_guarded(path, MAX_CONFIG_BYTES, WRITABLE, owned=True)
    except OSError as error:
        if why := why_unreadable(path, error, secret=False):
            raise ConfigError(f"{path}: {why}") from error
        cure = f"name the file with --config or ${CONFIG_VARIABLE} (docs/config.md has an example)"
        raise ConfigError(f"{path}: {error.strerror}: {cure}") from error
    problems = [Problem("", what) for what in unsafe]
    if len(data) > MAX_CONFIG_BYTES:
        problems.append(
            Problem("", f"is larger than {MAX_CONFIG_BYTES} bytes: is it the right file?")
        )
        raise ConfigError(_lines(path, problems))
    try:
        return tomllib.loads(data.decode("utf-8")), problems
    except (ValueError, RecursionError) as error:
        problems.append(
            Problem("", f"is not TOML: {error}: correct that place (docs/config.md has an example)")
        )
        raise ConfigError(_lines(path, problems)) from error


def _validated(model: type[Model], table: object) -> Model:
    """As JSON, which has TOML's types, so that a list is one and a text that reads like a number is
    none. A date is neither.
    """
    return model.model_validate_json(json.dumps(table, default=lambda date: [[str(date)]]))


def _part(model: type[Model], table: object) -> Model | None:
    """One table of the file by itself: what it names is looked at even where another table is
    wrong.
    """
    try:
        return _validated(model, table) if isinstance(table, dict) else None
    except (ValidationError, RecursionError):
        return None


def _problems_of(table: Table) -> list[Problem]:
    """All that is wrong with the file's content."""
    try:
        _validated(Config, table)
    except ValidationError as error:
        return [
            *_shape_problems(error.errors(include_url=False, include_context=False)),
            *_reference_problems(table),
        ]
    except RecursionError:
        return [Problem("", "is nested too deeply: docs/config.md has an example")]
    return list(_reference_problems(table))


_IN_WORDS = {
    "slack.channel": (
        "must be the channel's id, as C0123456789, not its name: Slack shows it at the bottom "
        "of the channel's details"
    ),
    "slack.announcers.bot_id": (
        "must be a bot's id, as B0123456789: sevbot's log names the sender of a message that "
        "matches the pattern"
    ),
    "slack.announcers.app_id": "must be an app's id, as A0123456789",
    "slack.announcers.user_id": "must be a user's id, as U0123456789",
    "slack.allowed_users": (
        "must be users' ids, as U0123456789 (in a person's profile: Copy member ID)"
    ),
    "slack.allowed_groups": "must be user groups' ids, as S0123456789, not their handles",
}
_OF_TYPE = {
    "int_type": "must be a whole number without quotes, as 22",
    "string_type": 'must be text in quotes, as "web1"',
    "bool_type": "must be true or false, without quotes",
    "tuple_type": 'must be a list, as ["web1"]',
    "path_type": 'must be a path in quotes, as "/etc/sevbot/known_hosts"',
    "model_type": "must be a table (docs/config.md has an example)",
    "dict_type": "must be a table (docs/config.md has an example)",
    "missing": "is missing (docs/config.md has an example)",
}


def _shape_problems(errors: Sequence[ErrorDetails]) -> Iterator[Problem]:
    """One sentence for each; what only follows from another one is left out."""
    for error in errors:
        place = error["loc"]
        if error["type"] == "too_short" and any(
            other["loc"] != place == other["loc"][: len(place)] for other in errors
        ):
            continue
        yield Problem(
            ".".join(_quoted(part) for part in place if part != "[key]"), _in_words(error)
        )


def _quoted(part: int | str) -> str:
    return str(part) if isinstance(part, int) or _PLAIN_KEY.fullmatch(part) else json.dumps(part)


def _in_words(error: ErrorDetails) -> str:
    named = ".".join(str(part) for part in error["loc"] if isinstance(part, str))
    message = str(error["msg"]).removeprefix("Value error, ").replace("Input should", "must")
    if error["type"] == "extra_forbidden":
        dotted = (
            ' (a name with dots is quoted: [hosts."db1.prod"])' if named.startswith("hosts") else ""
        )
        return f"is not known here: a misspelling? docs/config.md lists what there is{dotted}"
    if error["type"] == "string_pattern_mismatch":
        return _IN_WORDS.get(named, f"has characters that cannot stand there: {message}")
    return _OF_TYPE.get(error["type"], message)


def _reference_problems(table: Table) -> Iterator[Problem]:
    """Services whose names or hosts do not fit [hosts]."""
    hosts, services = table.get("hosts"), table.get("services")
    if not isinstance(hosts, dict) or not isinstance(services, dict):
        return
    for name, service in services.items():
        key = f"services.{_quoted(name)}"
        if name in hosts:
            yield Problem(
                key,
                (
                    "a host has this name, too, and a name must mean one thing: rename the "
                    f"service (or remove [hosts.{_quoted(name)}])"
                ),
            )
        named = service.get("hosts") if isinstance(service, dict) else None
        for host in named if isinstance(named, list) else ():
            if isinstance(host, str) and host not in hosts:
                yield Problem(
                    f"{key}.hosts",
                    (
                        f"names {_quoted(host)}, which has no [hosts.{_quoted(host)}]: correct "
                        "the name, or add the host"
                    ),
                )


def _collector(ssh: SshConfig | None) -> tuple[SshCollector | None, list[Problem]]:
    if ssh is None:
        return None, []
    try:
        return SshCollector(
            SshSettings(ssh.client_key, ssh.known_hosts, ssh.certificate, at_once=ssh.at_once)
        ), []
    except SshSetupError as error:
        return None, [Problem(f"ssh.{setting}", sentence) for setting, sentence in error.problems]


def _token_values(
    config: SlackConfig, environment: Mapping[str, str]
) -> tuple[list[SecretStr | None], list[Problem]]:
    """The bot's and the app's token, None where it is wrong, and what is."""
    values, problems = list[SecretStr | None](), list[Problem]()
    for setting, variable, prefix in _TOKENS:
        file = getattr(config, setting)
        value, wrong = (
            _token_in(file, prefix) if file else (environment.get(variable, "").strip(), [])
        )
        if not wrong and not value.startswith(prefix):
            wrong = [_no_token(str(file) if file else f"${variable}", value, prefix)]
        values.append(None if wrong else SecretStr(value))
        problems += [Problem(f"slack.{setting}", what) for what in wrong]
    return values, problems


def _token_in(file: Path, prefix: str) -> tuple[str, list[str]]:
    try:
        data, problems = read_guarded(file, _MAX_TOKEN_BYTES, USABLE)
        return data.decode("utf-8").strip(), problems
    except (OSError, UnicodeDecodeError) as error:
        if isinstance(error, OSError) and (unreadable := why_unreadable(file, error, secret=True)):
            return "", [f"{file}: {unreadable}"]
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        return "", [f"{file}: {why}: the file must hold the token that begins with {prefix}"]


def _no_token(where: str, value: str, prefix: str) -> str:
    swapped = (
        ": it holds the other token; are the two swapped?"
        if value.startswith(("xoxb-", "xapp-"))
        else ""
    )
    return (
        f"{where} does not hold a token that begins with "
        f"{prefix}{swapped or ' (README, Installing, says where Slack shows it)'}"
    )
