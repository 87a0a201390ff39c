"""A test that needs what the machine does not have: not run and told of, and under CI a failure."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, RUN_THE_PROBE

PYTEST = (
    *(sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider"),
    *("-c", ROOT / "pyproject.toml"),
)
TESTS = """
import pytest

@pytest.fixture(scope="session")
def packed():
    raise RuntimeError("a fixture was set up")

@pytest.mark.needs("zstd")
def test_with_a_fixture(packed):
    pass

@pytest.mark.needs("zstd")
@pytest.mark.needs("bzip2")
def test_with_two():
    raise RuntimeError("a test was run")

@pytest.mark.needs("bash")
def test_that_runs():
    pass
"""


def outcome(directory: Path, ci: str, tests: str = TESTS) -> tuple[int, str]:
    """Exit status and output of pytest, with our conftest; bash is the only program on PATH."""
    (directory / "test_some.py").write_text(tests, encoding="utf-8")
    (directory / "bin").mkdir()
    (directory / "bin" / "bash").symlink_to(sys.executable)
    environment = {**os.environ, "CI": ci, "PATH": str(directory / "bin"), "PYTHONPATH": str(ROOT)}
    environment.pop("PYTEST_XDIST_WORKER", None)
    done = subprocess.run(
        [*PYTEST, "--rootdir", directory, directory / "test_some.py"],
        cwd=directory,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def test_without_its_program_a_test_is_not_run(tmp_path: Path) -> None:
    """No fixture of it is set up either, and each program has one line, in a stable order."""
    status, told = outcome(tmp_path, ci="")

    assert (status, "1 passed, 2 skipped" in told) == (0, True), told
    assert [line for line in told.splitlines() if "not run" in line] == [
        "not run: 1 test needs bzip2 (apt install bzip2)",
        "not run: 2 tests need zstd (apt install zstd)",
    ]


def test_under_ci_a_missing_program_is_a_failure(tmp_path: Path) -> None:
    """There nothing may be left out."""
    status, told = outcome(tmp_path, ci="true")

    assert (status, "1 passed, 2 errors" in told) == (1, True), told
    assert "needs zstd, and under CI nothing may be left out" in told
    assert "RuntimeError" not in told


def test_those_that_run_the_probe_are_run_by_one_worker(tmp_path: Path) -> None:
    """Each file with a test for each of two workers, under the names of two that run it."""
    modules = sorted(RUN_THE_PROBE)[:2]
    for module in modules:
        (tmp_path / module).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / module).write_text("def test_1(): ...\ndef test_2(): ...\n", encoding="utf-8")
    done = subprocess.run(
        [*PYTEST, "-v", "-n", "2", "--rootdir", tmp_path, *(tmp_path / name for name in modules)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )

    workers = re.findall(r"\[(gw\d)\].*PASSED", done.stdout)
    assert (len(workers), len(set(workers))) == (4, 1)
    assert [name for name in RUN_THE_PROBE if not (ROOT / name).is_file()] == []


def test_a_need_that_nobody_knows_is_a_mistake(tmp_path: Path) -> None:
    """Else a misspelt program would never be there, and its tests would not be run anywhere."""
    status, told = outcome(tmp_path, ci="", tests=TESTS.replace("bzip2", "bzip3"))

    assert status == pytest.ExitCode.USAGE_ERROR
    assert "test_with_two: tests/conftest.py does not know 'bzip3'" in told
