"""The shape of the house, read from the imports: what may know of what, and what may never be called."""

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
    """asyncssh stays in the collector and in the stand-in's hosts."""
    others = [
        p
        for p in SOURCES
        if not p.is_relative_to(ROOT / "diagnostics/collect") and p != ROOT / "bot/standin/hosts.py"
    ]
    assert_imports_none(others, "asyncssh")


def test_the_stand_ins_know_nothing_of_the_bot() -> None:
    """They speak Slack's and SSH's protocols, so that the bot is tested by the wire and by nothing that it shares with them."""
    paths = files_in("bot/standin")
    assert {"slack.py", "hosts.py"} <= {path.name for path in paths}
    for path in paths:
        wrong = [
            name
            for name in imports_of(path)
            if name.split(".")[0] == "bot" and not name.startswith("bot.standin.")
        ]
        assert not wrong, f"{path.relative_to(ROOT)} imports {wrong}"
    assert_imports_none(paths, "slack_")


SLACKS_OWN = (ROOT / "bot/slack", ROOT / "bot/standin", ROOT / "bot/app.py")


def test_only_slacks_room_speaks_slack() -> None:
    """What is answered and when knows no chat, so that another may stand beside Slack; the demo plays on the stand-ins."""
    others = [
        path for path in files_in("bot") if not any(path.is_relative_to(own) for own in SLACKS_OWN)
    ]
    assert {"sevs.py", "commands.py", "chat.py"} <= {path.name for path in others}
    demo = [path for path in others if path.is_relative_to(ROOT / "bot/demo")]
    assert_imports_none(demo, "slack_", "bot.slack")
    assert_imports_none(
        [path for path in others if path not in demo], "slack_", "bot.slack", "bot.standin"
    )


PURE_ROOMS = ("facts", "memory", "services", "rules", "telling")
PURE_GROUND = (
    "confidence.py",
    "engine.py",
    "evidence.py",
    "model.py",
    "node_list.py",
    "plain.py",
    "recent.py",
    "sizes.py",
)


def test_facts_and_rules_are_pure() -> None:
    """What reads, decides and tells touches no clock, file, process or collector."""
    pure = [path for room in PURE_ROOMS for path in files_in(f"diagnostics/{room}")] + [
        ROOT / "diagnostics" / name for name in PURE_GROUND
    ]
    assert_imports_none(
        pure,
        "os",
        "time",
        "subprocess",
        "asyncio",
        "pathlib",
        "socket",
        "logging",
        "diagnostics.collect",
    )


def test_rules_name_no_renderer_and_renderers_no_rule() -> None:
    """A new cause touches neither engine nor renderer; only the pages of causes know rules."""
    for room in ("facts", "memory", "services", "rules"):
        assert_imports_none(files_in(f"diagnostics/{room}"), "diagnostics.telling")
    telling = [path for path in files_in("diagnostics/telling") if path.name != "pages.py"]
    assert_imports_none(
        [*telling, ROOT / "bot/slack/blocks.py"], "diagnostics.rules", "diagnostics.facts"
    )


def test_rules_are_causes_and_nothing_else() -> None:
    """One file for each cause, in the list; what several need stands in `memory` or `services`, and no rule knows another."""
    causes = [path for path in files_in("diagnostics/rules") if path.name != "__init__.py"]
    assert sorted(path.stem.replace("_", "-") for path in causes) == sorted(
        rule.code for rule in RULES
    )
    assert_imports_none(causes, "diagnostics.rules")


FLOORS = (
    ("diagnostics.bundle", "diagnostics.probe"),
    ("diagnostics.facts",),
    ("diagnostics.memory", "diagnostics.services"),
    ("diagnostics.rules",),
    ("diagnostics.engine",),
    ("diagnostics.telling",),
)


def test_each_floor_knows_those_below_only() -> None:
    """Bundles, then facts, then what causes share, then causes, then who asks them, then who tells what came of it."""
    for floor, rooms in enumerate(FLOORS):
        above = tuple(room for higher in FLOORS[floor + 1 :] for room in higher)
        for room in rooms:
            paths = files_in(room.replace(".", "/")) or [ROOT / f"{room.replace('.', '/')}.py"]
            assert_imports_none(paths, *above)


def part_of(module: str) -> str | None:
    """The room or the ground file of `diagnostics` that a module's name stands for; None for what is not ours."""
    first, _, rest = module.partition(".")
    return rest.partition(".")[0] or None if first == "diagnostics" else None


def test_the_parts_of_diagnostics_form_no_circle() -> None:
    """Rooms and ground files: whatever one knows, knows nothing of it."""
    knows: dict[str, set[str]] = {}
    for path in files_in("diagnostics"):
        part = path.relative_to(ROOT / "diagnostics").parts[0].removesuffix(".py")
        knows.setdefault(part, set()).update(
            found for name in imports_of(path) if (found := part_of(name)) not in (None, part)
        )

    assert {"bundle", "engine", "telling"} <= knows.keys()
    while innocent := [part for part, known in knows.items() if not known & knows.keys()]:
        for part in innocent:
            del knows[part]
    assert knows == {}, "each of these knows itself by way of the others"


def test_nothing_dangerous_is_called() -> None:
    """Host keys are always verified, no shell string is built here, nothing is unpickled or evaluated."""
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
