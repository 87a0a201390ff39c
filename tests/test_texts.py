"""Every recorded case's text, as somebody reads it who was just woken up: what it must hold, and in
which words.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from diagnostics.bundle.directory import read_directory
from diagnostics.engine import report_on
from diagnostics.model import Examined, Finding
from diagnostics.rules import RULES
from diagnostics.telling.brief import brief
from diagnostics.telling.render import to_text
from diagnostics.telling.words import Part, tell
from tests.conftest import ROOT
from tests.examined import examined
from tests.test_cases import CASES, case_of

WITH_FINDINGS = [directory for directory in CASES if case_of(directory)["findings"]]
JARGON = ROOT / "tests" / "jargon.txt"
# the last four are what sudo calls its own fields
EVERYBODYS = {"CPU", "COMMAND", "PWD", "UNIT", "USER"}
KILLERS = (
    "OOM killer",
    "systemd",
    "SIG",
    "kernel",
    "engine",
    "earlyoom",
    "nohang",
    "oomd",
    "itself",
    "gave up",
    "machine",
    "limit of",
    "could not be started",
)
# quoted, a path, a command, the calls of a trace
_HOST_TEXT = re.compile(r"“[^”]*”|(?<!\w)/\S+|^sed .*$|(?<=waits in the kernel's ).*$")
_WORD = re.compile(r"[A-Za-z][A-Za-z_'-]+")
_SETTING = re.compile(r"(?:[A-Z]+[a-z]+)+[A-Z]*")
_ABBREVIATION = re.compile(r"[A-Z]{2}|_")
_GLOSSARY = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
_IMPERATIVE = re.compile(r"(?:Or: )?(?:“[^”]+” |[A-Z][a-z]+ )")


@cache
def host_of(directory: Path) -> Examined:
    return examined(read_directory(directory / case_of(directory)["bundle"]))


def parts_with_findings(directory: Path) -> list[tuple[Part, Finding]]:
    """What is told of each finding, in the same order."""
    host = host_of(directory)
    told: list[Finding] = []
    for finding in host.findings:
        if (finding.code, finding.headline) not in {(other.code, other.headline) for other in told}:
            told.append(finding)
    return list(zip(tell(report_on([host])).parts, told, strict=False))


@pytest.mark.parametrize("directory", WITH_FINDINGS, ids=lambda path: path.name)
def test_a_text_names_victim_killer_cause_and_what_to_do(directory: Path) -> None:
    """The first three under “What happened”, with two numbers; the last under “What to do”."""
    for part, finding in parts_with_findings(directory):
        story = " ".join(part.story)
        if finding.victim is not None and finding.kills:
            # a cause behind a kill is told beside it
            assert finding.victim.task.comm in story or finding.explains, "the victim"
        assert any(killer in story for killer in KILLERS), "the killer"
        assert len(re.findall(r"\d+(?:[.:]\d+)*", story)) >= 2, "two numbers"
        assert part.steps, "an action"
        assert all(_IMPERATIVE.match(step.says) for step in part.steps), (
            "an action that says what to do"
        )


@pytest.mark.parametrize("directory", WITH_FINDINGS, ids=lambda path: path.name)
def test_each_stands_under_its_heading(directory: Path) -> None:
    """In this order, once for each finding."""
    text = to_text(report_on([host_of(directory)]))
    told = len(parts_with_findings(directory))
    assert text.count("\nWhat happened\n") >= told
    assert text.count("\nWhat to do\n") == told
    assert text.count("\nEvidence\n") == told
    assert text.index("What happened") < text.index("What to do") < text.index("Evidence")
    # what somebody reads at night stands above what can be left aside
    assert text.rindex("\nEvidence\n") < text.find("\nRuled out\n") % (len(text) + 1)


def words_of(directory: Path) -> set[str]:
    """The words of all sentences, without what stands there as the host or a command has it."""
    words: set[str] = set()
    for part in tell(report_on([host_of(directory)])).parts:
        sentences = (
            part.headline,
            *part.story,
            part.how_sure or "",
            *(step.says for step in part.steps),
            *part.ruled_out,
            *part.not_checked,
        )
        for sentence in sentences:
            words.update(_WORD.findall(_HOST_TEXT.sub(" ", sentence)))
    told = brief(report_on([host_of(directory)]))
    for sentence in (*told.says, *told.not_checked, told.step.says if told.step else ""):
        words.update(_WORD.findall(_HOST_TEXT.sub(" ", sentence)))
    return words


def test_no_word_is_jargon_without_an_entry_in_the_glossary() -> None:
    """A word of the list of jargon, an abbreviation, or a name of the kernel's or of ours."""
    unknown = {
        word: directory.name
        for directory in CASES
        for word in words_of(directory)
        if _is_jargon(word) and not _forms(word) & _in_glossary()
    }
    assert unknown == {}, "to be explained in docs/glossary.md, or said in plain words"


@pytest.mark.parametrize(
    ("word", "is_jargon"),
    [
        ("mempolicy", True),
        ("Cgroups", True),
        ("memcg's", True),
        ("EDAC", True),
        ("oom_kill", True),
        ("network", False),
        ("MemoryMax", False),
        ("NUMAPolicy", False),
        ("CPUs", False),
        ("membind-oom", False),
    ],
)
def test_what_jargon_is(word: str, is_jargon: bool) -> None:
    """Plain words and settings are none; codes have a test of their own."""
    assert _is_jargon(word) == is_jargon


def _is_jargon(word: str) -> bool:
    if _forms(word) & _jargon():
        return True
    known = word.removesuffix("'s") in EVERYBODYS or _SETTING.fullmatch(word)
    return not known and _ABBREVIATION.search(word) is not None


def _forms(word: str) -> set[str]:
    """The word as a dictionary has it, or might."""
    word = word.lower().strip("'").removesuffix("'s")
    return {word, word.removesuffix("s")}


@cache
def _jargon() -> frozenset[str]:
    return frozenset(JARGON.read_text(encoding="utf-8").split())


@cache
def _in_glossary() -> frozenset[str]:
    """The words that its entries are for, and those that it names as the kernel or a command has
    them.
    """
    heads = re.findall(r"(?m)^- \*\*([^*]+)\*\*:|`(.+?)`", _GLOSSARY)
    return frozenset(word.lower() for head in heads for word in _WORD.findall(" ".join(head)))


def test_the_glossary_has_every_code() -> None:
    """A report names causes by them."""
    assert [rule.code for rule in RULES if f"\n- **{rule.code}**: " not in _GLOSSARY] == []
