"""What counts as the announcement of a SEV, and which names it holds."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.chat import Announcement
from bot.config import Announcer
from bot.inventory import Inventory
from bot.slack.announcement import NoAnnouncer, read_announcement, visible_text
from diagnostics.collect.ssh import Target
from tests.bot.configs import SLACK, inventory
from tests.conftest import ROOT

COLLECTED = ROOT.parent / "shared" / "announcements"

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
    return sev.named.names if isinstance(sev, Announcement) else None


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
    assert (
        names_in({**EVENT, "bot_id": "B0EVIL", "username": "B0SEV", "bot_profile": {"id": "B0SEV"}})
        is None
    )


def test_text_in_attachments_and_blocks_is_seen() -> None:
    """Many bots leave `text` empty."""
    blocks = [
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "*SEV-1* declared"},
            "fields": [{"type": "mrkdwn", "text": "host: web2"}],
        }
    ]
    attachments = [{"title": "ranker down", "fields": [{"title": "Hosts", "value": "web1"}]}]

    assert names_in({**EVENT, "text": "", "blocks": blocks, "attachments": attachments}) == (
        "web2",
        "ranker",
        "web1",
    )


def test_named_groups_take_the_names_and_keep_unknown_ones() -> None:
    """A pattern that says where the hosts stand also brings those that the inventory lacks, to be
    named as such.
    """
    assert names_in(EVENT, r"SEV-\d.* on (?P<hosts>[\w., -]+)\.$") == ("web1", "db1.prod")
    assert names_in({**EVENT, "text": "SEV-2 on web1 nosuch"}, r"SEV-\d on (?P<hosts>.*)") == (
        "web1",
        "nosuch",
    )


def test_an_unknown_name_that_the_pattern_took_is_told_with_what_may_be_meant() -> None:
    """Without groups it is a word like any other, and stays unsaid."""
    event = {**EVENT, "text": "SEV-2 on wbe1"}
    taking = SLACK.model_copy(update={"announcement": r"SEV-\d on (?P<hosts>.*)"})

    taken, free = (read_announcement(event, slack, inventory()) for slack in (taking, SLACK))

    assert isinstance(taken, Announcement)
    assert isinstance(free, Announcement)
    assert [word.why.partition("?")[0] for word in taken.named.unknown] == [
        "not in the inventory: did you mean web1"
    ]
    assert (free.named.names, taken.named.targets) == ((), ())


@pytest.mark.parametrize(
    "said",
    [
        "web1, db1.prod",
        "WEB1 and db1.prod.",
        "*web1* `db1.prod`",
        "<http://web1|web1> <http://db1.prod|db1.prod>",
        "host=web1 db1.prod",
    ],
)
def test_named_groups_take_names_out_of_slacks_markup(said: str) -> None:
    """As the free text is read, too."""
    assert names_in({**EVENT, "text": f"SEV-2 on {said}"}, r"SEV-\d on (?P<hosts>.*)") == (
        "web1",
        "db1.prod",
    )


@pytest.mark.parametrize(
    "word",
    [
        "\uff37\uff25\uff22\uff11",
        "w\u0435b1",
        "xweb1",
        "web1x",
        "éweb1",
        "web1@evil",
        "web1:2222x",
        "web1%00",
        "-web1",
        "web1\u200b",
    ],
)
def test_a_word_that_only_looks_like_a_host_is_none(word: str) -> None:
    """Names match as a whole or not at all."""
    assert names_in({**EVENT, "text": f"SEV-2 on {word}"}) == ()


def test_the_key_is_the_same_for_each_delivery_and_other_for_other_messages() -> None:
    """Redelivery is known by it."""
    first, again = (read_announcement(dict(EVENT), SLACK, inventory()) for _ in range(2))
    other = read_announcement({**EVENT, "ts": "1795384570.000200"}, SLACK, inventory())

    assert isinstance(first, Announcement)
    assert isinstance(again, Announcement)
    assert isinstance(other, Announcement)
    assert first.place.key == again.place.key != other.place.key


def test_escapes_are_undone_once() -> None:
    """Slack sends & < > escaped."""
    assert visible_text({"text": "a &amp;lt; b"}) == "a &lt; b"


def test_a_deep_message_is_read_only_so_far() -> None:
    """Nesting without end is nobody's announcement."""
    node: dict[str, Any] = {"text": "SEV-2 web1"}
    for _ in range(100):
        node = {"blocks": [node]}

    assert visible_text(node) == ""


