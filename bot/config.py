"""sevbot's one configuration file (TOML), checked whole at start: every problem is named at once, with its cure.

[slack]
channel = "C0123456789"
announcement = '(?i)^SEV-?\\d'
[[slack.announcers]]
bot_id = "B0123456789"
[ssh]
client_key = "/etc/sevbot/id_ed25519"
known_hosts = "/etc/sevbot/known_hosts"
[hosts.web1]
address = "10.0.0.11"
[services.ranker]
hosts = ["web1"]
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import re2
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator

CONFIG_VARIABLE = "SEVBOT_CONFIG"
DEFAULT_PATH = Path("/etc/sevbot/config.toml")
MAX_CONFIG_BYTES = 1024 * 1024
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?([KMGT])iB")
_UNITS_KB = {"K": 1, "M": 1024, "G": 1024**2, "T": 1024**3}

Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(pattern=f"^{_NAME.pattern}$")]


class ConfigError(Exception):
    """The configuration cannot be used; one line for each problem, with what would mend it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Announcer(_Strict):
    """Who may announce a SEV: compared by id, never by name."""

    bot_id: str | None = Field(default=None, pattern=r"^B[A-Z0-9]+$")
    app_id: str | None = Field(default=None, pattern=r"^A[A-Z0-9]+$")
    user_id: str | None = Field(default=None, pattern=r"^[UW][A-Z0-9]+$")

    @model_validator(mode="after")
    def _names_somebody(self) -> Announcer:
        if not (self.bot_id or self.app_id or self.user_id):
            raise ValueError("give at least one of bot_id, app_id, user_id")
        return self


class SlackConfig(_Strict):
    """The channel that is listened to, and who and what counts as an announcement."""

    channel: str = Field(pattern=r"^[CG][A-Z0-9]+$")
    announcers: tuple[Announcer, ...] = Field(min_length=1)
    announcement: str
    notify_when_ready: bool = False
    bot_token_file: Path | None = None
    app_token_file: Path | None = None
    api_url: str = "https://slack.com/api/"

    @field_validator("announcement")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        _compiled(pattern)
        return pattern


class JobLogsConfig(_Strict):
    """How the job runners' logs in /etc/sevbot/logs of the hosts tell that a job ended."""

    patterns: tuple[str, ...] = ()

    @field_validator("patterns")
    @classmethod
    def _name_an_end(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            groups = _compiled(pattern).groupindex
            if "name" not in groups or not {"signal", "status"} & set(groups):
                raise ValueError(f"{pattern!r} must have a group (?P<name>…), and (?P<signal>…) or (?P<status>…)")
        return patterns


def _compiled(pattern: str) -> re2._Regexp[str]:
    """The pattern for RE2, which takes a time that grows with the text only, whatever that holds."""
    options = re2.Options()
    options.log_errors = False  # it would write to standard error itself
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0]
        said = reason.decode("utf-8", errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"is not a regular expression that RE2 reads: {said}") from error
    if not pattern.strip() or not pattern.isprintable():
        raise ValueError("must say something, and hold no control character: write it in single quotes, so that \\b stays \\b")
    return compiled


def _kb(value: object) -> int:
    """`"11 GiB"` as kB; a bare number has no unit, and is refused."""
    found = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError('must be a size with its unit, as "11 GiB" or "800 MiB"')
    return int(float(found[1]) * _UNITS_KB[found[2]])


class SshConfig(_Strict):
    """Our identity and the hosts' (by inventory name); see README, Installing."""

    client_key: Path
    known_hosts: Path
    certificate: Path | None = None
    at_once: int = Field(default=64, ge=1, le=250)
    user: str = Field(default="sevbot-probe", pattern=r"^[a-z_][a-z0-9_-]*$")


class HostConfig(_Strict):
    """Where a host is. Its name in the inventory is its name in known_hosts."""

    address: str = Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:-]+$")
    port: Port = 22
    user: str | None = Field(default=None, pattern=r"^[a-z_][a-z0-9_-]*$")


class ServiceConfig(_Strict):
    """The hosts on which a service runs."""

    hosts: tuple[Name, ...] = Field(min_length=1)
    expected_peak: Annotated[int, BeforeValidator(_kb)] | None = None  # kB


