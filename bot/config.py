"""The shapes in sevbot's one configuration file (TOML); `bot.config_file` reads it and names every
problem at once.

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

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import re2
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_SIZE = re.compile(r"(\d{1,9}(?:\.\d{1,3})?) ?([KMGT])iB")
_UNITS_KB = {"K": 1, "M": 1024, "G": 1024**2, "T": 1024**3}

Port = Annotated[int, Field(ge=1, le=65535)]
Name = Annotated[str, Field(pattern=f"^{_NAME.pattern}$")]
UserId = Annotated[str, Field(pattern=r"^[UW][A-Z0-9]+$")]
GroupId = Annotated[str, Field(pattern=r"^S[A-Z0-9]+$")]


class ConfigError(Exception):
    """The configuration cannot be used; one line for each problem, with what would mend it."""


class _Strict(BaseModel):
    # strict: "22" is no port, and true no number
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


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
    # with neither list every member of the channel may ask
    allowed_users: Annotated[tuple[UserId, ...], Field(min_length=1)] | None = None
    allowed_groups: Annotated[tuple[GroupId, ...], Field(min_length=1, max_length=10)] | None = None
    bot_token_file: Path | None = None
    app_token_file: Path | None = None
    api_url: str = "https://slack.com/api/"

    @field_validator("announcement")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        _compiled(pattern)
        return pattern

    @field_validator("api_url")
    @classmethod
    def _keeps_tokens_secret(cls, url: str) -> str:
        parts = urlsplit(url)
        is_safe = (parts.scheme == "https" and parts.hostname) or (
            parts.scheme == "http" and _is_here(parts.hostname)
        )
        if not url.isprintable() or not is_safe:
            raise ValueError(
                "must begin with https://, since the tokens are sent there (http:// only to "
                "127.0.0.1, ::1 or localhost)"
            )
        return url


def _compiled(pattern: str) -> re2._Regexp[str]:
    """The pattern for RE2, which takes a time that grows with the text only, whatever that
    holds.
    """
    options = re2.Options()
    options.log_errors = False  # it would write to standard error itself
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0]
        said = (
            reason.decode("utf-8", errors="replace") if isinstance(reason, bytes) else str(reason)
        )
        raise ValueError(f"is not a regular expression that RE2 reads: {said}") from error
    if not pattern.strip() or not pattern.isprintable():
        raise ValueError(
            "must say something, and hold no control character: write it in single quotes, so "
            "that \\b stays \\b"
        )
    return compiled


def _names_an_end(pattern: str) -> str:
    groups = _compiled(pattern).groupindex
    if "name" not in groups or not {"signal", "status"} & set(groups):
        raise ValueError(
            f"{pattern!r} must have a group (?P<name>…), and (?P<signal>…) or (?P<status>…)"
        )
    return pattern


def _is_here(host: str | None) -> bool:
    """Whether a host of a URL is this machine, by its address or as `localhost`."""
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


class JobLogsConfig(_Strict):
    """How the job runners' logs in /etc/sevbot/logs of the hosts tell that a job ended."""

    patterns: tuple[Annotated[str, AfterValidator(_names_an_end)], ...] = ()


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
    """The whole file. `slack` is needed by `sevbot run` only, `ssh` and `hosts` by whatever asks
    hosts.

    That services name hosts of `hosts`, and no service is called like one, is for who reads the
    file to see to.
    """

    slack: SlackConfig | None = None
    ssh: SshConfig
    hosts: dict[Name, HostConfig]
    services: dict[Name, ServiceConfig] = Field(default_factory=dict)
    job_logs: JobLogsConfig = JobLogsConfig()


class Tokens(_Strict):
    """The two Slack tokens; their repr is stars."""

    bot: SecretStr
    app: SecretStr
