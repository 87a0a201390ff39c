"""Names are keys into the inventory and nothing else, and are read the same however one asks."""

from __future__ import annotations

import difflib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import inventory as under_test
from bot.chat import Announcement
from bot.inventory import COMPARED, MOST_CHARS, SUGGESTED, Inventory
from bot.slack.announcement import read_announcement
from diagnostics.collect.ssh import Target
from tests.bot.configs import SLACK, inventory

CURE = "heck the spelling, or add it as [hosts.NAME] to sevbot's configuration"


def having(*hosts: str, **services: tuple[str, ...]) -> Inventory:
    """An inventory of these hosts and services."""
    return Inventory(
        {name: Target(name=name, address="127.0.0.1", port=22, user="probe") for name in hosts},
        services,
    )


def dialled(known: Inventory, text: str, *, in_prose: bool = False) -> list[str]:
    return [target.name for target in known.resolve(text, in_prose=in_prose).targets]


def why(known: Inventory, text: str) -> str:
    (unknown,) = known.resolve(text).unknown
    return unknown.why


def test_a_service_stands_for_its_hosts_and_each_host_comes_once() -> None:
    """web1 is named twice, ranker runs on web1 and web2."""
    named = inventory().resolve("ranker web1 db1.prod")

    assert [target.name for target in named.targets] == ["web1", "web2", "db1.prod"]
    assert named.names == ("ranker", "web1", "db1.prod")
    assert named.unknown == ()


@pytest.mark.parametrize(
    "text",
    [
        "web1:9100",
        "WEB1:9100,",
        "`instance=web1:9100`",
        "web1.example.com:9100",
        "http://web1:9100/metrics",
        "<http://web1:9100|web1:9100>",
        "web1:2222 web1:22",
    ],
)
def test_a_port_behind_a_hosts_name_is_no_part_of_it(text: str) -> None:
    """An exporter's, as Alertmanager writes it; what is dialled is the inventory's port."""
    known = having("web1")
    named = known.resolve(text)

    assert named.targets == (known.targets["web1"],)
    assert (named.names, named.unknown) == (("web1",), ())


@pytest.mark.parametrize(
    "text",
    [
        "attacker.example",
        "169.254.169.254",
        "127.0.0.1",
        "0x7f000001",
        "[::1]",
        "web1@evil",
        "web1:http",
        "web1:9100:9100",
        "web1:910000",
        "ranker:9100",
        "x:web1:22",
        "web1.evil@10.0.0.1",
        "`id`",
        "$(id)",
        "../web1",
        "/var/log/web1",
        "/web1",
        "web1/",
        "~/web1",
        "web1/nosuch",
        "web10",
        "xweb1",
        "web1x",
        "-web1",
        "my_web1_log",
        "db1.prod.example",
        "db",
        "https://wiki/web1",
        "https://wiki/?host=web1",
        "https://web1.example.com/",
        "<https://wiki/web1|runbook>",
        "\uff37\uff25\uff22\uff11",
        "w\u0435b1",
        "web1\u200b",
        "web1..example",
    ],
)
@pytest.mark.parametrize("in_prose", [False, True])
def test_anything_else_is_unknown(text: str, in_prose: bool) -> None:
    """No address, port, user, path or spelling of them is ever dialled; prose does not tell it."""
    named = inventory().resolve(text, in_prose=in_prose)

    assert named.targets == ()
    assert (named.unknown == ()) == in_prose


def test_a_letter_that_lower_case_makes_plain_is_another_letter() -> None:
    """The Kelvin sign's lower case is an ASCII k."""
    assert dialled(having("disk1"), "DIS\u212a1") == []


def test_a_semicolon_ends_a_name_and_begins_no_command() -> None:
    """What follows is one more word."""
    named = inventory().resolve("web1;id")

    assert [target.name for target in named.targets] == ["web1"]
    assert [word.name for word in named.unknown] == ["id"]


