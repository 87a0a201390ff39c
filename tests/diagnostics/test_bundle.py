"""Bundles as directories: what is written is read back, and what cannot be read says why and what would help."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given

from diagnostics.bundle import MAX_FILE_BYTES, Bundle, BundleError, Missing, Section, read_directory, write_directory
from tests.diagnostics.test_framing import bundles

ABOUT: dict[str, Any] = {"bundle": 1, "host": "web1", "probe": 1, "sections": {"clock": {"exit": 0}}, "missing": {"uname": "why"}}


def directory(where: Path, about: object, **files: str) -> Path:
    """A bundle made by hand."""
    (where / "bundle.json").write_text(about if isinstance(about, str) else json.dumps(about), encoding="utf-8")
    for name, text in files.items():
        (where / f"{name}.txt").write_text(text, encoding="utf-8", newline="")
    return where


def refused(where: Path) -> str:
    with pytest.raises(BundleError) as caught:
        read_directory(where)
    return str(caught.value)


@given(bundles())
def test_what_is_written_is_read_back(bundle: Bundle) -> None:
    """Byte for byte, also carriage returns, NUL and lines that look like frames."""
    with TemporaryDirectory() as where:
        write_directory(bundle, Path(where))
        assert read_directory(Path(where)) == bundle


def test_a_directory_of_format_1_is_read(tmp_path: Path) -> None:
    """The first format that was ever written, as it stands in docs/design.md, with a field that is no longer used."""
    about = {
        "bundle": 1,
        "host": "web1",
        "probe": 1,
        "sections": {"clock": {"exit": 0, "cut": False, "ended": True, "notes": ""}, "uname": {"exit": None, "cut": True, "notes": "x"}},
        "missing": {"units": "no systemctl"},
    }
    found = read_directory(directory(tmp_path, about, clock="now 1\r\n", uname=""))
    assert found == Bundle(
        "web1", {"clock": Section("clock", "now 1\r\n"), "uname": Section("uname", "", None, "x", True)}, {"units": "no systemctl"}
    )
    assert found.get("units") == Missing("no systemctl")
    assert found.get("nodes") == Missing("it was not collected")


def test_a_newer_format_is_refused_with_the_cure(tmp_path: Path) -> None:
    """An older sevbot must not guess."""
    assert "upgrade sevbot" in refused(directory(tmp_path, ABOUT | {"bundle": 2}, clock=""))


@pytest.mark.parametrize(
    "about",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        "9" * 10_000,
        ABOUT | {"bundle": "1"},
        ABOUT | {"host": 1},
        ABOUT | {"probe": "x"},
        ABOUT | {"sections": []},
        ABOUT | {"sections": {"clock": 1}},
        ABOUT | {"sections": {"clock": {"exit": "0"}}},
        ABOUT | {"sections": {"clock": {"notes": None}}},
        ABOUT | {"sections": {"../etc/passwd": {}}},
        ABOUT | {"sections": {"Clock": {}}},
        ABOUT | {"sections": {"": {}}},
        ABOUT | {"sections": {"gone": {}}},
        ABOUT | {"missing": {"../x": "y"}},
    ],
)
def test_a_broken_description_is_refused_in_words(tmp_path: Path, about: object) -> None:
    """Never a traceback, and no file outside the directory is opened."""
    assert refused(directory(tmp_path, about, clock=""))


def test_a_directory_without_a_description_says_how_to_make_one(tmp_path: Path) -> None:
    """A wrong path is the usual cause."""
    assert "sevbot record" in refused(tmp_path)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """Its size is bounded before it is looked at."""
    assert "larger than" in refused(directory(tmp_path, ABOUT, clock="x" * (MAX_FILE_BYTES + 1)))


def test_bytes_that_are_not_text_are_replaced(tmp_path: Path) -> None:
    """A recording that was damaged on its way is still read."""
    directory(tmp_path, ABOUT)
    (tmp_path / "clock.txt").write_bytes(b"now \xff1\n")
    assert read_directory(tmp_path).sections["clock"].text == "now \N{REPLACEMENT CHARACTER}1\n"


def test_a_directory_that_holds_anything_is_not_written_to(tmp_path: Path) -> None:
    """A recording never mixes with another."""
    (tmp_path / "x").touch()
    with pytest.raises(FileExistsError):
        write_directory(Bundle("web1", {}), tmp_path)
