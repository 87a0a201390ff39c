"""Unframing takes lines in runs: nothing of that is to be seen in what it reads."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.bundle.framing import is_busy, unframe

LINES = st.sampled_from(
    (
        *(
            "=sevbot-probe 1",
            "=begin clock",
            "=begin kernel-log",
            "=begin x",
            "=end clock 0",
            "=end kernel-log 1 cut",
            "=end",
            "=done",
            "=",
        ),
        *(
            "|a",
            "|",
            "|b|c",
            "||",
            "!",
            "!d",
            "",
            "",
            "e",
            "=busy",
            "=missing clock f",
            "|" + "g" * 700,
            "|\u00e9",
            "=end clock 0 whole",
        ),
    )
)


@settings(max_examples=600)
@given(st.lists(LINES, max_size=30), st.sampled_from(["", "|", "|x", "="]))
def test_runs_of_lines_are_read_as_line_by_line(lines: list[str], fragment: str) -> None:
    """A run is no more than its lines: the same ones are read where rubbish stands between any two
    of them.
    """
    together, apart = (
        "".join(f"{line}\n{between}" for line in ["=sevbot-probe 1", *lines])
        for between in ("", "rubbish\n")
    )
    if lines[:1] != ["=busy"]:
        assert unframe(f"{together}{fragment}".encode(), None) == unframe(
            f"{apart}{fragment}".encode(), None
        )


def test_a_busy_probe_is_known_before_its_line_ends() -> None:
    """Its answer may have come in parts."""
    assert is_busy(b"=sevbot-probe 1\n=busy")
    assert is_busy(b"hello\n=sevbot-probe 1\n=busy\n")
    assert not is_busy(b"=sevbot-probe 1\n=busybody")
    assert not is_busy(b"=sevbot-probe 1")
