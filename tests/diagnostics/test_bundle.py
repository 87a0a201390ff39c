"""Bundles as directories: what is written is read back, and what cannot be read says why and what
would help.
"""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings

from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.bundle.directory import (
    MAX_BUNDLE_BYTES,
    MAX_FILE_BYTES,
    MOST_SECTIONS,
    BundleError,
    read_directory,
    write_directory,
)
from diagnostics.engine import diagnose
from tests.conftest import ROOT
from tests.diagnostics.test_framing import bundles

ABOUT: dict[str, Any] = {
    "bundle": 1,
    "host": "web1",
    "probe": 1,
    "sections": {"clock": {"exit": 0}},
    "missing": {"uname": "why"},
}


def directory(where: Path, about: object, **files: str) -> Path:
    """A bundle made by hand."""
    (where / "bundle.json").write_text(
        about if isinstance(about, str) else json.dumps(about), encoding="utf-8"
    )
    for name, text in files.items():
        (where / f"{name}.txt").write_text(text, encoding="utf-8", newline="")
    return where


def refused(where: Path) -> str:
    with pytest.raises(BundleError) as caught:
        read_directory(where)
    return str(caught.value)


@given(bundles())
# each file is on the disk before the next one is written, and a disk takes its time
@settings(deadline=None)
def test_what_is_written_is_read_back(bundle: Bundle) -> None:
    """Byte for byte, also carriage returns, NUL and lines that look like frames."""
    with TemporaryDirectory() as where:
        write_directory(bundle, Path(where))
        assert read_directory(Path(where)) == bundle


def test_a_directory_of_format_1_is_read(tmp_path: Path) -> None:
    """The first format that was ever written, as it stands in docs/design.md, with a field that is
    no longer used.
    """
    about = {
        "bundle": 1,
        "host": "web1",
        "probe": 1,
        "sections": {
            "clock": {"exit": 0, "cut": False, "ended": True, "notes": ""},
            "uname": {"exit": None, "cut": True, "notes": "x"},
        },
        "missing": {"units": "no systemctl"},
    }
    found = read_directory(directory(tmp_path, about, clock="now 1\r\n", uname=""))
    assert found == Bundle(
        "web1",
        {"clock": Section("clock", "now 1\r\n"), "uname": Section("uname", "", None, "x", True)},
        {"units": "no systemctl"},
    )
    assert found.get("units") == Missing("no systemctl")
    assert found.get("nodes") == Missing("it was not collected")
    assert found.remarks == {}


def test_what_was_told_of_the_probe_is_kept(tmp_path: Path) -> None:
    """And shown, before the sections that did not come; a bundle of which nothing was told has no
    such key, as older ones had none.
    """
    found = read_directory(
        directory(
            tmp_path, ABOUT | {"remarks": {"probe": "an old copy", "lock": "none"}}, clock="now 1\n"
        )
    )
    assert found.remarks == {"probe": "an old copy", "lock": "none"}
    assert list(diagnose(found).not_seen.items()) == [
        ("probe", "an old copy"),
        ("lock", "none"),
        ("uname", "why"),
    ]
    write_directory(replace(found, remarks={}), tmp_path / "again")
    assert "remarks" not in json.loads((tmp_path / "again/bundle.json").read_text(encoding="utf-8"))


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
        ABOUT | {"remarks": ["probe"]},
        ABOUT | {"remarks": {"probe": 1}},
        ABOUT | {"remarks": {"../x": "y"}},
        ABOUT | {"remarks": {f"r{number}": "y" for number in range(1000)}},
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


@pytest.mark.parametrize(
    "mask",
    # with the last one only root can open what it has just made
    [0, 0o077, 0o277, pytest.param(0o777, marks=pytest.mark.needs("root"))],
)
@pytest.mark.parametrize("was", [None, 0o777, 0o755, 0o700])
def test_only_the_user_can_read_a_recording(tmp_path: Path, mask: int, was: int | None) -> None:
    """Whatever the umask is, and however the empty directory was made."""
    where = tmp_path / "recording"
    if was is not None:
        where.mkdir()
        where.chmod(was)
    before = os.umask(mask)
    try:
        write_directory(Bundle("web1", {"clock": Section("clock", "now 1\n")}), where)
    finally:
        os.umask(before)

    assert {stat.S_IMODE(path.stat().st_mode) for path in where.iterdir()} == {0o600}
    assert stat.S_IMODE(where.stat().st_mode) == 0o700
    assert sorted(path.name for path in where.iterdir()) == ["bundle.json", "clock.txt"]


