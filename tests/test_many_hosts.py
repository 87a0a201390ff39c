"""What a report on many hosts looks like: a page, whatever stands in it, with every host named or
counted.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.standin.limits import MAX_UPDATED_TEXT
from bot.standin.surfaces import check_blocks, check_view
from diagnostics.bundle import Bundle
from diagnostics.bundle.copies import COPY_IT, LOCK, REMARKS
from diagnostics.bundle.directory import read_directory
from diagnostics.bundle.framing import unframe
from diagnostics.engine import diagnose, report_on
from diagnostics.model import Examined, HostReport, NotExamined, Report
from diagnostics.plain import HIDDEN
from diagnostics.telling.names import NAMED
from diagnostics.telling.render import LONGEST_WORD, to_text
from diagnostics.telling.words import Part, tell
from tests.bot.slack_words import evidence_pages, report_blocks, report_text
from tests.conftest import ROOT
from tests.reports import AWKWARD, Fleet, any_text, fleets, refused, sizes, web

generated = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
INDENT, CODE_INDENT = 4, 6
MOST_STORY, MOST_RULED_OUT = 35, 25  # sentences of one part
COUNTED = re.compile(r"\b(\d+) hosts(?: \(|: )((?:web\d+, )*web\d+)(?: and (\d+) more)?")
OF_ALL = re.compile(r"(\d+)(?: of \d+)? hosts?: ((?:web\d+(?:, )?)+)(?: and (\d+) more)?")
SUBJECT = re.compile(
    r"(?:(?P<count>\d+) hosts \(|(?P<named>web\d+(?: \([^()]*\))?(?:, web\d+(?: \([^()]*\))?)*): )"
)


def examined_in(report: Report) -> list[Examined]:
    """All its hosts, each of which was."""
    assert all(isinstance(host, Examined) for host in report.hosts)
    return [host for host in report.hosts if isinstance(host, Examined)]


def incident_on(hosts: int) -> Report:
    """One incident on all of them."""
    one = diagnose(read_directory(ROOT / "tests/cases/membind-oom-16g-6.1"))
    return report_on([replace(one, host=web(number)) for number in range(1, hosts + 1)])


def test_300_hosts_that_refuse_are_one_sentence() -> None:
    """With its cure once, after 604 lines of the same."""
    report = report_on([refused(web(number)) for number in range(1, 301)])

    assert to_text(report) == (
        "could not be examined\n"
        "300 of 300 hosts: web1, web2, web3 and 297 more\n"
        "\n"
        "What happened\n"
        "  - 300 hosts (web1, web2, web3 and 297 more): connection refused, nothing listens "
        "on port 22: is\n"
        "    sshd running there, and is the port in the inventory right?\n"
    )


def old_copy(host: str) -> HostReport:
    """A host whose copy of the probe is an old one that brings nothing and could take no lock."""
    bundle = unframe(b"=sevbot-probe 1\n=unlocked flock\n=done\n", host)
    assert isinstance(bundle, Bundle)
    return diagnose(bundle)


@pytest.mark.parametrize("hosts", [1, 2, 300])
def test_what_is_told_of_the_probe_is_told_of_hosts_that_brought_nothing(hosts: int) -> None:
    """Its copy with the cure and its lock, each once, in the text and in Slack."""
    report = report_on([old_copy(web(number)) for number in range(1, hosts + 1)])
    (part,) = tell(report).parts
    slack = json.dumps(evidence_pages(report))

    who = {1: "web1", 2: "web1, web2", 300: "300 hosts (web1, web2, web3 and 297 more)"}[hosts]
    assert [sentence.partition(": ")[0] for sentence in part.story] == [who] * 3
    assert (COPY_IT in part.story[1], LOCK["flock"] in part.story[2]) == (True, True)
    assert (" ".join(to_text(report).split()).count(COPY_IT), slack.count(COPY_IT)) == (1, 1)


def test_1000_hosts_with_one_cause_are_told_as_one() -> None:
    """A line or two more than one host, and none of 8,000 characters."""
    one, thousand = (to_text(incident_on(hosts)).splitlines() for hosts in (1, 1_000))

    assert len(thousand) <= len(one) + 2
    assert max(map(len, thousand)) == max(map(len, one))
    assert (
        "confirmed · 1000 of 1000 hosts: web1, web2, web3 and 997 more · numbers of web1"
        in " ".join(thousand)
    )


def test_1000_hosts_with_numbers_of_their_own_are_told_as_one() -> None:
    """What was ruled out names a size or a time of each host; one host's stand for all, and it is
    said whose (before: 23,562 lines).
    """
    hosts = [
        replace(
            host,
            clear={code: f"{because}, {number} lines" for code, because in host.clear.items()},
            shared_age_s=number % 60,
        )
        for number, host in enumerate(examined_in(incident_on(1_000)))
    ]
    text = to_text(report_on(hosts))

    assert len(text.splitlines()) <= len(to_text(incident_on(1)).splitlines()) + 12
    assert (
        "unseen OOM kill (numbers of web1): the kernel's OOM killer did kill here (8 "
        "processes), 0 lines"
    ) in text
    assert (
        "Shared with an earlier question, since a host is looked at once in a minute: web1 "
        "0 s ago, web2"
    ) in text


def test_up_to_four_hosts_are_all_named() -> None:
    """Where it helps to know them."""
    assert f"{NAMED} of {NAMED} hosts: web1, web2, web3, web4 " in to_text(incident_on(NAMED))
    assert "5 of 5 hosts: web1, web2, web3 and 2 more " in to_text(incident_on(5))


def test_kills_and_broken_answers_of_other_hosts_are_told_too() -> None:
    """Not of the first host of a part only."""
    first, second, third = examined_in(incident_on(3))
    odd = replace(
        third,
        unexplained=third.findings[0].kills[:1],
        older=third.findings,
        broke_off="its output ended in the middle",
    )
    (part,) = tell(report_on([first, second, odd])).parts

    assert (
        "The log of web3 holds one OOM kill that could not be put down to a cause (ranker, "
        "pid 376, 6.0 GiB, line 550)."
    ) in part.story
    assert any(
        said.startswith("Longer ago,") and said.endswith(" before this look (web3).")
        for said in part.story
    )
    assert "The answer of web3 broke off: its output ended in the middle." in part.story


def too_long(line: str, width: int) -> bool:
    """Whether the line is longer than the page, and neither one word nor a command that can be
    copied.
    """
    if len(line) <= width or line.startswith(" " * CODE_INDENT):
        return False
    words = line.strip(" ").removeprefix("- ").split(" ")
    return len([word for word in words if word]) > 1 or len(line) > LONGEST_WORD + INDENT


@generated
@given(fleets(), sizes, st.integers(1, 140))
def test_a_line_is_no_longer_than_the_terminal(fleet: Fleet, hosts: int, columns: int) -> None:
    """But for a word or a command that cannot be broken. Below 40 columns it is 40, above 100 it is
    100.
    """
    text = to_text(fleet.report(hosts), width=columns)
    width = min(max(columns, 40), 100)

    assert [line for line in text.split("\n") if too_long(line, width)] == []
    assert {unicodedata.category(character) for character in text.replace("\n", "")}.isdisjoint(
        HIDDEN
    )


@generated
@given(fleets(), sizes)
def test_the_number_of_lines_does_not_grow_with_the_hosts(fleet: Fleet, hosts: int) -> None:
    """At most four times as many as where each kind of host is there once; and each part has its
    most.
    """
    report = fleet.report(hosts)
    once = to_text(fleet.report(fleet.kinds))

    assert to_text(report).count("\n") <= 4 * once.count("\n") + 20
    assert all(
        len(part.story) <= MOST_STORY and len(part.ruled_out) <= MOST_RULED_OUT
        for part in tell(report).parts
    )
    assert all(len(part.not_checked) <= 2 * MOST_RULED_OUT for part in tell(report).parts)


def named_or_counted(part: Part) -> int:
    """The hosts in the part's subtitle."""
    found = OF_ALL.search(part.subtitle)
    assert found, part.subtitle
    assert int(found[1]) == len(re.findall(r"web\d+", found[2])) + int(found[3] or 0)
    return int(found[1])


