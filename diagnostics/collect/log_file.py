"""A kernel log from a file or from standard input, plain or packed by gzip, read as it comes.

Whatever it is given, reading ends: after MOST_BYTES (packed and unpacked) or LONGEST_S. A device, a
pipe that never ends and a packed file that grows without end are then cut, and what came is used.
"""

from __future__ import annotations

import gzip
import io
import os
import select
import shlex
import stat
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from diagnostics.facts.kernel_log import KernelLog, read_file
from diagnostics.facts.log_regions import of_stream
from diagnostics.plain import plain
from diagnostics.sizes import human

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_BYTES = 4 * 1024**3
LONGEST_S = 120.0
_GZIP = b"\x1f\x8b"
# their first bytes, and what unpacks them
_OTHER_PACKINGS = ((b"\xfd7zXZ\0", "xz"), (b"\x28\xb5\x2f\xfd", "zstd"), (b"BZh", "bzip2"))
EMPTY = "the input is empty"
_SHORTER = (
    "give the part that you mean, as with `tail -c 100M FILE | sevbot diagnose --kernel-log -`"
)


class LogFileError(OSError):
    """The file cannot be opened or unpacked; the message says why. What a name holds that cannot be
    printed is an escape in it.
    """


@dataclass(frozen=True)
class Limits:
    """Where reading ends: bytes, as they are in the file and as they are unpacked, and seconds from
    the first look.
    """

    most_bytes: int = MOST_BYTES
    longest_s: float = LONGEST_S

    @property
    def too_long(self) -> str:
        """Why a log is cut that has more bytes, as a sentence."""
        return f"cut: only the first {human(self.most_bytes // 1024)} were read: {_SHORTER}"

    @property
    def too_slow(self) -> str:
        """Why a log is cut that did not end in time, as a sentence."""
        return (
            f"cut: it did not end within {self.longest_s:g} s, and only what came until then "
            f"was read: {_SHORTER}"
        )


def read_log_file(name: str, limits: Limits | None = None, words: Sequence[str] = ()) -> KernelLog:
    """The log in the file (`-`: standard input); `cut` says where a limit ended it. Raises
    LogFileError.
    """
    try:
        source = _Source(
            sys.stdin.fileno() if name == "-" else _open(name),
            limits or Limits(),
            closefd=name != "-",
        )
        with source:
            return _read(source, name, words)
    except LogFileError:
        raise
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise LogFileError(f"{plain(name)} cannot be unpacked: {error}") from error
    except IsADirectoryError as error:
        raise LogFileError(f"{plain(name)} is a directory: name a file in it") from error
    except OSError as error:
        raise LogFileError(f"{plain(name)}: {error.strerror or error}") from error


def _open(name: str) -> int:
    """A descriptor; O_NONBLOCK, since else the opening of a FIFO waits for a writer, and nothing
    can end that.
    """
    return os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)


def _read(source: _Source, name: str, words: Sequence[str]) -> KernelLog:
    stream = io.BufferedReader(source)
    first = stream.peek(len(_GZIP))
    for magic, program in _OTHER_PACKINGS:
        if first.startswith(magic):
            what, file = ("the input", "FILE") if name == "-" else (name, shlex.quote(name))
            raise LogFileError(
                f"{plain(what)} is packed by {program}: `{program} -dc {plain(file)} | "
                "sevbot diagnose --kernel-log -`"
            )
    if not first.startswith(_GZIP):
        log = read_file(of_stream(stream, words), words)
        return replace(log, cut=source.cut or log.cut or (None if first else EMPTY))
    unpacked = _Unpacked(stream, source)
    log = read_file(of_stream(unpacked, words), words)
    return replace(
        log, cut=source.cut or unpacked.broken or log.cut or (None if unpacked.size else EMPTY)
    )


class _Source(io.RawIOBase):
    """What a descriptor gives, up to the limits; `cut` says which one was met. Each read asks once,
    so a long log costs nothing more.
    """

    def __init__(self, descriptor: int, limits: Limits, *, closefd: bool) -> None:
        self._descriptor = descriptor
        self._closefd = closefd
        self.limits = limits
        self.cut: str | None = None
        self._left = limits.most_bytes
        self._end = time.monotonic() + limits.longest_s
        self._may_wait = not stat.S_ISREG(os.fstat(descriptor).st_mode)
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        if self._closefd and not self.closed:
            os.close(self._descriptor)
        super().close()

    def readinto(self, buffer: WriteableBuffer) -> int:
        # one byte more tells a log of that size from a longer one
        view = memoryview(buffer).cast("B")[: max(self._left, 1)]
        while self.in_time() and self._has_come():
            try:
                count = os.readv(self._descriptor, [view])
            except BlockingIOError:
                continue  # somebody else read what had come
            if count > self._left:
                self.cut = self.limits.too_long
                break
            self._left -= count
            return count
        return 0

    def in_time(self) -> bool:
        """Whether reading may go on."""
        if self.cut is None and time.monotonic() >= self._end:
            self.cut = self.limits.too_slow
        return self.cut is None

    def _has_come(self) -> bool:
        return (
            not self._may_wait
            or bool(self._poll.poll(max(self._end - time.monotonic(), 0) * 1000))
            or self.in_time()
        )


class _Unpacked(io.RawIOBase):
    """What gzip packed, as far as it can be unpacked: half a file may hold the report that is
    looked for. `broken` says why it ends.
    """

    def __init__(self, stream: io.BufferedReader[_Source], source: _Source) -> None:
        self._gzip = gzip.GzipFile(fileobj=stream)
        self._source = source
        self._left = source.limits.most_bytes
        self.size = 0
        self.broken: str | None = None

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        if self.broken or not self._source.in_time():
            return 0
        try:
            data = self._gzip.read1(len(view))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            if not self._gzip.tell() and self._source.cut is None:
                raise
            self.broken = f"cut: the file cannot be unpacked to its end ({error})"
            return 0
        if len(data) > self._left:
            self.broken = self._source.limits.too_long
            data = data[: self._left]
        self._left -= len(data)
        self.size += len(data)
        view[: len(data)] = data
        return len(data)
