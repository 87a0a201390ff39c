"""What is held for a later press: the last 200 verdicts, 64 MB of them, the oldest goes first."""

from __future__ import annotations

import sys
from dataclasses import replace

from bot.chat import Announcement, Place, Posted, verdict_on
from bot.held import MOST_HELD, Reports, size_of
from bot.inventory import Named
from diagnostics.bundle import Missing
from diagnostics.engine import not_reached, report_on

VERDICT = verdict_on(report_on([not_reached("web1", Missing("no answer"))]))


def test_the_last_200_are_held() -> None:
    """And the 201st takes the place of the first."""
    reports = Reports()
    for number in range(MOST_HELD + 1):
        reports.keep(f"k{number}", VERDICT)

    assert MOST_HELD == 200
    assert reports.get("k0") is None
    assert all(reports.get(f"k{number}") for number in range(1, MOST_HELD + 1))


def test_what_is_told_again_is_the_newest() -> None:
    """The same SEV's second look takes the place of its first, and nobody else's."""
    reports = Reports(most=2)
    for key in ("a", "b", "a", "c"):
        reports.keep(key, VERDICT)

    assert [key for key in "abc" if reports.get(key)] == ["a", "c"]


def test_no_more_than_their_bytes_are_held() -> None:
    """Measured: a report with a long text counts with that text."""
    long = replace(VERDICT, telling=replace(VERDICT.telling, headline="x" * 1_000_000))
    assert size_of(long) - size_of(VERDICT) > 900_000
    assert size_of(VERDICT) > sys.getsizeof("no answer") * 2
    reports = Reports(most_bytes=2_500_000)
    for key in "abc":
        reports.keep(key, long)
    assert [key for key in "abc" if reports.get(key)] == ["b", "c"]

    reports.keep("huge", replace(VERDICT, telling=replace(long.telling, headline="y" * 3_000_000)))
    assert not any(reports.get(key) for key in ("a", "b", "c", "huge"))
    reports.keep("a", long)
    assert reports.get("a")


def test_of_one_person_the_last_word_counts() -> None:
    """Of several each one's own."""
    reports = Reports()
    reports.keep("k", VERDICT)
    for person, is_right in (("U1", True), ("U2", True), ("U1", False)):
        reports.say("k", person, is_right=is_right)
    reports.say("gone", "U1", is_right=True)
    entry = reports.get("k")

    assert entry is not None
    assert entry.verdict.held is not None
    assert entry.verdict.held.says(is_right=True) == ("U2",)
    assert entry.verdict.held.says(is_right=False) == ("U1",)


def test_answers_to_questions_go_before_those_to_sevs() -> None:
    """Whoever asks often takes no SEV's evidence away."""
    reports = Reports(most=3)
    sev = Announcement(Place("room", "42", "sev"), 1_795_384_570.0, Named((), (), ()))
    reports.keep("sev", VERDICT, sev, Posted("43", done=True))
    for number in range(5):
        reports.keep(f"question{number}", VERDICT)

    assert reports.get("sev") is not None
    assert reports.get("question0") is None
    assert reports.get("question4") is not None