class Config(_Strict):
    """The whole file. `slack` is needed by `sevbot run` only, `ssh` and `hosts` by whatever asks hosts."""

    slack: SlackConfig | None = None
    ssh: SshConfig
    hosts: dict[Name, HostConfig]
    services: dict[Name, ServiceConfig] = Field(default_factory=dict)
    job_logs: JobLogsConfig = JobLogsConfig()

    @model_validator(mode="after")
    def _hosts_exist(self) -> Config:
        for name, service in self.services.items():
            for host in service.hosts:
                if host not in self.hosts:
                    raise ValueError(f"services.{name} names host {host}, which has no [hosts.{host}]")
        return self


class Tokens(_Strict):
    """The two Slack tokens; their repr is stars."""

    bot: SecretStr
    app: SecretStr


def config_path(given: Path | None, environment: Mapping[str, str] = os.environ) -> Path:
    """The file that was named, else $SEVBOT_CONFIG, else /etc/sevbot/config.toml."""
    return given or Path(environment.get(CONFIG_VARIABLE) or DEFAULT_PATH)


def read_config(path: Path) -> Config:
    """The configuration in `path`; raises ConfigError with every problem in it."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_CONFIG_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{path}: {error.strerror}: name the file with --config or ${CONFIG_VARIABLE} (docs/config.md has an example)"
        ) from error
    if len(data) > MAX_CONFIG_BYTES:
        raise ConfigError(f"{path} is larger than {MAX_CONFIG_BYTES} bytes")
    try:
        table = tomllib.loads(data.decode("utf-8"))
        return Config.model_validate(table)
    except ValidationError as error:
        raise ConfigError("\n".join(f"{path}: {problem}" for problem in _problems(error))) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from error


_IN_WORDS = {
    "slack.channel": "must be the channel's id, as C0123456789, not its name: Slack shows it at the bottom of the channel's details",
    "slack.announcers.bot_id": "must be a bot's id, as B0123456789: sevbot's log names the sender of a message that matches the pattern",
    "slack.announcers.app_id": "must be an app's id, as A0123456789",
    "slack.announcers.user_id": "must be a user's id, as U0123456789",
}


def _follows(place: tuple[int | str, ...], error: ValidationError) -> bool:
    """Whether a problem inside of `place` is named already, so that `place` itself came out empty."""
    return any(len(other["loc"]) > len(place) and other["loc"][: len(place)] == place for other in error.errors())


def _problems(error: ValidationError) -> list[str]:
    """One sentence for each problem; what only follows from another one is left out."""
    problems = []
    for entry in error.errors():
        place = ".".join(str(part) for part in entry["loc"])
        named = ".".join(str(part) for part in entry["loc"] if isinstance(part, str))
        message = str(entry["msg"]).removeprefix("Value error, ")
        if entry["type"] == "extra_forbidden":
            message = "is not known here: a misspelling?" + (
                ' (a name with dots is quoted: [hosts."db1.prod"])' if named.startswith("hosts") else ""
            )
        elif entry["type"] == "missing":
            message = "is missing (docs/config.md has an example)"
        elif entry["type"] == "string_pattern_mismatch":
            message = _IN_WORDS.get(named, f"has characters that cannot stand there: {message}")
        elif entry["type"] == "too_short" and any(
            other["loc"][: len(entry["loc"])] == entry["loc"] != other["loc"] for other in error.errors()
        ):
            continue
        problems.append(f"{place}: {message}" if place else message)
    return problems


def read_tokens(config: SlackConfig, environment: Mapping[str, str] = os.environ) -> Tokens:
    """Both tokens, each from its file or from the environment; raises ConfigError."""
    return Tokens(
        bot=_token(config.bot_token_file, "SLACK_BOT_TOKEN", "xoxb-", environment),
        app=_token(config.app_token_file, "SLACK_APP_TOKEN", "xapp-", environment),
    )


def _token(file: Path | None, variable: str, prefix: str, environment: Mapping[str, str]) -> SecretStr:
    try:
        value = file.read_text(encoding="utf-8").strip() if file else environment.get(variable, "")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"{file}: {why}: the file must hold the token that begins with {prefix}") from error
    if not value.startswith(prefix):
        where = str(file) if file else f"${variable}"
        swapped = ": it holds the other token; are the two swapped?" if value.startswith(("xoxb-", "xapp-")) else ""
        raise ConfigError(
            f"{where} does not hold a token that begins with {prefix}{swapped or ' (README, Installing, says where Slack shows it)'}"
        )
    return SecretStr(value)
