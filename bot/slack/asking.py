"""Who may announce and ask: our own team, in our channel, and for /sev those on the allow-lists, if
there are any.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat import Announcement
from bot.config import SlackConfig
from bot.slack.announcement import NoAnnouncer, app_of
from bot.slack.refusals import Refusals
from bot.slack.retry import error_code

KEPT_S = 300.0  # a member who leaves a user group may ask for so long
# ten groups (bot.config) twice a minute: usergroups.users.list is Tier 2, 20 a minute
AGAIN_S = 30.0
LOOK_UP_S = 2.0  # of the 3 s in which Slack wants /sev acknowledged

ELSEWHERE = "sevbot answers in the channel that it is configured for only: please ask there."
NOT_OURS = "sevbot answers people of its own workspace only."
NOT_LISTED = (
    "sevbot answers those on its allow-list only (allowed_users and allowed_groups of its "
    "configuration), and you are not on it."
)
UNKNOWN = (
    "sevbot cannot tell whether you may ask: {}. Until it can, only those in allowed_users may."
)
NO_SCOPE = (
    "its app lacks the scope usergroups:read (uncomment it in manifest.yml, update the app, "
    "and install it again)"
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Home:
    """Our team and, in an Enterprise Grid, our organisation, as auth.test names them for our
    token.
    """

    team_id: str | None
    enterprise_id: str | None = None

    def why_not_ours(self, body: Mapping[str, Any]) -> str | None:
        """Why an event's envelope or a command comes from somebody else's team, or None if it is
        ours.

        Every team that is named must be ours. In an externally shared channel (Slack Connect) the
        event must name its sender's, since the envelope's may be that of either side, and so may
        `context_team_id`. A webhook's message in a channel of ours names none.
        """
        event = body.get("event")
        sender = _teams(event) if isinstance(event, Mapping) else []
        ours = [name for name in (self.team_id, self.enterprise_id) if name]
        if any(team not in ours for team in (*sender, *_given(body.get("team_id")))):
            return "it is of another team"
        if any(
            organisation != self.enterprise_id for organisation in _given(body.get("enterprise_id"))
        ):
            return "it is of another organisation"
        if body.get("is_ext_shared_channel") and not sender:
            return (
                "the channel is shared with another organisation, and it does not say which "
                "team its sender is of"
            )
        return None


def _teams(event: Mapping[str, Any]) -> list[object]:
    """Each team that a message names as its sender's. `team` may be the channel's own beside a
    foreign `user_team`.
    """
    named = [event.get(key) for key in ("team", "team_id", "user_team", "source_team")]
    profiles = [
        (event.get(profile), key)
        for profile, key in (("user_profile", "team"), ("bot_profile", "team_id"))
    ]
    return _given(
        *named, *(profile.get(key) for profile, key in profiles if isinstance(profile, Mapping))
    )


def _given(*values: object) -> list[object]:
    return [value for value in values if value not in (None, "")]


class Door:
    """Lets in or turns away. Whom it turned away is logged once a sender (bot.slack.refusals)."""

    def __init__(
        self, config: SlackConfig, home: Home, members: GroupMembers, refusals: Refusals
    ) -> None:
        self._config = config
        self._home = home
        self._members = members
        self._refusals = refusals

    def lets_in(
        self, read: Announcement | NoAnnouncer, body: Mapping[str, Any]
    ) -> TypeGuard[Announcement]:
        """Whether a message that matches the announcement pattern is to be answered; `body` is its
        event's envelope.
        """
        why = self._home.why_not_ours(body)
        if why is None and isinstance(read, Announcement):
            return True
        event = body["event"]
        sender = {"bot_id": event.get("bot_id"), "app_id": app_of(event), "user": event.get("user")}
        why = why or "its sender is no configured announcer"
        self._refusals.note(
            str(sender), f"a message matched the announcement pattern, but {why}: {sender}"
        )
        return False

    async def refusal(self, command: Mapping[str, Any], what: str = "/sev") -> str | None:
        """What is said to somebody who may not ask here, or None. `what` they did is for the
        log.
        """
        user, channel = str(command.get("user_id")), str(command.get("channel_id"))
        said = await self._refusal(command, user, channel)
        if said is not None:
            self._refusals.note(
                user, f"{what} of {user!r} in {channel!r} (team {command.get('team_id')!r}): {said}"
            )
        return said

    async def _refusal(self, command: Mapping[str, Any], user: str, channel: str) -> str | None:
        if not command.get("team_id") or self._home.why_not_ours(command):
            return NOT_OURS
        if channel != self._config.channel:
            return ELSEWHERE
        users, groups = self._config.allowed_users or (), self._config.allowed_groups or ()
        if user in users or not (users or groups):
            return None
        return await self._members.refusal(user)


class GroupMembers:
    """The members of the user groups that may ask: kept for five minutes, read again for a stranger
    at most every half minute.
    """

    def __init__(self, client: AsyncWebClient, groups: tuple[str, ...]) -> None:
        self._client = client
        self._groups = groups
        self._members: dict[str, tuple[frozenset[str], float]] = {}
        self._tried_at = float("-inf")
        self._trouble: str | None = None
        self._lock = asyncio.Lock()

    async def refusal(self, user: str) -> str | None:
        """None for a member. Where a group cannot be read, whoever is in none of the others is
        refused, and told why.
        """
        async with self._lock:
            if self._holds(user):
                return None
            if self._groups and time.monotonic() - self._tried_at >= AGAIN_S:
                await self.read()
        if self._holds(user):
            return None
        return UNKNOWN.format(self._trouble) if self._trouble else NOT_LISTED

    def _holds(self, user: str) -> bool:
        oldest = time.monotonic() - KEPT_S
        return any(
            user in members and read_at > oldest for members, read_at in self._members.values()
        )

    async def read(self) -> None:
        """Ask Slack for all groups, within two seconds. What goes wrong is logged when it is
        new.
        """
        self._tried_at = time.monotonic()
        troubles = [
            trouble for trouble in await asyncio.gather(*map(self._read, self._groups)) if trouble
        ]
        trouble = troubles[0] if troubles else None
        if trouble not in (None, self._trouble):
            _log.warning("who is in allowed_groups cannot be told: %s", trouble)
        self._trouble = trouble

    async def _read(self, group: str) -> str | None:
        try:
            async with asyncio.timeout(LOOK_UP_S):
                answer = await self._client.usergroups_users_list(usergroup=group)
        except SlackApiError as error:
            code = error_code(error)
            return (
                NO_SCOPE
                if code == "missing_scope"
                else f"Slack says {code} of the user group {group}"
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return f"Slack did not say who is in the user group {group} ({type(error).__name__})"
        self._members[group] = (frozenset(answer.get("users") or ()), time.monotonic())
        return None
