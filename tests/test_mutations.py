"""Each care that the product takes has a test that misses it: a patch in `tests/mutations` takes
the care away in a copy, and the test that the patch names turns red there.

A patch begins with `# red: NODE ID`, perhaps a line `# needs: WHAT` (tests/conftest.py), then a
unified diff with `a/` and `b/`, as `git diff` prints it. That the test is green without the patch
the ordinary run shows.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import ROOT

MUTATIONS = ROOT / "tests/mutations"
COPIED = ("bot", "diagnostics", "tests", "manifest.yml", "pyproject.toml")
DATA = ("cases", "logs", "mutations")  # of tests: large, and read only
LINKED = ("docs", "README.md", "CHANGELOG.md", ".venv")
RED, TIMEOUT_S = 1, 100


@dataclass(frozen=True)
class Mutation:
    """A patch, the test that it turns red, and what that test needs beside git."""

    path: Path
    red: str
    needs: tuple[str, ...]

    @property
    def broken(self) -> list[str]:
        """The files that it changes."""
        return re.findall(r"^\+\+\+ b/(\S+)", self.path.read_text(encoding="utf-8"), re.MULTILINE)


def read_mutation(path: Path) -> Mutation:
    head = dict(
        re.findall(r"^# (red|needs): (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    )
    return Mutation(path, head.get("red", ""), tuple(head.get("needs", "").split()))


PATCHES = [read_mutation(path) for path in sorted(MUTATIONS.glob("*.patch"))]
BY_NAME = [
    pytest.param(each, id=each.path.stem, marks=pytest.mark.needs("git", *each.needs))
    for each in PATCHES
]


def a_copy(directory: Path) -> Path:
    """What the test needs of this repository, with links to what no patch changes."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, directory / name, ignore=_ignored)
        else:
            shutil.copy(source, directory / name)
    for name in (*LINKED, *(f"tests/{each}" for each in DATA)):
        if (ROOT / name).exists():
            (directory / name).symlink_to(ROOT / name)
    return directory


def _ignored(directory: str, names: list[str]) -> set[str]:
    of_tests = DATA if Path(directory) == ROOT / "tests" else ()
    return {name for name in names if name == "__pycache__" or name in of_tests}


def run(mutation: Mutation, copy: Path) -> subprocess.CompletedProcess[str]:
    """pytest on the one test in the copy, after the patch. Neither the outer run's options nor its
    workers reach it.
    """
    git = {**os.environ, "GIT_CEILING_DIRECTORIES": str(copy.parent)}
    apply = ["git", "apply", "-C1", "--recount", str(mutation.path)]
    done = subprocess.run(apply, cwd=copy, env=git, check=False, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 0, f"the patch is of older code, write it anew: {done.stderr}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    command = [
        *(sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider"),
        *(f"--timeout={TIMEOUT_S}", mutation.red),
    ]
    env = {**kept, "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=copy, env=env, check=False, capture_output=True, text=True)


@pytest.mark.parametrize("mutation", BY_NAME)
def test_without_the_care_its_test_is_red(mutation: Mutation, tmp_path: Path) -> None:
    """A failure of that test, not an error on the way to it."""
    done = run(mutation, a_copy(tmp_path / "copy"))

    assert done.returncode == RED, f"{mutation.path.name}: {mutation.red}\n{done.stdout[-2000:]}"


@pytest.mark.parametrize("mutation", PATCHES, ids=lambda mutation: mutation.path.stem)
def test_a_mutation_breaks_the_product_and_nothing_else(mutation: Mutation) -> None:
    """Neither the stand-in nor a test: then the test that it names would prove nothing."""
    assert mutation.red.startswith("tests/")
    assert mutation.broken
    for name in mutation.broken:
        assert name.startswith(("bot/", "diagnostics/", "manifest.yml"))
        assert not name.startswith("bot/standin/")
