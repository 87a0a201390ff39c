"""The one judge: what confirms, what does not, and that nobody else judges."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.bundle import Bundle
from diagnostics.bundle.directory import read_directory
from diagnostics.confidence import NOT_COMPLETE
from diagnostics.model import Confidence, Finding
from tests.conftest import ROOT
from tests.examined import examined
from tests.test_architecture import SOURCES

CASES = ROOT / "tests" / "cases"
# the second reads what was judged
JUDGES = {
    ROOT / "diagnostics" / "confidence.py",
    ROOT / "diagnostics" / "telling" / "report_reader.py",
}


def case(name: str) -> Bundle:
    return read_directory(CASES / name)


def without(bundle: Bundle, words: str) -> Bundle:
    """The bundle with no line of the kernel's that has these words."""
    sections = {
        name: replace(
            section,
            text="".join(
                line for line in section.text.splitlines(keepends=True) if words not in line
            ),
        )
        if name in ("kernel-log", "kernel-journal")
        else section
        for name, section in bundle.sections.items()
    }
    return replace(bundle, sections=sections)


def findings_of(bundle: Bundle) -> dict[str, Finding]:
    return {finding.code: finding for finding in examined(bundle).findings}


def test_without_its_header_no_report_confirms_anything() -> None:
    """Who asked is lost, so the report is not complete, whatever it is told for."""
    whole, cut = (
        findings_of(case("hugepages-6.1")),
        findings_of(without(case("hugepages-6.1"), "invoked oom-killer")),
    )

    assert {code: finding.confidence for code, finding in whole.items()} == dict.fromkeys(
        whole, Confidence.CONFIRMED
    )
    assert cut.keys() == whole.keys()
    assert {finding.confidence for finding in cut.values()} == {Confidence.POSSIBLE}
    assert {finding.caveat for finding in cut.values()} == {NOT_COMPLETE}


@pytest.mark.parametrize(
    "name",
    [
        "global-oom-5.10",
        "hugepages-6.1",
        "memcg-6.1",
        "membind-numactl-6.1",
        "slab-growth-6.1",
        "tmpfs-6.1",
    ],
)
def test_a_summary_that_names_another_victim_confirms_nothing(name: str) -> None:
    """The kill line and the summary are of two reports then, whatever is told of them."""
    bundle = case(name)
    sections = {
        key: replace(section, text=section.text.replace(",pid=", ",pid=9"))
        if key in ("kernel-log", "kernel-journal")
        else section
        for key, section in bundle.sections.items()
    }

    for finding in findings_of(replace(bundle, sections=sections)).values():
        assert not finding.kills or finding.confidence is Confidence.POSSIBLE, finding.code


def test_nobody_else_judges() -> None:
    """No `Confidence` and no `Judgement` is made but in one module (and read back by the reader of
    reports).
    """
    for path in SOURCES:
        if path not in JUDGES:
            assert judged_in(path) == [], path


def judged_in(path: Path) -> list[int]:
    """The lines that name a level, or make or alter a judgement, under whatever name they were
    imported.
    """
    return judged(ast.parse(path.read_text(encoding="utf-8")))


def judged(tree: ast.AST) -> list[int]:
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and last_name(node.value) == "Confidence":
            found.append(node.lineno)
        if isinstance(node, ast.Call) and last_name(node.func) in ("Confidence", "Judgement"):
            found.append(node.lineno)
        if isinstance(node, ast.Call) and {keyword.arg for keyword in node.keywords} & {
            "confidence",
            "caveat",
        }:
            found.append(node.lineno)
        if isinstance(node, ast.ImportFrom) and any(hides_a_judge(alias) for alias in node.names):
            found.append(node.lineno)
    return found


def hides_a_judge(alias: ast.alias) -> bool:
    return alias.name == "_CONFIRMED" or (
        alias.name in ("Confidence", "Judgement") and alias.asname is not None
    )


def last_name(node: ast.AST) -> str:
    return (
        node.attr
        if isinstance(node, ast.Attribute)
        else node.id
        if isinstance(node, ast.Name)
        else ""
    )


@pytest.mark.parametrize(
    "code",
    [
        "Judgement(Confidence.CONFIRMED, None)",
        "model.Judgement(model.Confidence('confirmed'), None)",
        "x = model.Confidence.LIKELY",
        "replace(judged, confidence=other)",
        "from diagnostics.confidence import _CONFIRMED",
        "from diagnostics.model import Judgement as J",
    ],
)
def test_a_judgement_is_seen_in_each_of_its_disguises(code: str) -> None:
    """Else the test above proves nothing."""
    assert judged(ast.parse(code))


@pytest.mark.parametrize("words", ["invoked oom-killer", "oom-kill:constraint"])
@pytest.mark.parametrize(
    "name", ["hugepages-6.1", "memcg-6.1", "slab-growth-6.1", "tmpfs-6.1", "global-oom-5.10"]
)
def test_a_report_that_lost_a_line_confirms_nothing(name: str, words: str) -> None:
    """Its header, or the summary that this kernel prints: who asked, or for what, is lost then."""
    for finding in findings_of(without(case(name), words)).values():
        assert not finding.kills or finding.confidence is not Confidence.CONFIRMED, finding.code
