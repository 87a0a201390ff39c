"""What an app is set to, as its manifest tells it (docs.slack.dev, apps.manifest.export)."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Settings:
    """sevbot's app, as Slack's pages for apps show it. Of `bot_events` alone the app is told;
    `configuration_token` is its owner's, and reads the manifest only.
    """

    bot_events: tuple[str, ...] = ("message.channels",)
    commands: tuple[str, ...] = ("/sev",)
    configuration_token: str = field(
        default_factory=lambda: f"xoxe.xoxp-1-{secrets.token_hex(16)}", repr=False
    )

    def manifest(self, scopes: Collection[str], *, interactivity: bool) -> dict[str, Any]:
        """The app's manifest, with the bot's `scopes`; `interactivity` is whether anything can be
        pressed.
        """
        return {
            "display_information": {"name": "sevbot"},
            "features": {
                "bot_user": {"display_name": "sevbot", "always_online": False},
                "slash_commands": [{"command": name} for name in self.commands],
            },
            "oauth_config": {"scopes": {"bot": sorted(scopes)}},
            "settings": {
                "event_subscriptions": {"bot_events": list(self.bot_events)},
                "interactivity": {"is_enabled": interactivity},
                "socket_mode_enabled": True,
            },
        }
