"""Rules that are not due take nothing: what redacting skips, going the long way through every rule
would not have changed either.
"""

from __future__ import annotations

import hashlib
import json
import re
from itertools import pairwise
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics.bundle.due_rules import compiled, due_by_looks, due_by_place
from diagnostics.bundle.redact import (
    _CONTROL,
    _LONG_WORD,
    _WRITTEN_ESCAPES,
    GONE,
    _free_of_kernels,
    _record,
    _value,
    as_read,
    redact,
)
from diagnostics.bundle.secret_rules import RULES, Place
from diagnostics.bundle.word_shape import is_made_up, is_made_up_of_all
from tests.diagnostics.secrets import placements
from tests.diagnostics.test_redact import HOSTILE, ORDINARY, PLACED

TOLD = [*ORDINARY, *(placed.told for placed in PLACED), *HOSTILE.values()]
AROUND = [
    "-",
    "/",
    "=",
    ".scope",
    ".service",
    "sha256:",
    "image id ",
    "docker-",
    "+",
    "_",
    ":",
    " ",
    "\n",
    "\t",
    "\u00a0",
    "\u2028",
    "0x",
]
WORDS = st.text("aZ09bY18fE-_+=/.:~", max_size=45) | st.from_regex(
    r"[0-9a-f]{30,40}|[a-z]{20,40}|[A-Za-z0-9]{12,40}={0,2}", fullmatch=True
)
TEXTS = st.lists(
    st.sampled_from(TOLD) | st.sampled_from(AROUND) | WORDS | st.text(max_size=20), max_size=8
).map("".join)
STATES = (
    "kern  :info  : ",
    "kern  :err   : ",
    "daemon:info  : ",
    "user:err: ",
    "<4>",
    "<12>",
    "kern:",
    "kern0:a: ",
    "  ",
    "",
    "[ 1.0] ",
)
LOGS = st.lists(
    st.tuples(st.sampled_from(STATES), st.sampled_from(("a", "", "b kern  :info  : c", "<4>"))).map(
        "".join
    )
).map("\n".join)


def the_long_way(text: str) -> str:
    """Every rule in its turn, and every match that RE2 finds."""
    text = _LONG_WORD.sub(rf"\g<1>{GONE}", as_read(text))
    for rule in RULES:
        kept, at = [], 0
        for found in compiled(rule.pattern).finditer(text):
            groups = (found.span(group) for group in range(1, found.re.groups + 1))
            start, end = next((span for span in groups if span[0] >= 0), None) or _value(
                text, found.end()
            )
            if (
                found.start() < at
                or start < at
                or start == end
                or rule.stays(Place.of(text, start, end))
            ):
                continue
            kept += [text[at:start], re.sub(r"[^\n]+", GONE, text[start:end])]
            at = end
        text = "".join([*kept, text[at:]])
    return text


@pytest.mark.parametrize("seed", range(3))
def test_both_corpora_are_redacted_as_the_long_way(seed: int) -> None:
    """Alone, and many lines in one text."""
    told = [*ORDINARY, *(placed.told for placed in placements(seed))]
    mixed = sorted(told, key=lambda text: hashlib.sha256(f"{seed} {text}".encode()).digest())
    for text in [*told, *("\n".join(mixed[at : at + 40]) for at in range(0, len(mixed), 40))]:
        assert redact(text) == the_long_way(text)


@settings(max_examples=600, deadline=None)
@given(TEXTS)
def test_any_text_is_redacted_as_the_long_way(text: str) -> None:
    """Pieces of both corpora, words of all looks, and what may stand around them."""
    assert redact(text) == the_long_way(text)


def test_all_are_due_where_the_patterns_cannot_be_matched(monkeypatch: pytest.MonkeyPatch) -> None:
    """RE2 answers with none where its memory does not suffice: that is no proof."""
    monkeypatch.setattr(
        "diagnostics.bundle.due_rules._patterns",
        lambda: [([0, 1], SimpleNamespace(Match=lambda _text: None))],
    )
    assert list(due_by_place("a")) == [
        number for number, rule in enumerate(RULES) if not rule.by_looks
    ]


def test_most_texts_have_few_rules_due() -> None:
    """Else nothing would be gained."""
    assert sum(len({*due_by_place(line), *due_by_looks(line)}) for line in ORDINARY) < len(ORDINARY)


@settings(max_examples=600)
@given(WORDS | TEXTS, st.sampled_from(["", *AROUND]))
def test_no_word_that_dice_made_is_passed_over(word: str, before: str) -> None:
    """The first look at a word tells no other thing than all looks do; and what stands before one
    only excuses it.
    """
    assert is_made_up(word, before) == is_made_up_of_all(word, before)
    assert is_made_up(word, "") or not is_made_up(word, before)


@given(st.text(st.sampled_from("ab[]m\\#^033ue1bx \r\n\t\0\x7f\x1b\x0b")))
def test_what_an_ascii_text_looks_like_is_told_as_of_any_other(text: str) -> None:
    """As bytes, and only where there is a sign of an escape; a letter of another kind takes the
    long way.
    """
    assert as_read(text) == as_read(f"{text}\u00e9")[:-1] or "\x1b" in text
    if "\x1b" not in text:
        assert as_read(text) == _WRITTEN_ESCAPES.sub("", text).replace("\r\n", "\n").translate(
            _CONTROL
        )


@settings(max_examples=400)
@given(LOGS, st.sampled_from(["", "\n"]))
def test_users_lines_are_found_as_record_by_record(log: str, end: str) -> None:
    """Whatever order the kernel's and others' lines have."""
    text = log + end
    states = re.compile(
        r"^(?:(?P<kernel>kern *:[a-z]+ *: |<[0-7]>)|[a-z]{2,8}\d? *:[a-z]+ *: |<\d{1,3}>)",
        re.MULTILINE,
    )
    begun = [
        (found.start(), found.end(), found["kernel"] is not None) for found in states.finditer(text)
    ]
    records = [(0, 0, False), *begun, (len(text), len(text), True)]
    free = [
        (said, ends)
        for (_begins, said, kernels), (ends, _said, _kernels) in pairwise(records)
        if not kernels and said < ends
    ]
    assert list(_free_of_kernels(text)) == free


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        '{"a":1} ',
        '{"a":1}\r',
        '{"a":1}x',
        '{"a":1}\u00a0',
        '{"a":',
        '{"a":1}{}',
        "{" * 5000,
        '{"a":NaN}',
    ],
)
def test_a_record_is_read_as_json(line: str) -> None:
    """No more and no less than `json.loads` takes."""
    try:
        expected = json.loads(line)
    except (ValueError, RecursionError):
        expected = None
    assert str(_record(line)) == str(expected)
