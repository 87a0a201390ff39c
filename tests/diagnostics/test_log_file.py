"""A kernel log as people have it: plain, packed, or half of it."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from diagnostics.collect.log_file import LogFileError, read_log_file
from diagnostics.engine import diagnose_log
from tests.diagnostics.kernel_logs import membind_report

NOISE = "".join(f"[{n:5}.000000] usb 1-{n}: new device\n" for n in range(20000))


def written(directory: Path, content: bytes) -> str:
    path = directory / "dmesg"
    path.write_bytes(content)
    return str(path)


def test_a_packed_log_is_read_like_a_plain_one(tmp_path: Path) -> None:
    """By its first bytes, not by its name."""
    plain = (NOISE + membind_report()).encode()

    assert read_log_file(written(tmp_path, gzip.compress(plain))) == read_log_file(written(tmp_path, plain))


def test_half_of_a_packed_log_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """The report is in the half that came, and the report says that the rest did not."""
    packed = gzip.compress((NOISE + membind_report(prefix="[30000.000000] ") + NOISE.replace("usb", "sr0")).encode())
    host = diagnose_log(read_log_file(written(tmp_path, packed[: len(packed) * 3 // 4])))

    assert [finding.code for finding in host.findings] == ["membind-oom"]
    assert host.not_seen["kernel-log"].startswith("cut: the file cannot be unpacked to its end")
    assert diagnose_log(read_log_file(written(tmp_path, packed))).not_seen == {}


def test_what_cannot_be_unpacked_at_all_is_an_error(tmp_path: Path) -> None:
    """It begins like gzip, and is none."""
    with pytest.raises(LogFileError, match="cannot be unpacked"):
        read_log_file(written(tmp_path, b"\x1f\x8b" + b"x" * 100))
    with pytest.raises(LogFileError, match="No such file"):
        read_log_file(str(tmp_path / "missing"))