@pytest.mark.parametrize(
    "text",
    [
        "host=web1 web2",
        "web1/web2:",
        "_web1_ ~web2~",
        "“web1” \u2018web2\u2019",
        "web1… web2!",
        "WEB1 and Web2.",
        "(web1, web2)",
        "[web1; web2]",
        "\"web1\",'web2'",
        "*web1* `web2`",
        "<http://web1|web1> <https://web2/>",
        "https://web1/status?of=1#top http://web2",
        "web1.example.com, web2.EXAMPLE.com.",
        "<http://web1.example.com|web1.example.com>\nweb2",
        "web1 | web2",
        "web1 & web2",
        "web1 web1 WEB1 web2",
    ],
)
@pytest.mark.parametrize("in_prose", [False, True])
def test_a_name_is_found_in_what_people_put_around_it(text: str, in_prose: bool) -> None:
    """Case, markup, labels, quotes and a domain are no part of it."""
    named = inventory().resolve(text, in_prose=in_prose)

    assert named.names == ("web1", "web2")
    assert named.unknown == ()


def test_a_host_stands_for_its_name_without_the_domain() -> None:
    """And no service does; a number is none of a host's."""
    known = having("db1.prod", "10.0.0.11", "web1", ranker=("web1",))

    assert dialled(known, "DB1") == ["db1.prod"]
    assert dialled(known, "10") == []
    assert dialled(known, "10.0.0.11") == ["10.0.0.11"]
    assert dialled(known, "ranker.prod") == []
    assert dialled(having("10"), "10.0.0.11") == []


@pytest.mark.parametrize("in_prose", [False, True])
def test_where_two_fit_none_is_dialled_and_both_are_named(in_prose: bool) -> None:
    """A name that is written in whole is never in doubt."""
    known = having("db1.prod", "db1.test", "web1")

    named = known.resolve("db1 db1.prod", in_prose=in_prose)

    assert [target.name for target in named.targets] == ["db1.prod"]
    assert [(word.name, word.why) for word in named.unknown] == [
        ("db1", "ambiguous, the inventory has db1.prod, db1.test: name one of them")
    ]


def test_names_that_differ_in_case_only_must_be_written_as_they_are() -> None:
    """No configuration has them: there a name with a capital is refused."""
    known = having("Web1", "web1")

    assert dialled(known, "Web1") == ["Web1"]
    assert dialled(known, "web1") == ["web1"]
    assert dialled(known, "WEB1") == []
    assert why(known, "WEB1").startswith("ambiguous, the inventory has Web1, web1:")
    assert why(known, "web1.example.com").startswith("ambiguous, the inventory has Web1, web1:")


def test_a_joining_word_that_is_a_name_is_one() -> None:
    """But stands for no longer one."""
    assert dialled(having("y", "web1"), "web1 Y web1") == ["web1", "y"]
    assert inventory().resolve("web1 und web2").unknown == ()
    assert having("y.prod").resolve("y").names == ()


@pytest.mark.parametrize("text", ["", " ", ",", "()", "and", "...", "_", "<|>"])
def test_a_text_without_a_word_names_nothing(text: str) -> None:
    """Not even an unknown name, but for what could be one."""
    assert having("web1").resolve(text).names in ((), ("_",))


def test_an_unknown_name_is_told_with_those_like_it() -> None:
    """Hosts and services, the nearest first, at most three; where none is like it only the cure."""
    known = having("web1", "web2", "web3", "web4", "db1.prod", ranker=("web1",))

    assert why(known, "Rankr") == f"not in the inventory: did you mean ranker? C{CURE}"
    assert why(known, "db1.prdo") == f"not in the inventory: did you mean db1.prod? C{CURE}"
    assert why(known, "wbe1") == f"not in the inventory: did you mean web1? C{CURE}"
    assert why(known, "web").count(" or web") == 2
    assert why(known, "nosuch") == f"not in the inventory: c{CURE}"
    assert dialled(known, "Rankr db1.prdo wbe1 web nosuch") == []


def test_an_unknown_name_is_told_once_and_as_it_was_written() -> None:
    """However often, and in whatever case, it stands there."""
    assert inventory().resolve("NoSuch, nosuch").names == ("NoSuch",)


