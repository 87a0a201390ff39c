"""A kernel log from a file or from standard input, plain or packed by gzip, read as it comes."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from diagnostics.facts.kernel_log import KernelLog, read_log
from diagnostics.facts.log_regions import of_stream

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_GZIP = b"\x1f\x8b"


class LogFileError(OSError):
    """The file cannot be opened or unpacked; the message says why."""


def read_log_file(name: str) -> KernelLog:
    """The log in the file (`-`: standard input); raises LogFileError."""
    try:
        if name == "-":
            return _read(cast("io.BufferedReader", sys.stdin.buffer))
        with Path(name).open("rb") as file:
            return _read(file)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise LogFileError(f"{name} cannot be unpacked: {error}") from error
    except OSError as error:
        raise LogFileError(f"{name}: {error.strerror or error}") from error


def _read(stream: io.BufferedReader) -> KernelLog:
    if not stream.peek(len(_GZIP)).startswith(_GZIP):
        return read_log("kernel-log", of_stream(stream))
    unpacked = _Unpacked(stream)
    log = read_log("kernel-log", of_stream(cast("BinaryIO", unpacked)))
    return replace(log, cut=unpacked.broken)


class _Unpacked(io.RawIOBase):
    """What gzip packed, as far as it can be unpacked: half a file may hold the report that is looked for. `broken` says why it ends."""

    def __init__(self, stream: io.BufferedReader) -> None:
        self._gzip = gzip.GzipFile(fileobj=stream)
        self.broken: str | None = None

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        try:
            data = self._gzip.read1(len(view))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            if not self._gzip.tell():
                raise
            self.broken = f"cut: the file cannot be unpacked to its end ({error})"
            return 0
        view[: len(data)] = data
        return len(data)
