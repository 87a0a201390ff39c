"""Configuration for tests."""

from __future__ import annotations

from pathlib import Path

from bot.config import Announcer, Config, HostConfig, ServiceConfig, SlackConfig, SshConfig
from bot.inventory import Inventory, build_inventory

SLACK = SlackConfig(
    channel="C0PROD", announcers=(Announcer(bot_id="B0SEV"),), announcement=r"(?i)\bSEV-?\d\b"
)


def config(
    slack: SlackConfig | None = SLACK, hosts: tuple[str, ...] = ("web1", "web2", "db1.prod")
) -> Config:
    return Config(
        slack=slack,
        ssh=SshConfig(client_key=Path("/none"), known_hosts=Path("/none")),
        hosts={name: HostConfig(address="127.0.0.1") for name in hosts},
        services={"ranker": ServiceConfig(hosts=hosts[:2])},
    )


def inventory() -> Inventory:
    return build_inventory(config())
