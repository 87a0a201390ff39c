"""The target of `make accuracy`: nothing wrong, and every complete log right."""

from __future__ import annotations

import pytest

from tests.accuracy.score import Mark, completeness, score
from tests.conftest import CORPUS


@pytest.mark.needs("corpus")
def test_nothing_is_wrong_and_every_complete_log_is_right() -> None:
    """Unknown is an answer only where a part of the report is lost."""
    for label, marks in score(CORPUS):
        for column, mark in marks.items():
            assert mark is not Mark.WRONG, (label["id"], column)
            if not label.get("negative") and completeness(label) == "complete":
                assert mark in (Mark.RIGHT, None), (label["id"], column)
