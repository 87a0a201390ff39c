"""The keeping of the house: how wide a line may be, in every text that people write here."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT

COLUMNS = 100
WRITTEN = {".c", ".md", ".py", ".service", ".sh", ".toml", ".yaml", ".yml"}  # by people, by hand
WITHOUT_SUFFIX = {
    ".ci/bare",
    ".ci/run",
    ".editorconfig",
    ".gitignore",
    "Makefile",
    "tests/lab/init",
}
RECORDED = ("tests/cases/", "tests/bot/config-0.1.0.toml")  # as they came, byte for byte
ADDRESS = re.compile(r"https?://\S+")
# a host's copy of the probe is known by its digest, so it is not changed for its looks
AS_IT_IS = ("diagnostics/probe.sh",)


def written_texts() -> list[str]:
    """The tracked texts that people write: all but recordings, locks, data and pictures."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [
        path
        for path in filter(None, listed.split("\0"))
        if (Path(path).suffix in WRITTEN or path in WITHOUT_SUFFIX)
        and not path.startswith(RECORDED + AS_IT_IS)
    ]


def too_wide(text: str) -> list[str]:
    """Lines of more than `COLUMNS` characters, but those that only an address makes so."""
    return [line for line in text.splitlines() if len(ADDRESS.sub("", line)) > COLUMNS]


@pytest.mark.needs("git")
def test_no_line_is_wider_than_a_hundred_columns() -> None:
    """In code, documents, scripts and settings; ruff sees Python's only, and can be told not to."""
    texts = written_texts()

    assert {"README.md", "Makefile", "diagnostics/engine.py", "docs/json.md"} <= set(texts)
    wide = {path: too_wide((ROOT / path).read_text(encoding="utf-8")) for path in texts}
    assert {path: lines for path, lines in wide.items() if lines} == {}


INDENTED_BY_TABS = re.compile(r"Makefile|.*\.c")


@pytest.mark.needs("git")
def test_texts_are_as_the_editor_is_told() -> None:
    """Each ends with a line feed, no line with a space, and only make and C have tabs in front."""
    said = (ROOT / ".editorconfig").read_text(encoding="utf-8")
    for path in written_texts():
        text = (ROOT / path).read_bytes().decode("utf-8")
        assert text.endswith("\n") or not text, path
        assert not re.search(r"\r|[ \t]$", text, re.MULTILINE), path
        assert not re.search(r"^\t", text, re.MULTILINE) or INDENTED_BY_TABS.fullmatch(path), path
    assert f"max_line_length = {COLUMNS}\n" in said
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert settings["tool"]["ruff"]["line-length"] == COLUMNS


def test_a_commit_is_checked_by_what_make_check_runs() -> None:
    """By the same tools of the lock; and the probe by shellcheck, as a test runs it."""
    hooks = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    recipe = re.search(r"^check: .*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    entries = re.findall(r"^ +entry: (.+)$", hooks, re.MULTILINE)

    assert recipe
    checked = [line.strip().replace("$(VENV)", ".venv") for line in recipe[1].splitlines()]
    assert [entry for entry in entries if entry.startswith(".venv/bin/")] == checked
    assert entries[-1] == "shellcheck -s sh diagnostics/probe.sh"
    assert hooks.count("language: system") == len(entries) == hooks.count("- id: ")
    assert re.findall(r"- repo: (.+)", hooks) == ["local"]


def test_the_wheel_says_that_it_is_typed_and_brings_the_probe(tmp_path: Path) -> None:
    """What `make wheel` builds; PEP 561: a type checker reads a package's types where `py.typed`
    stands in it.
    """
    words = ["-m", "build", "--no-isolation", "--wheel", "--outdir", str(tmp_path)]
    subprocess.run([sys.executable, *words], cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        files = set(wheel.namelist())

    assert {"bot/py.typed", "diagnostics/py.typed", "diagnostics/probe.sh"} <= files
    assert [name for name in files if name.startswith("tests/")] == []


MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for package in ("bot", "diagnostics")
    for path in sorted((ROOT / package).rglob("*.py"))
    if path.stat().st_size
}
READERS = [
    name
    for name in MODULES
    if name.startswith("diagnostics.facts.") and hasattr(importlib.import_module(name), "read")
]
Named = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public_things(body: list[ast.stmt], owner: str = "") -> Iterator[tuple[str, Named]]:
    """Classes, functions and methods that others may use, each by its name in the module."""
    for node in body:
        if isinstance(node, Named) and not node.name.startswith("_"):
            yield f"{owner}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from public_things(node.body, f"{owner}{node.name}.")


def is_said_by_a_base(module: str, name: str) -> bool:
    """Whether a method stands in for one that its class's base or protocol describes."""
    owner, _, method = name.rpartition(".")
    found: object = importlib.import_module(module)
    for part in filter(None, owner.split(".")):
        found = getattr(found, part)
    bases = found.__mro__[1:] if isinstance(found, type) else ()
    return any(getattr(vars(base).get(method), "__doc__", None) for base in bases)


@pytest.mark.parametrize("module", MODULES)
def test_what_others_may_use_says_what_it_is(module: str) -> None:
    """Each module, class and function has a docstring, its own or that of what it overrides."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    silent = [
        name
        for name, node in public_things(tree.body)
        if not ast.get_docstring(node) and not is_said_by_a_base(module, name)
    ]

    assert ast.get_docstring(tree)
    assert silent == []


@pytest.mark.parametrize("module", READERS)
def test_each_reader_says_what_empty_and_missing_mean(module: str) -> None:
    """“Could not look”, “could not read it” and “there is nothing” are three different things."""
    said = " ".join(str(importlib.import_module(module).read.__doc__).split())

    assert re.search(r"\bMissing where\b", said)
    assert re.search(r"\b(?:Empty when|Never empty)\b", said)


NOT_IN_3_11_2 = re.compile(r"[*?+]\+|\d\}{1,2}\+|\(\?>")


@pytest.mark.parametrize("module", MODULES)
def test_no_pattern_is_one_that_debians_python_gets_wrong(module: str) -> None:
    """Possessive quantifiers and atomic groups lose what they matched before Python 3.11.5
    (github.com/python/cpython/issues/106052), and Debian 12 has 3.11.2.
    """
    strings = [
        node.value
        for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    ]
    texts = [text.decode("latin-1") if isinstance(text, bytes) else text for text in strings]
    assert [text for text in texts if NOT_IN_3_11_2.search(text) and len(text) < 400] == []