@pytest.mark.parametrize(
    "text",
    [
        " ".join(f"wbe{number:04}" for number in range(50)),
        "w" * 10_240,
        " ".join(f"{'web0001' * 1_500}{number}" for number in range(50)),
        " ".join("ab" * 29 + f"{number:04}" for number in range(50)),
    ],
)
def test_the_search_for_like_names_is_bounded(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """difflib takes time by the square of a name's length, and as many as there are names."""
    compared: list[int] = []
    scanned: list[None] = []
    close, shared = difflib.get_close_matches, under_test._shared

    def compare(word: str, likely: list[str], most: int) -> list[str]:
        compared.extend(max(len(word), len(name)) for name in likely)
        return close(word, likely, most)

    def scan(some: frozenset[str], others: frozenset[str]) -> float:
        scanned.append(None)
        return shared(some, others)

    monkeypatch.setattr(under_test, "get_close_matches", compare)
    monkeypatch.setattr(under_test, "_shared", scan)
    known = having(*(f"web{number:04}" for number in range(2_000)), "wbe0001" * 30)

    unknown = known.resolve(text).unknown

    assert len(unknown) in (1, 50)
    assert len(compared) <= SUGGESTED * COMPARED
    assert max(compared, default=0) <= MOST_CHARS
    assert len(scanned) <= SUGGESTED * len(known.targets)
    assert max(len(word.name) for word in unknown) <= MOST_CHARS + 1


def test_like_names_are_sought_for_the_first_unknown_ones_only() -> None:
    """The rest are told without, and none is lost."""
    text = " ".join(f"web1{letter}" for letter in "abcdefghij")

    told = ["did you mean" in word.why for word in having("web1").resolve(text).unknown]

    assert told == [True] * SUGGESTED + [False] * (10 - SUGGESTED)


LABEL = st.text("abwy12-", min_size=1, max_size=3).filter(lambda text: text.strip("-") == text)
NAME = st.lists(LABEL, min_size=1, max_size=3).map(".".join)
INVENTORIES = st.lists(NAME, min_size=1, max_size=8, unique=True).map(
    lambda names: having(*names[:6], **dict.fromkeys(names[6:], (names[0],)))
)
DECORATED = ("{}", "{},", "({})", "“{}”", "`{}`;", "*{}*", "_{}_", "<http://x|{}>", "{}.", "{}:")


def three_ways(known: Inventory, text: str) -> list[tuple[str, ...]]:
    """The hosts that an announcement with and without groups, and a list, name."""
    event = {"channel": "C0PROD", "ts": "1.0", "bot_id": "B0SEV", "text": text}
    named = [known.resolve(text)]
    for pattern in (r"(?s)^(?P<hosts>.*)$", r"(?s)."):
        sev = read_announcement(event, SLACK.model_copy(update={"announcement": pattern}), known)
        assert isinstance(sev, Announcement)
        named.append(sev.named)
    return [tuple(target.name for target in each.targets) for each in named]


@settings(max_examples=300, deadline=None)
@given(st.data(), INVENTORIES)
def test_however_one_asks_the_same_list_names_the_same_hosts(
    data: st.DataObject, known: Inventory
) -> None:
    """And capitals, commas, brackets and markup change nothing; all are keys of the inventory."""
    theirs = st.sampled_from([*known.targets, *known.services])
    longer = theirs.map(lambda name: f"{name}.example.com")
    words = data.draw(st.lists(st.one_of(theirs, longer, NAME), min_size=1, max_size=5))
    around = data.draw(st.lists(st.sampled_from(DECORATED), min_size=5, max_size=5))
    plain = " ".join(words)

    listed, by_group, in_prose = three_ways(known, plain)
    adorned = ", ".join(mark.format(word) for mark, word in zip(around, words, strict=False))

    assert listed == by_group == in_prose
    assert set(listed) <= set(known.targets)
    for text in (plain.upper(), f"({', '.join(words)})", adorned, adorned.upper()):
        assert three_ways(known, text) == [listed] * 3
    named = set(words) & {*known.targets, *known.services}
    for word in named:
        assert set(known.services.get(word, (word,))) <= set(listed)
