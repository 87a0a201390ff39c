"""The message that is read in ten seconds fits Slack by construction: any brief, any number of
hosts and groups, lengths counted after escaping.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.chat import Held, Verdict, verdict_on
from bot.slack.content import content_of
from bot.slack.escape import escaped, escaped_lines
from bot.standin.limits import MAX_UPDATED_TEXT
from bot.standin.surfaces import check_blocks, check_view
from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.engine import not_reached, report_on
from diagnostics.model import Examined, Report
from diagnostics.telling.brief import Brief
from diagnostics.telling.words import Step
from tests.bot.slack_words import evidence_pages
from tests.diagnostics.kernel_logs import membind_report
from tests.examined import examined

MAX_PAYLOAD_CHARS = 13_000
HELD = Held("0123456789abcdef01234567", said={f"U{n:010}": n % 2 == 0 for n in range(40)})
hostile = st.one_of(
    st.text(max_size=400),
    st.sampled_from(["&<>" * 120, "<!channel>" * 40, "\x1b[2J" * 90, "\u202e" * 300, "", "```"]),
)
briefs = st.builds(
    Brief,
    title=hostile,
    who=hostile,
    says=st.lists(hostile, max_size=5).map(tuple),
    picture=st.lists(hostile, max_size=12).map(tuple),
    step=st.none() | st.builds(Step, hostile, st.none() | hostile),
    ruled_out=st.integers(0, 60),
    not_checked=st.lists(hostile, max_size=60).map(tuple),
    evidence=st.integers(0, 500),
    times=st.lists(st.tuples(hostile, st.datetimes(timezones=st.just(UTC))), max_size=6).map(tuple),
)


def examined_with(headline: str, host: str, text: str) -> Examined:
    """A host with a cause of this headline, all of its own words `text`."""
    log = Section("kernel-log", membind_report())
    report = examined(Bundle(host, {"kernel-log": log}))
    finding = replace(report.findings[0], headline=headline, story=(text,) * 5)
    return replace(report, host=host, findings=(finding,))


def report_with(hosts: int, groups: int, text: str) -> Report:
    """So many hosts in so many groups; the rest could not be reached."""
    found = [
        examined_with(f"cause {number % groups}", f"{text}{number}", text)
        for number in range(hosts if groups else 0)
    ]
    silent = [not_reached(f"{text}{number}", Missing(text)) for number in range(hosts - len(found))]
    return report_on([*found, *silent])


def check_both(verdict: Verdict) -> None:
    """Both forms of the message."""
    content = content_of(replace(verdict, held=HELD))
    assert 0 < len(content.text) <= MAX_UPDATED_TEXT
    assert content.blocks != content.plainer
    check_blocks(content.blocks)
    check_blocks(content.plainer, takes_newer=False)
    for blocks in (content.blocks, content.plainer):
        assert len(json.dumps(blocks, ensure_ascii=False)) <= MAX_PAYLOAD_CHARS


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(briefs)
def test_any_brief_fits(told: Brief) -> None:
    """Also one that holds more than a brief should."""
    check_both(replace(verdict_on(report_with(1, 1, "x")), brief=told))


@pytest.mark.parametrize("hosts", [1, 3, 40, 1_000])
@pytest.mark.parametrize("groups", [0, 1, 7, 60])
@pytest.mark.parametrize("text", ["web", "&<>" * 60, "<!here>\x1b[2J\u202e"])
def test_a_message_fits_whatever_the_fleet(hosts: int, groups: int, text: str) -> None:
    """And so do its modal's pages."""
    report = report_with(hosts, groups, text)
    check_both(verdict_on(report))
    pages = evidence_pages(report, most=6)
    for page in pages:
        check_view(page)
        assert page["blocks"][-1]["type"] != "header"


@given(st.text(max_size=400) | st.text("&<>a", max_size=400), st.integers(1, 120))
def test_a_text_is_cut_after_escaping_at_a_whole_character(text: str, limit: int) -> None:
    """No `&am…`, and never more than Slack counts."""
    for cut in (escaped(text, limit), escaped_lines(text, limit)):
        assert 1 <= len(cut) <= limit
        assert not set("&<>") & set(re.sub("&(amp|lt|gt);", "", cut))


def test_a_moment_is_shown_by_the_readers_own_clock() -> None:
    """And stands in the sentence as it was, where a client cannot."""
    at = datetime(2026, 11, 28, 14, 3, 9, tzinfo=UTC)
    verdict = verdict_on(report_with(1, 1, "x"))
    told = replace(verdict.brief, says=("It was last at T & more.",), times=(("T", at),))
    section = content_of(replace(verdict, brief=told)).blocks[2]["elements"][0]

    assert section["elements"] == [
        {"type": "text", "text": "It was last at "},
        {
            "type": "date",
            "timestamp": 1795874589,
            "format": "{time_secs}, {date_short_pretty}",
            "fallback": "T",
        },
        {"type": "text", "text": " &amp; more."},
    ]
