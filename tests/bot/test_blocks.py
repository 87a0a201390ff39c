"""Slack blocks: within the limits, and host text never becomes markup."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from bot.chat import verdict_on
from bot.slack.blocks import text_of
from bot.standin.surfaces import check_blocks, check_view
from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.engine import not_reached, report_on
from diagnostics.model import Report
from tests.bot.slack_words import evidence_pages, report_blocks, report_text
from tests.diagnostics.kernel_logs import SEED, membind_report, recorded
from tests.examined import examined

MAX_PAYLOAD_CHARS = 12_000  # above about 13,200 Slack was seen to refuse a message's blocks
HOSTILE = [
    "<!channel>",
    "<!here>",
    "<@U1>",
    "<#C1>",
    "<http://e|x>",
    "```",
    "*x*",
    "_x_",
    ":bomb:",
    "a\u202eb",
    "a\u2066b",
    "\ufeff",
    "\x1b[2J",
    "&amp;lt;",
]


def report_of(*logs: str) -> Report:
    bundles = [
        Bundle(f"web{n}", {"kernel-log": Section("kernel-log", log)})
        for n, log in enumerate(logs, 1)
    ]
    return report_on([examined(bundle) for bundle in bundles])


def nodes_of(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from nodes_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from nodes_of(inner)


@pytest.mark.parametrize("hostile", HOSTILE)
def test_host_text_never_becomes_markup(hostile: str) -> None:
    """A comm, a cgroup, a log line: no mrkdwn anywhere, & < > escaped, no character that hides or
    commands.
    """
    log = membind_report(comm=hostile[:15], task_memcg=f"/system.slice/{hostile}.service")

    report = report_of(log)
    blocks = [*report_blocks(report), *evidence_pages(report)]

    assert not any(
        node.get("type") in ("mrkdwn", "link", "user", "usergroup", "broadcast", "channel", "emoji")
        for node in nodes_of(blocks)
    )
    for text in (node["text"] for node in nodes_of(blocks) if isinstance(node.get("text"), str)):
        assert "<" not in text
        assert ">" not in text
        assert not any(
            unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co")
            for character in text
            if character != "\n"
        )
    assert hostile not in report_text(report_of(log))


def test_hosts_with_the_same_diagnosis_are_one_group() -> None:
    """Three hosts, one headline."""
    blocks = report_blocks(report_of(*[recorded(SEED)] * 3))

    assert [block["text"]["text"] for block in blocks if block["type"] == "header"] == [
        "membind OOM of node 1, suggest interleave"
    ]
    assert "killed 21 times on 3 of 3 hosts" in json.dumps(blocks)


def test_the_plain_text_has_headline_and_count() -> None:
    """It is what a phone shows."""
    report = report_on(
        [*report_of(recorded(SEED)).hosts, not_reached("web2", Missing("no answer"))]
    )

    assert report_text(report) == "membind OOM of node 1, suggest interleave (1 of 2 hosts)"


def causes(count: int) -> list[str]:
    """Kernel logs with a cause each."""
    return [
        membind_report(constraint=f"CONSTRAINT_MEMORY_POLICY,nodemask={node}")
        for node in range(1, count + 1)
    ]


def test_forty_causes_are_one_short_message_and_all_of_them_stand_in_the_modal() -> None:
    """A host that nobody could look at must not be overlooked."""
    silent = not_reached("web99", Missing("no answer"))
    report = report_on([*report_of(*causes(40)).hosts, silent])
    blocks, pages = report_blocks(report), evidence_pages(report)

    check_blocks(blocks)
    assert len(json.dumps(blocks, ensure_ascii=False)) <= MAX_PAYLOAD_CHARS
    assert "1 host could not be examined: web99" in json.dumps(blocks)
    for page in pages:
        check_view(page)
    told = json.dumps(pages)
    assert "web99: no answer" in told
    assert all(f"membind OOM of node {node}," in told for node in range(1, 41))


@pytest.mark.parametrize("newer", [True, False])
def test_from_four_hosts_on_the_modal_has_a_table(newer: bool) -> None:
    """Lines where the workspace takes no tables."""
    for hosts, has_one in ((3, False), (4, True)):
        pages = evidence_pages(report_of(*[recorded(SEED)] * hosts), newer=newer)
        kinds = [block["type"] for page in pages for block in page["blocks"]]
        assert ("table" in kinds) is (has_one and newer)
        lines = f"web{hosts}: membind OOM of node 1, suggest interleave, likely"
        assert (lines in json.dumps(pages)) is (has_one and not newer)


def test_a_host_that_could_not_be_reached_is_told_with_its_cure() -> None:
    """Never dropped, never healthy."""
    report = report_on([not_reached("web9", Missing("no sshd answers on 10.0.0.9:22"))])
    text = json.dumps([report_blocks(report), evidence_pages(report)])

    assert "could not be examined" in text
    assert "web9: no sshd answers on 10.0.0.9:22" in text


def test_the_plain_text_of_a_verdict_keeps_its_count_and_is_never_cut_by_slack() -> None:
    """Slack cuts a post above 40,000 characters without an error: its end would be gone."""
    verdict = verdict_on(report_of(*[recorded(SEED)] * 2))
    long = replace(verdict, telling=replace(verdict.telling, headline="x" * 100_000))

    assert text_of(long).endswith("(2 of 2 hosts)")
    assert len(text_of(long)) < 4_000
