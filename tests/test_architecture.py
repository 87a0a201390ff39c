"""The shape of the house, read from the imports: what may know of what, and what may never be called."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

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


def files_in(folder: str) -> list[Path]:
    return [path for path in SOURCES if path.is_relative_to(ROOT / folder)]


def assert_imports_none(paths: list[Path], *forbidden: str) -> None:
    for path in paths:
        wrong = [name for name in imports_of(path) if name.startswith(forbidden)]
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"


def test_diagnostics_knows_nothing_of_the_bot() -> None:
    """The bot uses the diagnostics, never the other way round."""
    assert_imports_none(files_in("diagnostics"), "bot", "slack_", "aiohttp", "pydantic")


def test_only_collecting_speaks_ssh() -> None:
    """asyncssh stays in the collector and in the demo's hosts."""
    others = [p for p in SOURCES if not p.is_relative_to(ROOT / "diagnostics/collect") and p != ROOT / "bot/demo/hosts.py"]
    assert_imports_none(others, "asyncssh")


def test_facts_and_rules_are_pure() -> None:
    """Readers and rules touch no clock, file, process or collector."""
    pure = [*files_in("diagnostics/facts"), *files_in("diagnostics/rules"), ROOT / "diagnostics/engine.py"]
    assert_imports_none(pure, "os", "time", "subprocess", "asyncio", "pathlib", "socket", "logging", "diagnostics.collect")


def test_rules_name_no_renderer_and_renderers_no_rule() -> None:
    """A new cause touches neither engine nor renderer."""
    assert_imports_none(files_in("diagnostics/rules"), "diagnostics.render", "diagnostics.words", "diagnostics.report_json")
    words = [ROOT / "diagnostics" / name for name in ("words.py", "render.py", "report_json.py")]
    assert_imports_none([*words, ROOT / "bot/blocks.py"], "diagnostics.rules", "diagnostics.facts")


def test_nothing_dangerous_is_called() -> None:
    """Host keys are always verified, no shell string is built here, nothing is unpickled or evaluated."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            bad = [k.arg for k in node.keywords if isinstance(k.value, ast.Constant) and (k.arg, k.value.value) in FORBIDDEN_ARGUMENTS]
            where = f"{path.relative_to(ROOT)}:{node.lineno}"
            assert name not in FORBIDDEN_CALLS, f"{where} calls {name}"
            assert not bad, f"{where} passes {bad}"


FORBIDDEN_CALLS = {"eval", "exec", "system", "popen", "create_subprocess_shell", "loads_pickle", "scp", "start_sftp_client"}
FORBIDDEN_ARGUMENTS = {("known_hosts", None), ("shell", True)}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_outgrows_its_room(path: Path) -> None:
    """Short functions, no god class, no module that nobody reads to its end."""
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= MAX_MODULE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            limit = MAX_CLASS_LINES if isinstance(node, ast.ClassDef) else MAX_FUNCTION_LINES
            assert (node.end_lineno or 0) - node.lineno < limit, f"{node.name} is longer than {limit} lines"


@pytest.mark.parametrize("arguments", [["--help"], ["diagnose", "--kernel-log", "tests/logs/5.10-D-memcg.txt"]])
def test_a_quick_command_imports_nothing_heavy(arguments: list[str]) -> None:
    """`--help` and a small log start at once."""
    script = f"""
import sys
from bot.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"
