"""`make new-cause` writes what CONTRIBUTING.md says, and it fails until somebody has filled it."""

from __future__ import annotations

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


@pytest.mark.parametrize("code", ["", "Blue-Moon", "blue_moon", "../evil", "abort"])
def test_a_code_that_is_none_or_taken_is_refused(code: str, tree: Path) -> None:
    """And nothing is written."""
    before = sorted(tree.rglob("*"))
    with pytest.raises(SystemExit, match="CODE="):
        main(code, tree)

    assert sorted(tree.rglob("*")) == before