def test_somebody_elses_message_that_matches_is_told_apart_from_other_talk() -> None:
    """The log names its sender, so that an operator finds the announcer's id."""
    assert isinstance(
        read_announcement({**EVENT, "bot_id": "B0OTHER"}, SLACK, inventory()), NoAnnouncer
    )
    assert (
        read_announcement({**EVENT, "bot_id": "B0OTHER", "text": "all quiet"}, SLACK, inventory())
        is None
    )


@pytest.mark.parametrize(
    "quoting",
    [
        {"is_share": True},
        {"is_msg_unfurl": True},
        {"is_reply_unfurl": True},
        {"is_app_unfurl": True, "app_unfurl_url": "https://tracker.example/17"},
        {
            "from_url": "https://acme.slack.com/archives/C0PROD/p1795384570000100",
            "author_id": "U0IC",
            "channel_id": "C0PROD",
        },
        {"original_url": "https://status.example/17", "service_name": "Status"},
        {"author_id": "U0IC"},
        {"message_blocks": [{"message": {"blocks": []}}]},
    ],
)
def test_what_an_attachment_quotes_of_others_is_not_the_announcers_word(
    quoting: dict[str, Any],
) -> None:
    """A shared message and a link's preview hold the words of somebody else, in whatever field and
    block.
    """
    quoted = {
        **quoting,
        "fallback": EVENT["text"],
        "text": EVENT["text"],
        "title": EVENT["text"],
        "fields": [{"value": EVENT["text"]}],
    }
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": EVENT["text"]}}]

    assert (
        names_in(
            {
                **EVENT,
                "text": "is this still going on?",
                "attachments": [{**quoted, "blocks": blocks}],
            }
        )
        is None
    )
    assert names_in({**EVENT, "text": "SEV-2 on web2", "attachments": [quoted]}) == ("web2",)


def test_a_bots_own_attachment_counts_beside_a_quoted_one() -> None:
    """As alerting services send them: the text is empty, all stands in the attachment."""
    own = {
        "id": 1,
        "color": "danger",
        "fallback": "SEV-1 ranker",
        "title": "SEV-1 ranker",
        "title_link": "https://alerts.example/1",
        "author_name": "alerts",
        "author_link": "https://alerts.example",
        "callback_id": "ack",
        "footer": "alerts",
    }
    shared = {"is_share": True, "text": "SEV-2 on web1"}

    assert names_in({**EVENT, "text": "", "attachments": [shared, own]}) == ("ranker",)


def test_what_a_person_quotes_is_not_their_word() -> None:
    """In the text and in the block that Slack makes of it. Bots use the same bar as decoration."""
    said = "&gt; SEV-2: ranker crash looping on web1\nwho owns this template?"
    quote = {
        "type": "rich_text_quote",
        "elements": [{"type": "text", "text": "SEV-2: ranker crash looping on web1"}],
    }
    blocks = [
        {
            "type": "rich_text",
            "elements": [
                quote,
                {
                    "type": "rich_text_section",
                    "elements": [{"type": "text", "text": "who owns it?"}],
                },
            ],
        }
    ]
    person = {**EVENT, "bot_id": None, "app_id": None, "text": said, "blocks": blocks}
    config = SLACK.model_copy(update={"announcers": (Announcer(user_id="U0SEV"),)})

    assert read_announcement(person, config, inventory()) is None
    assert isinstance(
        read_announcement({**person, "text": "SEV-2 on web1"}, config, inventory()), Announcement
    )
    assert names_in({**EVENT, "text": said}) == ("ranker", "web1")


def part(text: str, **style: bool) -> dict[str, Any]:
    return {"type": "text", "text": text, "style": style}


def section(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text_section", "elements": [*parts]}


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [*elements]}


