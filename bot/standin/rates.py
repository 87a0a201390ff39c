"""How often Slack lets an app call a method (docs.slack.dev, Rate limits; the tier of each method
stands on its page). Above it: 429, with the seconds to wait.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque

from bot.standin.workspace import Workspace

MINUTE_S = 60.0
TIER_2, TIER_3, TIER_4 = 20, 50, 100
# "generally one a second and channel, with short bursts": how short is not said
POSTS_A_SECOND, POST_BURST = 1.0, 5
TIERS = {
    "apps.connections.open": TIER_3,
    "apps.manifest.export": TIER_3,
    "chat.delete": TIER_3,
    "chat.postEphemeral": TIER_4,
    "chat.update": TIER_3,
    "conversations.history": TIER_3,
    "conversations.info": TIER_3,
    "conversations.members": TIER_4,
    "conversations.replies": TIER_3,
    "usergroups.users.list": TIER_2,
    "views.open": TIER_4,
    "views.push": TIER_4,
    "views.update": TIER_4,
}


class Rates:
    """Counts calls of one app in one workspace, by the workspace's clock."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)
        self._posts: dict[str, tuple[float, float]] = {}  # what is left, and as of when

    def wait_s(self, method: str, channel: str) -> int:
        """0 where this call is within the rate, which then counts it; else the seconds to wait."""
        if method == "chat.postMessage":
            return self._post(channel)
        tier = TIERS.get(method)
        if tier is None:
            return 0
        now, calls = self._workspace.clock(), self._calls[method]
        while calls and calls[0] <= now - MINUTE_S:
            calls.popleft()
        if len(calls) >= tier:
            return max(math.ceil(calls[0] + MINUTE_S - now), 1)
        calls.append(now)
        return 0

    def _post(self, channel: str) -> int:
        now = self._workspace.clock()
        left, then = self._posts.get(channel, (float(POST_BURST), now))
        left = min(left + (now - then) * POSTS_A_SECOND, POST_BURST)
        is_within = left >= 1
        self._posts[channel] = (left - 1 if is_within else left, now)
        return 0 if is_within else max(math.ceil((1 - left) / POSTS_A_SECOND), 1)
