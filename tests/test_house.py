"""The keeping of the house: how wide a line may be, in every text that people write here."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

COLUMNS = 100
WRITTEN = {".c", ".md", ".py", ".service", ".sh", ".toml", ".yaml", ".yml"}  # by people, by hand
WITHOUT_SUFFIX = {".ci/run", ".editorconfig", ".gitignore", "Makefile", "tests/lab/init"}
RECORDED = ("tests/cases/", "tests/bot/config-0.1.0.toml")  # as they came, byte for byte
ADDRESS = re.compile(r"https?://\S+")
NOT_YET_WRAPPED = (  # emptied when what is under way there is merged
    "bot/",
    "diagnostics/bundle/",
    "diagnostics/facts/boots.py",
    "diagnostics/facts/log_lines.py",
    "diagnostics/facts/log_regions.py",
    "diagnostics/memory/launchers.py",
    "diagnostics/probe.sh",
    "tests/bot/",
)


def written_texts() -> list[str]:
    """The tracked texts that people write: all but recordings, locks, data and pictures."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [
        path
        for path in filter(None, listed.split("\0"))
        if (Path(path).suffix in WRITTEN or path in WITHOUT_SUFFIX)
        and not path.startswith(RECORDED + NOT_YET_WRAPPED)
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
