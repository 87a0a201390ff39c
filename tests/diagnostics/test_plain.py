"""What is shown of a host's text can be seen, whatever a process calls itself."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.plain import plain

# Unicode's Default_Ignorable_Code_Point (DerivedCoreProperties.txt): a font that does not know the
# character shows nothing in its place.
IGNORABLE = (
    "00AD 034F 061C 115F-1160 17B4-17B5 180B-180F 200B-200F 202A-202E 2060-206F 3164 "
    "FE00-FE0F FEFF FFA0 FFF0-FFF8 "
    "1BCA0-1BCA3 1D173-1D17A E0000-E0FFF"
)
RANGES = [
    range(int(span.split("-")[0], 16), int(span.split("-")[-1], 16) + 1)
    for span in IGNORABLE.split()
]
ALL = frozenset(code for span in RANGES for code in span)
WITH_PERL = (
    r"print join ' ', grep { chr =~ /\p{Default_Ignorable_Code_Point}/ } 0..0xD7FF, "
    r"0xE000..0x10FFFF"
)
ignorable = st.sampled_from(sorted(ALL)).map(chr)


def test_no_invisible_character_is_shown() -> None:
    """Each of them alone, as the escape that names it."""
    shown = {code: plain(chr(code)) for code in ALL}
    assert [
        f"U+{code:04X}"
        for code, text in sorted(shown.items())
        if not (text.isascii() and f"{code:x}" in text)
    ] == []


@given(
    st.lists(st.one_of(ignorable, st.characters(codec="utf-8")), max_size=30).map("".join),
    st.integers(1, 40),
)
def test_no_invisible_character_is_shown_among_others(text: str, limit: int) -> None:
    """Whatever stands beside it, cut or not; and two texts that differ in one only are not shown
    alike.
    """
    assert ALL.isdisjoint(map(ord, plain(text)))
    assert ALL.isdisjoint(map(ord, plain(text, limit)))
    assert plain(f"{text}\u3164") != plain(text)


def test_writing_stays_as_it_is() -> None:
    """Accents, Hangul, Mongolian and Khmer letters and emoji are no escapes."""
    for text in ("naïve café", "e\u0301te\u0301", "서버 순위", "ᠮᠣᠩᠭᠣᠯ", "កម្ពុជា", "⚠ 🚨"):
        assert plain(text) == text


@pytest.mark.needs("perl")
def test_the_list_is_unicodes() -> None:
    """As perl's own copy of Unicode's tables has it."""
    done = subprocess.run(["perl", "-e", WITH_PERL], check=True, capture_output=True, text=True)
    assert {int(code) for code in done.stdout.split()} == ALL
