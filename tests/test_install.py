"""What the README has an operator install: the locks, and the program as it comes out of them."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.documents import step

ENTRY = re.compile(
    r"^([a-z0-9-]+)==(\S+.*\\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def lock(name: str) -> dict[str, str]:
    """Each package of a lock with its version, its condition and its hashes."""
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = dict(ENTRY.findall(text))
    assert len(entries) == len(re.findall(r"^\S+==", text, re.MULTILINE)), "each has hashes"
    return entries


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[^a-z0-9-]", requirement)[0] for requirement in requirements}


def test_the_runtime_lock_holds_nothing_that_only_tests_need() -> None:
    """What production installs is small: no test runner, no type checker, no build backend."""
    runtime, for_tests = (
        names(PROJECT["dependencies"]),
        names(PROJECT["optional-dependencies"]["dev"]),
    )
    assert runtime - lock("requirements.lock").keys() == set()
    assert for_tests & lock("requirements.lock").keys() == set()
    assert for_tests - lock("requirements-dev.lock").keys() == set()


def test_both_locks_agree() -> None:
    """What is tested is what runs."""
    tested = lock("requirements-dev.lock")
    assert {name: tested.get(name) for name in lock("requirements.lock")} == lock(
        "requirements.lock"
    )


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_a_lock_names_no_index(name: str) -> None:
    """Where packages come from is the operator's."""
    assert (
        re.findall(r"https?://|--index|--find-links", (ROOT / name).read_text(encoding="utf-8"))
        == []
    )


@pytest.mark.needs("package index")
def test_what_the_readme_installs_runs(tmp_path: Path) -> None:
    """Its own commands, in a directory of this test's: the program starts, the demo ends with a
    diagnosis, and nothing else is there.

    Neither is anything of what stood there before.
    """
    venv = tmp_path / "sevbot"
    left = (
        venv
        / "lib"
        / f"python3.{sys.version_info.minor}"
        / "site-packages"
        / "of_an_older_sevbot.py"
    )
    left.parent.mkdir(parents=True)
    left.write_text("", encoding="utf-8")
    script = step(1).replace("/opt/sevbot", str(venv))
    subprocess.run(["sh", "-euc", script], check=True, cwd=ROOT, capture_output=True, timeout=100)

    for words in (["--help"], ["demo", "--exit"]):
        subprocess.run(
            [venv / "bin/sevbot", *words], check=True, cwd=tmp_path, capture_output=True, timeout=60
        )
    listed = subprocess.run(
        [venv / "bin/pip", "list", "--format=freeze"], check=True, capture_output=True, text=True
    ).stdout
    assert not left.exists()
    installed = {line.split("==")[0].lower().replace("_", "-") for line in listed.splitlines()}
    assert installed - {"pip", "setuptools"} == {*lock("requirements.lock"), "sevbot"}


@pytest.mark.needs("systemd-analyze")
def test_the_unit_leaves_little_open() -> None:
    """systemd's own measure of it, 0 (best) to 10: at most 1.5. That it runs so is tried in the
    lab.
    """
    asked = [
        "systemd-analyze",
        "security",
        "--offline=true",
        "--threshold=15",
        "--no-pager",
        "docs/deploy/sevbot.service",
    ]
    done = subprocess.run(asked, cwd=ROOT, check=False, capture_output=True, text=True)
    assert "Overall exposure level for sevbot.service" in done.stdout
    assert done.returncode == 0, done.stdout.splitlines()[-1]