def subjects(part: Part) -> int:
    """The hosts of which the part's sentences speak."""
    found = [match for said in part.story if (match := SUBJECT.match(said))]
    return sum(
        int(each["count"] or len(re.findall(r"web\d+(?: \([^()]*\))?", each["named"] or "")))
        for each in found
    )


@generated
@given(fleets(headline=st.just("of something")), sizes)
def test_every_host_is_named_or_counted(fleet: Fleet, hosts: int) -> None:
    """In each list, in the parts together, and in the reasons for which hosts could not be
    examined.
    """
    report = fleet.report(hosts)
    parts = tell(report).parts
    silent = [host for host in report.hosts if isinstance(host, NotExamined)]

    for part in parts:
        for said in (*part.story, *part.ruled_out, *part.not_checked):
            for count, names, more in COUNTED.findall(said):
                assert int(count) == len(names.split(", ")) + int(more or 0), said
    assert sum(named_or_counted(part) for part in parts) == hosts
    if silent:
        assert parts[-1].headline == "could not be examined"
        assert named_or_counted(parts[-1]) == len(silent)
        assert subjects(parts[-1]) == len(silent) + sum(
            remark in host.not_seen for host in silent for remark in REMARKS
        )


MOST_PAGES_CHECKED = 4


@generated
@given(fleets(), sizes)
def test_slack_takes_the_message(fleet: Fleet, hosts: int) -> None:
    """Its blocks and its plain text."""
    report = fleet.report(hosts)
    blocks = report_blocks(report)

    check_blocks(blocks)
    assert 0 < len(report_text(report)) <= MAX_UPDATED_TEXT
    assert all(block["type"] != "rich_text" or block["elements"] for block in blocks)
    for page in evidence_pages(report, most=MOST_PAGES_CHECKED):
        check_view(page)


@generated
@given(any_text, st.integers(0, 60))
def test_hosts_may_be_called_anything(text: str, hosts: int) -> None:
    """Bidi characters, line ends, 5,000 letters."""
    report = report_on([refused(f"{text}{number % 7}") for number in range(hosts)])

    assert [line for line in to_text(report, width=80).split("\n") if too_long(line, 80)] == []
    check_blocks(report_blocks(report))


@pytest.mark.parametrize("text", AWKWARD)
def test_sixty_causes_in_awkward_words_fit_into_a_message(text: str) -> None:
    """What is left out is counted, and all of it is in the modal."""
    (one,) = examined_in(incident_on(1))
    hosts = [
        replace(
            one,
            host=f"{text}{number}",
            findings=(
                replace(one.findings[0], headline=f"cause {number} {text}", story=(text,) * 9),
            ),
        )
        for number in range(60)
    ]
    report = report_on(hosts)

    check_blocks(report_blocks(report))
    told = json.dumps(report_blocks(report))
    assert "60 causes found" in told
    for page in evidence_pages(report):
        check_view(page)
