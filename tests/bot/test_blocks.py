"""Slack blocks: within the limits, and host text never becomes markup."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest

from bot.slack.blocks import MAX_PAYLOAD_CHARS
from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.engine import not_reached, report_on
from diagnostics.model import Report
from tests.bot.slack_words import report_blocks, report_text
from tests.diagnostics.kernel_logs import SEED, membind_report, recorded
from tests.examined import examined

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

    blocks = report_blocks(report_of(log))

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
    assert "3 of 3 hosts: web1, web2, web3" in json.dumps(blocks)


def test_the_plain_text_has_headline_and_count() -> None:
    """It is what a phone shows."""
    report = report_on(
        [*report_of(recorded(SEED)).hosts, not_reached("web2", Missing("no answer"))]
    )

    assert report_text(report) == "membind OOM of node 1, suggest interleave (1 of 2 hosts)"


def test_a_message_never_outgrows_slacks_limits() -> None:
    """Forty hosts with forty different causes: what does not fit is left out, and the message says
    so.
    """
    logs = [
        membind_report(constraint=f"CONSTRAINT_MEMORY_POLICY,nodemask={node}")
        for node in range(1, 41)
    ]

    blocks = report_blocks(report_of(*logs))

    assert len(blocks) <= 50
    assert len(json.dumps(blocks, ensure_ascii=False)) <= MAX_PAYLOAD_CHARS
    assert "This message is cut" in json.dumps(blocks)


def test_of_a_message_that_is_cut_who_is_silent_is_kept_and_every_cause_named() -> None:
    """A host that nobody could look at must not be overlooked."""
    logs = [
        membind_report(constraint=f"CONSTRAINT_MEMORY_POLICY,nodemask={node}")
        for node in range(1, 21)
    ]
    said = json.dumps(
        report_blocks(
            report_on([*report_of(*logs).hosts, not_reached("web99", Missing("no answer"))])
        )
    )

    assert "could not be examined" in said
    assert "web99: no answer" in said
    assert all(f"membind OOM of node {node}," in said for node in range(1, 21))


def test_a_host_that_could_not_be_reached_is_told_with_its_cure() -> None:
    """Never dropped, never healthy."""
    text = json.dumps(
        report_blocks(report_on([not_reached("web9", Missing("no sshd answers on 10.0.0.9:22"))]))
    )

    assert "could not be examined" in text
    assert "web9: no sshd answers on 10.0.0.9:22" in text
