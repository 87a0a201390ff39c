"""The stand-in's channels: who may read and write in them, and with which scope."""

from __future__ import annotations

from dataclasses import dataclass

from bot.standin.errors import SlackError

# these two refuse replies only (docs.slack.dev, errors of chat.postMessage)
OF_REPLIES = frozenset(
    {"restricted_action_thread_locked", "restricted_action_non_threadable_channel"}
)


@dataclass
class Channel:
    """A channel. `is_member` is whether sevbot is in it; `restricted` is Slack's word for a channel
    in which it may not post: restricted_action_read_only_channel, or one of `OF_REPLIES`.
    """

    id: str
    name: str
    is_private: bool = False
    is_archived: bool = False
    is_member: bool = True
    restricted: str | None = None

    @property
    def kind(self) -> str:
        """What Slack calls its type in scopes and events: channels or groups."""
        return "groups" if self.is_private else "channels"

    def check_read(self) -> None:
        """Raises SlackError where sevbot may not read in it: what it is not in is hidden, if it is
        private.
        """
        if not self.is_member:
            raise SlackError("channel_not_found" if self.is_private else "not_in_channel")

    def check_write(self) -> None:
        """Raises SlackError where sevbot may not change anything in it."""
        self.check_read()
        if self.is_archived:
            raise SlackError("is_archived")

    def check_post(self, *, is_reply: bool) -> None:
        """Raises SlackError where sevbot may not post in it."""
        self.check_write()
        if self.restricted is not None and (is_reply or self.restricted not in OF_REPLIES):
            raise SlackError(self.restricted)
