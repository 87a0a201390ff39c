"""What tests share: the marker for programs that a machine may not have, and the recorded
incidents.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

PROGRAMS = {"sshd": "/usr/sbin/sshd"}  # not on every PATH
ROOT = Path(__file__).parent.parent
# recorded logs of others, which this repository does not hold
CORPUS = ROOT.parent / "shared" / "corpus"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without its program a test is not run, and says so; under CI that is a failure."""
    for item in items:
        for marker in item.iter_markers("needs"):
            program = marker.args[0]
            if not _is_there(program):
                item.add_marker(pytest.mark.usefixtures("missing_program"))
                item.user_properties.append(("missing", program))


def _is_there(program: str) -> bool:
    if program == "root":
        return os.geteuid() == 0
    return (
        CORPUS.is_dir()
        if program == "corpus"
        else shutil.which(PROGRAMS.get(program, program)) is not None
    )


@pytest.fixture
def missing_program(request: pytest.FixtureRequest) -> None:
    program = dict(request.node.user_properties)["missing"]
    if os.environ.get("CI"):
        pytest.fail(f"needs {program}, and under CI nothing may be left out")
    pytest.skip(f"not run: needs {program}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for all that was left out."""
    left_out = {str(report.longrepr[2]) for report in terminalreporter.stats.get("skipped", [])}
    programs = sorted(
        reason.rpartition("needs ")[2] for reason in left_out if "not run: needs" in reason
    )
    if programs:
        terminalreporter.write_line(f"not run: needs {', '.join(programs)}")
