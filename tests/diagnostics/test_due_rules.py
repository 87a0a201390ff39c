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

from diagnostics.bundle.as_read import _CONTROL, _WRITTEN_ESCAPES, as_read
from diagnostics.bundle.directory import read_directory
from diagnostics.bundle.due_rules import (
    _patterns,
    _signs,
    compiled,
    due_by_looks,
    due_by_place,
    warm,
)
from diagnostics.bundle.redact import _is_plainly_kernels, _not_the_kernels, _others, _record
from diagnostics.bundle.redact_text import _LONG_WORD, GONE, _value, redact, without
from diagnostics.bundle.secret_places import Place
from diagnostics.bundle.secret_rules import RULES, Rule
from diagnostics.bundle.secret_words import KEY_ENDS, KEY_WORDS
from diagnostics.bundle.word_shape import is_made_up, is_made_up_of_all
from tests.conftest import ROOT
from tests.diagnostics.secrets import placements
from tests.diagnostics.test_redact import HOSTILE, ORDINARY, PLACED

CASES = ROOT / "tests" / "cases"
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
    assert list(due_by_place("password=a").rules) == [
        number for number, rule in enumerate(RULES) if not rule.by_looks
    ]


def test_most_texts_have_few_rules_due() -> None:
    """Else nothing would be gained."""
    due = [{*due_by_place(line).rules, *due_by_looks(line).rules} for line in ORDINARY]
    assert sum(map(len, due)) < len(ORDINARY)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_what_a_rule_takes_stands_in_lines_with_its_sign(rule: Rule) -> None:
    """In all that is placed, and beside ordinary lines: else the rule would never be asked."""
    for told in TOLD:
        text = f"{ORDINARY[0]}\n{as_read(told)}\n{ORDINARY[1]}"
        everywhere = without(rule, text, [(0, len(text))])
        if everywhere != text:
            due = (due_by_looks if rule.by_looks else due_by_place)(text)
            assert RULES.index(rule) in due.rules
            assert without(rule, text, due.lines) == everywhere


@settings(max_examples=1000)
@given(st.from_regex(re.compile(rf"(?:{KEY_WORDS})\Z")))
def test_each_key_word_ends_as_its_sign_says(word: str) -> None:
    """Whatever it begins with; the last three of the list have a sign of their own."""
    of_header = r"authorization|bearer|cookie"
    assert re.search(rf"(?:{KEY_ENDS}|(?i:{of_header}))\n?\Z", word)


def test_few_ordinary_lines_have_a_sign_of_a_place() -> None:
    """Each that has one costs as much as a hundred that have none."""
    assert sum(bool(due_by_place(line).lines) for line in ORDINARY) < len(ORDINARY) / 4


def test_of_many_signs_all_lines_are_looked_at() -> None:
    """Also of a key whose end is far away."""
    many = "password=a\n\n\n" * 100
    assert due_by_place(many).lines == ((0, len(many)),)
    text = "a\n-----BEGIN PRIVATE KEY-----\n\n\nb"
    assert due_by_place(text).lines == ((0, len(text)),)
    assert due_by_place("a\npassword=a\nb\nc").lines == [(2, 14)]


def test_warm_leaves_nothing_to_compile() -> None:
    """So the first host of a fleet costs no more than the others."""
    for kept in (compiled, _patterns, _signs):
        kept.cache_clear()
    warm()
    compiled_before = compiled.cache_info().misses, _patterns.cache_info().misses
    due_by_place("password=a")
    due_by_looks("aB3aB3aB3aB3aB3")
    assert (compiled.cache_info().misses, _patterns.cache_info().misses) == compiled_before


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
@given(LOGS)
def test_users_lines_are_found_as_record_by_record(log: str) -> None:
    """Whatever order the kernel's and others' lines have."""
    text = log + "\n"
    states = re.compile(
        r"^(?:(?P<kernel>kern *:[a-z]+ *: |<[0-7]>)|[a-z]{2,8}\d? *:[a-z]+ *: |<\d{1,3}>)",
        re.MULTILINE,
    )
    begun = [
        (found.start(), found.end(), found["kernel"] is not None) for found in states.finditer(text)
    ]
    records = [(0, 0, False), *begun, (len(text), len(text), True)]
    free = [
        text[said:ends].removesuffix("\n")
        for (_begins, said, kernels), (ends, _said, _kernels) in pairwise(records)
        if not kernels and said < ends
    ]
    others = _others(f"\n{log}")
    assert [said for _begins, _ends, parts in others for said in parts[1::2]] == free
    for begins, ends, parts in others:
        assert "".join(parts) == f"\n{log}"[begins:ends]


FIELDS = st.sampled_from(
    (
        '"_TRANSPORT":"kernel"',
        '"_TRANSPORT":"journal"',
        '"_TRANSPORT":["kernel"]',
        '"SYSLOG_FACILITY":"0"',
        '"SYSLOG_FACILITY":"3"',
        '"MESSAGE":"a"',
        r'"MESSAGE":"a, \"SYSLOG_FACILITY\":\"0\""',
        '"MESSAGE":"\t"',
        '"a":{"_TRANSPORT":"kernel"}',
        r'"\u005fTRANSPORT":"b"',
        '"MESSAGE":"}{"',
        '"_TRANSPORT"',
        '"":""',
        "",
    )
)


@settings(max_examples=1000)
@given(st.lists(FIELDS, max_size=6).map(",".join), st.sampled_from(["", " ", "}", ",", "x"]))
def test_a_kernels_record_is_known_as_by_its_fields(fields: str, end: str) -> None:
    """The line alone tells it only where its fields would, in whatever order and however often."""
    line = f"{{{fields}}}{end}"
    record = _record(line)
    text = f"{line}\n"
    shown = _not_the_kernels(text)
    if _is_plainly_kernels(line) and "\t" not in line:
        assert record is not None
        assert (record["_TRANSPORT"], record["SYSLOG_FACILITY"]) == ("kernel", "0")
    if record is None:
        assert shown == "\n"
    elif (record.get("_TRANSPORT"), record.get("SYSLOG_FACILITY")) == ("kernel", "0"):
        assert shown == text


def test_most_of_the_kernels_records_need_no_parsing() -> None:
    """Of a recorded case."""
    recorded = read_directory(CASES / "membind-numactl-6.1").sections["kernel-journal"].text
    lines = recorded.split("\n")[:-1]
    assert sum(map(_is_plainly_kernels, lines)) > 0.9 * len(lines)


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
