"""`make new-cause` writes what CONTRIBUTING.md says, and it fails until somebody has filled it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.new_cause import LIST, main

EXAMPLE = "hung-task"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what a cause is made of and tried with."""
    leave = shutil.ignore_patterns("cases", "reports", "logs", "__pycache__")
    for folder in ("diagnostics", "tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=leave)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def run(tree: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Python in the copy, whose packages come before those that are installed."""
    return subprocess.run(
        [sys.executable, *arguments],
        check=False,
        cwd=tree,
        env={"PYTHONPATH": str(tree), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=100,
    )


def listed_in_contributing(code: str) -> list[str]:
    """The files of its first step, as they are called for this cause."""
    told = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    step = told.replace(EXAMPLE, code).replace(EXAMPLE.replace("-", "_"), code.replace("-", "_"))
    before_it_fails = step.split("They say `TODO`")[0]
    return [line.split()[0] for line in before_it_fails.split("\n") if line.startswith(" " * 7)]


def test_a_new_cause_is_listed_and_fails_until_it_is_filled(tree: Path) -> None:
    """The engine takes it as it is; its own tests do not."""
    before = {path: path.read_bytes() for path in tree.rglob("*.py")}
    written = main("blue-moon", tree)
    changed = [path for path, text in before.items() if path.read_bytes() != text]

    assert [str(path.relative_to(tree)) for path in changed] == [LIST]
    assert written == listed_in_contributing("blue-moon")
    assert [(tree / name).exists() for name in written] == [True] * 4
    listed = "from diagnostics.rules import RULES; print([rule.code for rule in RULES][-1])"
    assert run(tree, "-c", listed).stdout == "blue-moon\n"
    tried = run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", written[2])
    assert "2 failed" in tried.stdout, tried.stdout + tried.stderr
    clean = run(tree, "-m", "ruff", "check", "--no-cache", *written[:3])
    assert clean.returncode == 0, clean.stdout


@pytest.mark.parametrize(
    "code",
    [
        *("", "Blue-Moon", "blue_moon", "../evil", "abort", "blue-moon\n", "a" * 41),
        *("class", "if", "match", "type", "case"),
        *("rules", "codes", "rule", "dataclass", "model", "module", "outcome", "kernel-says"),
        *("diagnostics", "tuple", "getattr"),
    ],
)
def test_a_code_that_is_none_or_taken_is_refused(code: str, tree: Path) -> None:
    """And nothing is written."""
    before = sorted(tree.rglob("*"))
    with pytest.raises(SystemExit, match="CODE="):
        main(code, tree)

    assert sorted(tree.rglob("*")) == before


def test_a_code_of_the_longest_is_taken(tree: Path) -> None:
    """One letter more is not."""
    assert main("a" * 40, tree)[0] == LIST


def test_a_file_that_cannot_be_written_leaves_the_list_of_rules_as_it_is(tree: Path) -> None:
    """Else nothing of sevbot could be imported any more."""
    shutil.rmtree(tree / "tests/lab/scenarios")
    before = (tree / LIST).read_bytes()
    with pytest.raises(FileNotFoundError):
        main("blue-moon", tree)

    assert (tree / LIST).read_bytes() == before


def recipe(target: str, variables: dict[str, str]) -> str:
    """The target's command as make gives it to the shell: with the values of its variables."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^{target}: .*\n\t(.*)$", makefile, re.MULTILINE)
    parts = re.split(r"(\$\(\w+\)|\$\$)", line)
    values = {f"$({name})": value for name, value in variables.items()} | {"$$": "$"}
    return "".join(values.get(part, part) for part in parts)


@pytest.mark.parametrize(
    "code", ["a; touch pwned", "$(touch pwned)", "`touch pwned`", '"; touch x']
)
def test_nothing_in_a_code_is_run_by_the_shell(code: str, tree: Path) -> None:
    """It comes to the recipe in the environment, and to sevbot as one word."""
    before = sorted(tree.rglob("*"))
    (tree / "venv/bin").mkdir(parents=True)
    (tree / "venv/bin/python").symlink_to(sys.executable)
    ran = subprocess.run(
        ["sh", "-c", recipe("new-cause", {"VENV": "venv", "CODE": code})],
        check=False,
        cwd=tree,
        env={"CODE": code, "PYTHONPATH": str(tree), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    shutil.rmtree(tree / "venv")

    assert ran.stderr.startswith(f"CODE={code}: a code is small letters")
    assert [path for path in sorted(tree.rglob("*")) if "__pycache__" not in path.parts] == before