def test_the_parts_of_a_sentence_are_one_line() -> None:
    """As a person's message comes: each change of style is a part of its own, a link, too."""
    link = {"type": "link", "url": "http://web1.prod", "text": "web1"}
    emoji = {"type": "emoji", "name": "fire"}
    said = rich(section(part("SEV"), part("-1", bold=True), emoji, part("on "), link))

    assert visible_text({"blocks": [said]}) == "SEV-1 on web1"
    assert names_in({**EVENT, "text": "", "blocks": [said]}) == ("web1",)


def test_blocks_and_the_bullets_of_a_list_are_lines() -> None:
    """A pattern with `.*` stays in its line."""
    bullets = {"type": "rich_text_list", "elements": [section(part("web1")), section(part("web2"))]}
    blocks = [rich(section(part("SEV-1")), bullets), rich(section(part("end")))]

    assert visible_text({"blocks": blocks}).split("\n") == ["SEV-1", "web1", "web2", "end"]


PLAIN = {"type": "plain_text", "text": "SEV-1 of web1"}
ROW = [{"type": "raw_text", "text": "SEV-1"}, rich(section(part("we"), part("b1", code=True)))]


@pytest.mark.parametrize(
    "block",
    [
        {"type": "table", "rows": [[{"type": "raw_text", "text": "what"}], ROW]},
        {"type": "container", "title": PLAIN, "child_blocks": []},
        {"type": "container", "child_blocks": [{"type": "section", "text": PLAIN}]},
        {"type": "container", "rich_text_title": rich(section(part("SEV-1 of web1")))},
        {"type": "card", "title": PLAIN},
        {"type": "card", "title": {"text": "ranker"}, "body": PLAIN},
        {"type": "carousel", "elements": [{"type": "card", "subtitle": PLAIN}]},
        rich(section(part("SEV-1 "), {"type": "link", "url": "http://web1:9100/"})),
    ],
    ids=lambda block: block["type"],
)
def test_newer_blocks_are_read(block: dict[str, Any]) -> None:
    """A row of a table is a line; a link without a text is its address."""
    names = names_in({**EVENT, "text": "", "blocks": [block]}, r"SEV-1.*web1")

    assert names is not None
    assert "web1" in names


def test_a_senders_app_may_stand_in_its_profile_only() -> None:
    """Where the event names one itself, that is it."""
    config = SLACK.model_copy(update={"announcers": (Announcer(app_id="A0SEV"),)})
    event = {**EVENT, "app_id": None, "bot_profile": {"app_id": "A0SEV"}}

    assert isinstance(read_announcement(event, config, inventory()), Announcement)
    other = {**event, "app_id": "A0OTHER"}
    assert isinstance(read_announcement(other, config, inventory()), NoAnnouncer)


@pytest.mark.parametrize("ts", ["nan", "inf", "1e999", "", "today", "1795384570.000100 ", "-1"])
def test_a_time_that_is_none_is_no_announcements(ts: str) -> None:
    """Slack's are seconds since 1970."""
    assert names_in({**EVENT, "ts": ts}) is None


def test_the_announcements_time_is_slacks() -> None:
    """The message's own, in seconds."""
    read = read_announcement(EVENT, SLACK, inventory())

    assert isinstance(read, Announcement)
    assert read.opened_s == 1795384570.0001


@pytest.mark.needs("corpus")
def test_of_collected_announcements_the_hosts_are_found() -> None:
    """Each host that somebody marked in a message of a tool or a person, as the free text is
    read.
    """
    rows = [json.loads(line) for line in (COLLECTED / "labels.jsonl").read_text().splitlines()]
    missed: dict[str, set[str]] = {}
    for row in rows:
        hosts = [host for host in row["hosts"] if not host[0].isdigit()]
        event = json.loads((COLLECTED / row["file"]).read_text())
        known = Inventory({host: Target(host, "127.0.0.1", 22, "probe") for host in hosts}, {})
        named = known.resolve(visible_text(event.get("message", event)), in_prose=True).names
        if lost := set(hosts) - set(named):
            missed[row["file"]] = lost

    assert missed == {}
    assert len(rows) > 50
