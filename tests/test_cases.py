"""Every recorded case: the whole text that people get, and the codes that the expert gave. `make
golden` rewrites the texts.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from diagnostics.bundle.directory import read_directory
from diagnostics.engine import report_on
from diagnostics.model import Examined
from diagnostics.rules import RULES
from diagnostics.telling.render import to_text
from tests.examined import examined

CASES = sorted(path.parent for path in (Path(__file__).parent / "cases").glob("*/case.toml"))


def case_of(directory: Path) -> dict[str, Any]:
    return tomllib.loads((directory / "case.toml").read_text(encoding="utf-8"))


def only(codes: Collection[str], host: Examined) -> Examined:
    """What the report says of these codes, and every finding: a cause that is added later leaves a
    case as it is unless it fires there.
    """
    clear = {code: because for code, because in host.clear.items() if code in codes}
    unknown = {code: because for code, because in host.unknown.items() if code in codes}
    return replace(host, clear=clear, unknown=unknown)


@pytest.mark.parametrize("directory", CASES, ids=lambda path: path.name)
def test_case_gives_the_experts_verdict_in_these_words(directory: Path) -> None:
    """The codes come from case.toml, the words from expected.txt."""
    case = case_of(directory)
    judged = {*case["findings"], *case["clear"], *case.get("unknown", [])}
    host = only(judged, examined(read_directory(directory / case["bundle"])))
    text = to_text(report_on([host]))
    if os.environ.get("SEVBOT_GOLDEN"):
        (directory / "expected.txt").write_text(text, encoding="utf-8")

    assert {finding.code: str(finding.confidence) for finding in host.findings} == case["findings"]
    assert sorted(host.clear) == sorted(case["clear"])
    assert sorted(host.unknown) == sorted(case.get("unknown", []))
    assert text == (directory / "expected.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("directory", CASES, ids=lambda path: path.name)
def test_case_gives_the_same_bytes_twice(directory: Path) -> None:
    """The same bundle and the same version: nothing reads a clock or an unordered set."""
    bundle = read_directory(directory / case_of(directory)["bundle"])

    assert to_text(report_on([examined(bundle)])) == to_text(report_on([examined(bundle)]))


@pytest.mark.parametrize("directory", CASES, ids=lambda path: path.name)
def test_commands_hold_nothing_that_a_chat_shows_in_another_way(directory: Path) -> None:
    """`&&` may be shown as `&amp;&amp;`, and pasted so."""
    host = examined(read_directory(directory / case_of(directory)["bundle"]))
    edits = [
        remedy.edit
        for finding in (*host.findings, *host.older)
        for remedy in finding.remedies
        if remedy.edit is not None
    ]

    assert [edit for edit in edits if set(edit) & set("&<>")] == []


def test_every_rule_has_a_case_that_shows_it() -> None:
    """A rule without an incident is a guess; a case says where it is from. An answer that is no
    cause is shown by being given.
    """
    cases = [case_of(directory) for directory in CASES]
    fired = {code for case in cases for code in case["findings"]}
    given = {code for case in cases for code in (*case["clear"], *case.get("unknown", []))}
    answers = {rule.code for rule in RULES if "It is an answer, never a cause." in rule.page}

    assert fired | answers == {rule.code for rule in RULES}
    assert not fired & answers
    assert answers <= given
