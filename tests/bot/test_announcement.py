"""What counts as the announcement of a SEV, and which names it holds."""

from __future__ import annotations

from typing import Any

import pytest

from bot.announcement import read_announcement, visible_text
from tests.bot.configs import SLACK, inventory

EVENT: dict[str, Any] = {
    "type": "message",
    "channel": "C0PROD",
    "ts": "1795384570.000100",
    "bot_id": "B0SEV",
    "app_id": "A0SEV",
    "user": "U0SEV",
    "text": "SEV-2: ranker crash looping on web1, db1.prod.",
}


def names_in(event: dict[str, Any], pattern: str = SLACK.announcement) -> tuple[str, ...] | None:
    sev = read_announcement(event, SLACK.model_copy(update={"announcement": pattern}), inventory())
    return sev.names if sev else None


def test_takes_the_names_of_hosts_and_services() -> None:
    """In their order; a full stop ends a sentence, not a name."""
    assert names_in(EVENT) == ("ranker", "web1", "db1.prod")


@pytest.mark.parametrize(
    "changes",
    [
        {"channel": "C0OTHER"},
        {"bot_id": "B0OTHER"},
        {"bot_id": None},
        {"subtype": "message_changed"},
        {"subtype": "channel_join"},
        {"thread_ts": "1795384000.000100"},
        {"text": "all quiet on web1"},
        {"ts": None},
    ],
)
def test_all_other_talk_is_none(changes: dict[str, Any]) -> None:
    """Other channels, other senders, edits, joins, replies, other words."""
    assert names_in({**EVENT, **changes}) is None


def test_a_classic_bot_message_counts() -> None:
    """Webhooks and classic apps send subtype bot_message and no user."""
    assert names_in({**EVENT, "subtype": "bot_message", "user": None}) is not None


def test_a_name_that_says_it_is_the_announcer_is_not_believed() -> None:
    """Only ids are compared."""
    assert names_in({**EVENT, "bot_id": "B0EVIL", "username": "B0SEV", "bot_profile": {"id": "B0SEV"}}) is None


def test_text_in_attachments_and_blocks_is_seen() -> None:
    """Many bots leave `text` empty."""
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*SEV-1* declared"}, "fields": [{"type": "mrkdwn", "text": "host: web2"}]}
    ]
    attachments = [{"title": "ranker down", "fields": [{"title": "Hosts", "value": "web1"}]}]

    assert names_in({**EVENT, "text": "", "blocks": blocks, "attachments": attachments}) == ("web2", "ranker", "web1")


def test_named_groups_take_the_names_and_keep_unknown_ones() -> None:
    """A pattern that says where the hosts stand also brings those that the inventory lacks, to be named as such."""
    assert names_in(EVENT, r"SEV-\d.* on (?P<hosts>[\w., -]+)\.$") == ("web1", "db1.prod")
    assert names_in({**EVENT, "text": "SEV-2 on web1 nosuch"}, r"SEV-\d on (?P<hosts>.*)") == ("web1", "nosuch")


@pytest.mark.parametrize(
    "said",
    ["web1, db1.prod", "WEB1 and db1.prod.", "*web1* `db1.prod`", "<http://web1|web1> <http://db1.prod|db1.prod>", "host=web1 db1.prod"],
)
def test_named_groups_take_names_out_of_slacks_markup(said: str) -> None:
    """As the free text is read, too."""
    assert names_in({**EVENT, "text": f"SEV-2 on {said}"}, r"SEV-\d on (?P<hosts>.*)") == ("web1", "db1.prod")


@pytest.mark.parametrize(
    "word", ["\uff37\uff25\uff22\uff11", "w\u0435b1", "xweb1", "web1x", "éweb1", "web1@evil", "web1:2222", "web1%00", "-web1", "web1\u200b"]
)
def test_a_word_that_only_looks_like_a_host_is_none(word: str) -> None:
    """Names match as a whole or not at all."""
    assert names_in({**EVENT, "text": f"SEV-2 on {word}"}) == ()


def test_the_key_is_the_same_for_each_delivery_and_other_for_other_messages() -> None:
    """Redelivery is known by it."""
    first, again = (read_announcement(dict(EVENT), SLACK, inventory()) for _ in range(2))
    other = read_announcement({**EVENT, "ts": "1795384570.000200"}, SLACK, inventory())

    assert first is not None
    assert again is not None
    assert other is not None
    assert first.key == again.key != other.key


def test_escapes_are_undone_once() -> None:
    """Slack sends & < > escaped."""
    assert visible_text({"text": "a &amp;lt; b"}) == "a &lt; b"


def test_a_deep_message_is_read_only_so_far() -> None:
    """Nesting without end is nobody's announcement."""
    node: dict[str, Any] = {"text": "SEV-2 web1"}
    for _ in range(100):
        node = {"blocks": [node]}

    assert visible_text(node) == ""
