"""A kernel log from a file or from standard input, plain or packed by gzip, read as it comes."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from pathlib import Path
from typing import BinaryIO, cast

from diagnostics.facts.kernel_log import KernelLog, read_log
from diagnostics.facts.log_regions import of_stream

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
    packed = stream.peek(len(_GZIP)).startswith(_GZIP)
    plain = cast("BinaryIO", gzip.GzipFile(fileobj=stream)) if packed else stream
    return read_log("kernel-log", of_stream(plain))
