"""What sevbot's app is set to beside what the workspace holds, and its manifest (docs.slack.dev,
apps.manifest.export).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Settings:
    """As Slack's pages for apps show them. `configuration_token` is the owner's, and reads the
    manifest only.
    """

    commands: tuple[str, ...] = ("/sev",)
    configuration_token: str = field(
        default_factory=lambda: f"xoxe.xoxp-1-{secrets.token_hex(16)}", repr=False
    )

    def manifest(
        self, scopes: Iterable[str], bot_events: Iterable[str], *, interactivity: bool
    ) -> dict[str, Any]:
        """The app's manifest; `interactivity` is whether anything can be pressed."""
        return {
            "display_information": {"name": "sevbot"},
            "features": {
                "bot_user": {"display_name": "sevbot", "always_online": False},
                "slash_commands": [{"command": name} for name in self.commands],
            },
            "oauth_config": {"scopes": {"bot": sorted(scopes)}},
            "settings": {
                "event_subscriptions": {"bot_events": sorted(bot_events)},
                "interactivity": {"is_enabled": interactivity},
                "socket_mode_enabled": True,
            },
        }