@pytest.mark.needs("root")  # who alone can give a directory to another user
def test_another_users_directory_is_not_written_to(tmp_path: Path) -> None:
    """Who owns it can read and change what is put there."""
    (tmp_path / "theirs").mkdir()
    os.chown(tmp_path / "theirs", 65534, 65534)
    with pytest.raises(PermissionError, match="another user"):
        write_directory(Bundle("web1", {}), tmp_path / "theirs")


WRITE = """
import os, sys
from pathlib import Path
from diagnostics.bundle import Bundle, Section
from diagnostics.bundle.directory import write_directory
steps = int(sys.argv[1])
def step(event, args):
    global steps
    if event in ("open", "os.rename", "os.chmod"):
        steps -= 1
        if steps < 0:
            os.kill(os.getpid(), 9)
sections = {name: Section(name, "x 1\\n") for name in ("clock", "uname", "meminfo")}
where = Path(sys.argv[2])
sys.addaudithook(step)
write_directory(Bundle("web1", sections), where)
"""


def test_a_recording_that_was_killed_is_no_bundle(tmp_path: Path) -> None:
    """Killed at every step in turn: what is left is refused, until it is whole."""
    seen = []
    for steps in range(40):
        where = tmp_path / str(steps)
        done = subprocess.run(
            [sys.executable, "-c", WRITE, str(steps), str(where)], check=False, cwd=ROOT
        )
        if done.returncode == 0:
            break
        assert done.returncode == -9
        if where.exists():
            seen.append(refused(where))
    assert len(seen) > 5
    assert set(read_directory(where).sections) == {"clock", "uname", "meminfo"}


@pytest.mark.parametrize("name", ["bundle.json", "clock.txt"])
@pytest.mark.parametrize(
    "kind",
    [
        "link",
        "link to nowhere",
        "fifo",
        pytest.param("device", marks=pytest.mark.needs("root")),
        "socket",
        "directory",
    ],
)
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, name: str, kind: str) -> None:
    """In a process of its own, since a FIFO would hang for ever."""
    where = tmp_path / "bundle"
    where.mkdir()
    directory(where, ABOUT, clock="now 1\n")
    target = (where / name).rename(tmp_path / "real")
    if kind.startswith("link"):
        (where / name).symlink_to(target if kind == "link" else tmp_path / "none")
    elif kind == "fifo":
        os.mkfifo(where / name)
    elif kind == "device":
        os.mknod(where / name, 0o600 | stat.S_IFCHR, os.makedev(1, 5))
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(where / name))
    else:
        (where / name).mkdir()
    command = [sys.executable, "-m", "bot", "diagnose", "--bundle", str(where)]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert f"{name} is a link, a FIFO, a device or a directory" in done.stderr


def test_the_directory_itself_may_be_a_link(tmp_path: Path) -> None:
    """The user named it."""
    (tmp_path / "real").mkdir()
    directory(tmp_path / "real", ABOUT, clock="now 1\n")
    (tmp_path / "latest").symlink_to(tmp_path / "real")

    assert read_directory(tmp_path / "latest") == read_directory(tmp_path / "real")


def test_bundles_larger_than_any_are_refused(tmp_path: Path) -> None:
    """Too many sections, too much in all, too deep."""
    many = {f"s{number}": {"exit": 0} for number in range(MOST_SECTIONS + 1)}
    assert f"names {MOST_SECTIONS + 1} sections" in refused(
        directory(tmp_path, ABOUT | {"sections": many})
    )
    some = [f"s{number}" for number in range(6)]
    text = "x" * (MAX_FILE_BYTES - 1) + "\n"
    large = directory(
        tmp_path,
        ABOUT | {"sections": {name: {"exit": 0} for name in some}},
        **dict.fromkeys(some, text),
    )
    assert f"larger than {MAX_BUNDLE_BYTES} bytes" in refused(large)
    assert "nested too deeply" in refused(
        directory(tmp_path, '{"bundle": 1, "host": ' + "[" * 100_000)
    )
    deep = '{"bundle": 1, "missing": {"clock": ' + "[" * 900 + "]" * 900 + "}}"
    assert "missing must be a table" in refused(directory(tmp_path, deep))
