"""A bundle as a directory: `bundle.json` and one `NAME.txt` for each section that came;
`docs/design.md` shows it.

Every format number that was ever written stays readable.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
from pathlib import Path

from diagnostics.bundle import Bundle, Section

FORMAT = 1
MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_BUNDLE_BYTES = 16 * 1024 * 1024  # the probe sends less than 1 MiB
MOST_SECTIONS = 200
_NO_FILE = (
    "a link, a FIFO, a device or a directory: a bundle holds files alone; copy it with `cp -rL`"
    " from where it was recorded"
)
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")


class BundleError(ValueError):
    """A directory is not a bundle that this version can read; the message says why and what would
    help.
    """


def write_directory(bundle: Bundle, directory: Path) -> None:
    """Write `bundle` to `directory`, which is made, or is empty and ours; only we can read it
    (files 0600, directory 0700, any umask).

    `bundle.json` comes last, in one step, once all else is on the disk: what a crash leaves has
    none, and is no bundle. Raises FileExistsError if the directory holds anything, PermissionError
    if it is another user's.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    about = {
        "bundle": FORMAT,
        "host": bundle.host,
        "probe": bundle.probe,
        "sections": {
            s.name: {"exit": s.exit, "cut": s.cut, "notes": s.notes}
            for s in bundle.sections.values()
        },
        "missing": dict(bundle.missing),
        **({"remarks": dict(bundle.remarks)} if bundle.remarks else {}),
    }
    place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with os.scandir(place) as entries:
            if any(entries):
                raise FileExistsError(errno.EEXIST, "it is not empty", str(directory))
        if os.fstat(place).st_uid != os.geteuid():
            raise PermissionError(
                errno.EPERM, "it belongs to another user: name a new directory", str(directory)
            )
        os.fchmod(
            place, 0o700
        )  # a kernel log is not for everybody, and an empty directory may have been made for less
        for section in bundle.sections.values():
            _write_private(
                place, f"{section.name}.txt", section.text.encode("utf-8", errors="surrogateescape")
            )
        _write_private(
            place, "bundle.json.part", (json.dumps(about, indent=1, sort_keys=True) + "\n").encode()
        )
        os.rename("bundle.json.part", "bundle.json", src_dir_fd=place, dst_dir_fd=place)
        os.fsync(place)
    finally:
        os.close(place)


def _write_private(place: int, name: str, data: bytes) -> None:
    """A new file in the directory `place`, mode 0600, on the disk when this returns."""
    with os.fdopen(
        os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=place),
        "wb",
    ) as file:
        os.fchmod(file.fileno(), 0o600)  # a umask may have taken more
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def read_directory(directory: Path) -> Bundle:
    """Read a bundle that this or an older version wrote; raises BundleError.

    The directory may be a link, what it holds may not.
    """
    try:
        place = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise BundleError(
            f"{directory} is not a bundle: {error.strerror}; `sevbot record HOST DIR` writes one"
        ) from error
    try:
        return _read(directory, _Files(place))
    finally:
        os.close(place)


def _read(directory: Path, files: _Files) -> Bundle:
    about = _read_about(directory, files)
    named = _table(about, "sections")
    if len(named) > MOST_SECTIONS:
        raise BundleError(
            f"{directory}/bundle.json names {len(named)} sections, and no sevbot writes more"
            f" than {MOST_SECTIONS}"
        )
    sections = {name: _read_section(files, name, entry) for name, entry in named.items()}
    missing, remarks = _reasons(directory, about, "missing"), _reasons(directory, about, "remarks")
    host, probe = about.get("host"), about.get("probe", 1)
    if not isinstance(host, str | None) or not isinstance(probe, int):
        raise BundleError(f"{directory}/bundle.json: host must be a name or null, probe a number")
    return Bundle(host=host, sections=sections, missing=missing, probe=probe, remarks=remarks)


def _reasons(directory: Path, about: dict[str, object], key: str) -> dict[str, str]:
    table = _table(about, key)
    reasons = {name: because for name, because in table.items() if isinstance(because, str)}
    if len(reasons) != len(table) or len(table) > MOST_SECTIONS:
        raise BundleError(
            f"{directory}/bundle.json: {key} must be a table of at most {MOST_SECTIONS} reasons"
        )
    return reasons


class _Files:
    """The files of one directory: regular ones only, each and all together of bounded size."""

    def __init__(self, place: int) -> None:
        self._place = place
        self._left = MAX_BUNDLE_BYTES

    def text(self, name: str) -> str:
        """The text of a file; raises OSError and BundleError.

        Nothing is waited for and no link followed: it may be anybody's directory.
        """
        try:
            descriptor = os.open(
                name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self._place
            )
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise BundleError(f"{name} is {_NO_FILE}") from error
            raise
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise BundleError(f"{name} is {_NO_FILE}")
            with open(descriptor, "rb", closefd=False) as file:  # a descriptor
                data = file.read(MAX_FILE_BYTES + 1)
        finally:
            os.close(descriptor)
        self._left -= len(data)
        if len(data) > MAX_FILE_BYTES or self._left < 0:
            most = MAX_FILE_BYTES if len(data) > MAX_FILE_BYTES else MAX_BUNDLE_BYTES
            raise BundleError(
                f"{name}: it or the bundle is larger than {most} bytes, more than any sevbot writes"
            )
        return data.decode("utf-8", errors="replace")


def _read_about(directory: Path, files: _Files) -> dict[str, object]:
    try:
        about = json.loads(files.text("bundle.json"))
    except FileNotFoundError as error:
        raise BundleError(
            f"{directory} is not a bundle: it has no bundle.json; `sevbot record HOST DIR`"
            " writes one"
        ) from error
    except RecursionError as error:
        raise BundleError(
            f"{directory}/bundle.json cannot be read: it is nested too deeply"
        ) from error
    except (OSError, ValueError) as error:
        raise BundleError(f"{directory}/bundle.json cannot be read: {error}") from error
    if not isinstance(about, dict) or not isinstance(about.get("bundle"), int):
        raise BundleError(f"{directory}/bundle.json does not say which bundle format it is")
    if about["bundle"] > FORMAT:
        raise BundleError(
            f"{directory} is a bundle of format {about['bundle']}, newer than this sevbot"
            f" reads ({FORMAT}): upgrade sevbot"
        )
    return about


def _table(about: dict[str, object], key: str) -> dict[str, object]:
    table = about.get(key, {})
    if not isinstance(table, dict) or not all(_NAME.fullmatch(name) for name in table):
        raise BundleError(f"bundle.json: {key} must be a table of section names")
    return table


def _read_section(files: _Files, name: str, entry: object) -> Section:
    if not isinstance(entry, dict):
        raise BundleError(f"bundle.json: section {name} must be a table")
    code, notes = entry.get("exit"), entry.get("notes", "")
    if not isinstance(code, int | None) or not isinstance(notes, str):
        raise BundleError(
            f"bundle.json: section {name}: exit must be a number or null, notes a text"
        )
    try:
        text = files.text(f"{name}.txt")
    except OSError as error:
        raise BundleError(f"section {name} cannot be read: {error}") from error
    whole = text[: text.rfind("\n") + 1]  # a last line without its end is no value, whoever cut it
    return Section(
        name, whole, exit=code, notes=notes, cut=bool(entry.get("cut", False)) or whole != text
    )
