"""The shape of the house, as far as import-linter's contracts cannot say it: what is pure, what is
never called, how long a thing may be, what starts at once.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics.rules import RULES
from tests.conftest import ROOT

SOURCES = sorted([*(ROOT / "bot").rglob("*.py"), *(ROOT / "diagnostics").rglob("*.py")])
MAX_FUNCTION_LINES, MAX_CLASS_LINES, MAX_MODULE_LINES = 50, 150, 400
HEAVY = ("aiohttp", "asyncssh", "pydantic", "slack_bolt", "slack_sdk", "re2", "cryptography")


def imports_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


TOUCHES_THE_WORLD = ("bundle", "collect", "probe.py", "__init__.py")
THE_WORLD = ("os", "time", "subprocess", "asyncio", "pathlib", "socket", "logging")


def test_what_reads_decides_and_tells_is_pure() -> None:
    """It touches no clock, file or process. (That it knows no collector is among the contracts.)"""
    rooms = [
        part for part in (ROOT / "diagnostics").iterdir() if part.name not in TOUCHES_THE_WORLD
    ]
    pure = [path for path in SOURCES if any(path.is_relative_to(room) for room in rooms)]

    assert {"engine.py", "model.py", "words.py", "nodes.py"} <= {path.name for path in pure}
    for path in pure:
        wrong = [name for name in imports_of(path) if name.partition(".")[0] in THE_WORLD]
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


def test_rules_are_causes_and_nothing_else() -> None:
    """One file for each cause, in the list; what several need stands in `memory` or `services`."""
    files = {path.stem for path in (ROOT / "diagnostics/rules").glob("*.py")} - {"__init__"}
    assert {stem.replace("_", "-") for stem in files} == {rule.code for rule in RULES}


def test_nothing_dangerous_is_called() -> None:
    """Host keys are always verified, no shell string is built here, nothing is unpickled or
    evaluated.
    """
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = (
                node.func.attr
                if isinstance(node.func, ast.Attribute)
                else getattr(node.func, "id", "")
            )
            bad = [
                k.arg
                for k in node.keywords
                if isinstance(k.value, ast.Constant)
                and (k.arg, k.value.value) in FORBIDDEN_ARGUMENTS
            ]
            where = f"{path.relative_to(ROOT)}:{node.lineno}"
            assert name not in FORBIDDEN_CALLS, f"{where} calls {name}"
            assert not bad, f"{where} passes {bad}"


FORBIDDEN_CALLS = {
    "eval",
    "exec",
    "system",
    "popen",
    "create_subprocess_shell",
    "loads_pickle",
    "scp",
    "start_sftp_client",
}
FORBIDDEN_ARGUMENTS = {("known_hosts", None), ("shell", True)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_outgrows_its_room(path: Path) -> None:
    """Short functions, no god class, no module that nobody reads to its end."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_MODULE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            limit = MAX_CLASS_LINES if isinstance(node, ast.ClassDef) else MAX_FUNCTION_LINES
            assert (node.end_lineno or 0) - node.lineno < limit, (
                f"{node.name} is longer than {limit} lines"
            )


QUICK = (
    ["--help"],
    ["explain"],
    ["explain", "memcg-oom"],
    ["diagnose", "--kernel-log", "tests/logs/5.10-D-memcg.txt"],
)


@pytest.mark.parametrize("arguments", QUICK, ids=" ".join)
def test_a_quick_command_imports_nothing_heavy(arguments: list[str]) -> None:
    """`--help`, a cause's page and a small log start at once."""
    script = f"""
import sys
from bot.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout
    assert done.stderr.strip() == "[]"
