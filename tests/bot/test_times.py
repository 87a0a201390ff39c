"""A recorded incident is played with the times of now, and is the same incident."""

from __future__ import annotations

import time

from bot.demo.times import as_of_now
from diagnostics.bundle.directory import read_directory
from diagnostics.engine import diagnose
from diagnostics.model import Examined
from tests.conftest import ROOT

RANKER = ROOT / "bot" / "demo" / "bundles" / "ranker"


def test_the_storys_times_are_those_of_now_and_its_findings_the_same() -> None:
    """The look is now; the last kill as long before it as when it was recorded."""
    recorded = read_directory(RANKER)
    before, after = diagnose(recorded), diagnose(as_of_now(recorded))
    assert isinstance(before, Examined)
    assert isinstance(after, Examined)
    assert after.taken_at is not None
    assert after.taken_at.wall is not None
    assert abs(after.taken_at.wall.timestamp() - time.time()) < 60
    (one,), (other,) = before.findings, after.findings
    assert (one.code, one.confidence, len(one.kills)) == (
        other.code,
        other.confidence,
        len(other.kills),
    )
    assert (before.clear.keys(), before.unknown.keys()) == (
        after.clear.keys(),
        after.unknown.keys(),
    )


def test_what_has_no_clock_is_left_as_it_is() -> None:
    """An old recording, or one whose clock did not come."""
    recorded = read_directory(RANKER)
    sections = {name: each for name, each in recorded.sections.items() if name != "clock"}
    bare = type(recorded)(host="x", sections=sections, missing=recorded.missing)
    assert as_of_now(bare) is bare
