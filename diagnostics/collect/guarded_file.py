"""Files that decide whom sevbot trusts: read, and looked at for who else could have written or read
them.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from diagnostics.collect.file_mode import mode_of

# by group and others: what must not be for a public file, and for a secret one
WRITABLE, USABLE = (0o022, 0o077)
_MOST_LINKS = 40  # as many as the kernel follows


def read_guarded(
    path: Path, most_bytes: int, forbidden_mode: int, *, owned: bool = False
) -> tuple[bytes, list[str]]:
    """The first `most_bytes` + 1 bytes, and what is wrong with file and directory, each with its
    cure; raises OSError.

    `forbidden_mode` holds mode bits that the file must not have. With WRITABLE its directory (also
    those that links to it are in) must not be writable by others, and with `owned` they must belong
    to root or to the user that runs. Only a regular file is read.
    """
    if "\0" in str(path):
        raise OSError(errno.EINVAL, "no path holds a NUL character")
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return b"", [
                f"{path} cannot be read: it is a directory, a pipe or a device: name a regular file"
            ]
        problems = _mode_problems(path, mode_of(descriptor), forbidden_mode) + (
            _owner_problems(path, status) if owned else []
        )
        if forbidden_mode == WRITABLE:
            problems += [
                problem
                for place in _directories(path)
                for problem in _directory_problems(place, owned=owned)
            ]
        with open(descriptor, "rb", closefd=False) as file:  # a descriptor
            return file.read(most_bytes + 1), problems
    finally:
        os.close(descriptor)


def _mode_problems(path: Path, mode: int, forbidden_mode: int) -> list[str]:
    if not mode & forbidden_mode:
        return []
    whom, keep = ("read", "600") if forbidden_mode & 0o004 else ("changed", "644")
    return [f"{path} can be {whom} by other users (mode {mode:04o}): `chmod {keep} {path}`"]


def _owner_problems(path: Path, status: os.stat_result) -> list[str]:
    if status.st_uid in (0, os.geteuid()):
        return []
    return [
        (
            f"{path} belongs to user {status.st_uid}, who is neither root nor the user that "
            f"runs sevbot: `chown root {path}`"
        )
    ]


def _directories(path: Path) -> list[Path]:
    """The directory of the file, and those of the links that lead to it."""
    found: dict[Path, None] = {}
    for _ in range(_MOST_LINKS):
        found[path.parent] = None
        if not path.is_symlink():
            break
        path = path.parent / path.readlink()
    return list(found)


def _directory_problems(place: Path, *, owned: bool) -> list[str]:
    status = place.stat()
    mode = stat.S_IMODE(status.st_mode)
    problems = _owner_problems(place, status) if owned else []
    # in a sticky directory, as /tmp, nobody can replace another user's file
    if mode & WRITABLE and not mode & stat.S_ISVTX:
        problems.append(
            f"the directory {place} can be changed by other users (mode {mode:04o}): `chmod "
            f"go-w {place}`"
        )
    return problems
