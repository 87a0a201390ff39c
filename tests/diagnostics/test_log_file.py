"""A kernel log as people have it: plain, packed, or half of it."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from diagnostics.collect.log_file import Limits, LogFileError, read_log_file
from diagnostics.engine import diagnose_log
from diagnostics.model import NotExamined
from tests.conftest import ROOT
from tests.diagnostics.kernel_logs import membind_report
from tests.examined import examined_log

NOISE = "".join(f"[{n:5}.000000] usb 1-{n}: new device\n" for n in range(20000))


def written(directory: Path, content: bytes) -> str:
    path = directory / "dmesg"
    path.write_bytes(content)
    return str(path)


def test_a_packed_log_is_read_like_a_plain_one(tmp_path: Path) -> None:
    """By its first bytes, not by its name."""
    plain = (NOISE + membind_report()).encode()

    assert read_log_file(written(tmp_path, gzip.compress(plain))) == read_log_file(
        written(tmp_path, plain)
    )


def test_half_of_a_packed_log_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """The report is in the half that came, and the report says that the rest did not."""
    packed = gzip.compress(
        (NOISE + membind_report(prefix="[30000.000000] ") + NOISE.replace("usb", "sr0")).encode()
    )
    host = examined_log(read_log_file(written(tmp_path, packed[: len(packed) * 3 // 4])))

    assert [finding.code for finding in host.findings] == ["membind-oom"]
    assert host.not_seen["kernel-log"].startswith("cut: the file cannot be unpacked to its end")
    assert examined_log(read_log_file(written(tmp_path, packed))).not_seen == {}


def test_what_cannot_be_unpacked_at_all_is_an_error(tmp_path: Path) -> None:
    """It begins like gzip, and is none."""
    with pytest.raises(LogFileError, match="cannot be unpacked"):
        read_log_file(written(tmp_path, b"\x1f\x8b" + b"x" * 100))
    with pytest.raises(LogFileError, match="No such file"):
        read_log_file(str(tmp_path / "missing"))


REPORT = (NOISE + membind_report(prefix="[30000.000000] ")).encode()
SMALL = Limits(most_bytes=len(REPORT) + 30_000, longest_s=60)
SLOW = Limits(longest_s=3)
CHILD = """
import resource, sys, time
from diagnostics.collect.log_file import Limits, LogFileError, read_log_file
from diagnostics.engine import diagnose_log
from diagnostics.model import findings_of
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    host = diagnose_log(read_log_file(sys.argv[1], Limits(int(sys.argv[2]), float(sys.argv[3]))))
    print([finding.code for finding in findings_of(host)], host.not_seen.get("kernel-log"))
except LogFileError as error:
    print("LogFileError", error)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def in_a_child(
    name: str, limits: Limits, stdin: int | IO[bytes] = subprocess.DEVNULL
) -> tuple[str, int]:
    """What a process of its own read, and the kB it grew by; it fails after a minute, so that a
    hang is a failure.
    """
    command = [sys.executable, "-c", CHILD, name, str(limits.most_bytes), str(limits.longest_s)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=100, cwd=ROOT, stdin=stdin
    )
    told, kb = done.stdout.splitlines()
    return told, int(kb)


@contextlib.contextmanager
def writing(to: Path, block: bytes, pause_s: float = 0) -> Iterator[None]:
    """Somebody who writes to a FIFO for as long as somebody reads."""
    what = to.with_name("block")
    what.write_bytes(block)
    code = (
        "import sys, time\nblock = open(sys.argv[1], 'rb').read()\nwith open(sys.argv[2], "
        "'wb', 0) as file:\n"
    )
    code += f" while True: file.write(block); time.sleep({pause_s})"
    writer = subprocess.Popen([sys.executable, "-c", code, what, to], stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        writer.kill()
        writer.wait()


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    os.mkfifo(tmp_path / "fifo")
    return tmp_path / "fifo"


def test_a_device_without_an_end_is_cut_and_grows_no_memory() -> None:
    """One line of any length."""
    told, kb = in_a_child("/dev/zero", Limits(most_bytes=512 * 1024 * 1024))

    assert told.startswith("[] cut: only the first 512 MiB were read")
    assert kb < 50_000


def test_the_command_line_is_bounded_too() -> None:
    """With the limits that docs/config.md states."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", "diagnose", "--kernel-log", "/dev/zero"],
        check=False,
        capture_output=True,
        timeout=115,
        cwd=ROOT,
    )

    assert done.returncode == 1
    assert b"cut: " in done.stdout


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(REPORT) + gzip.compress(bytes(1 << 20)) * 64,
        gzip.compress(REPORT + bytes(1 << 26)),
        gzip.compress(REPORT) + gzip.compress(b"\n") * 60_000,
    ],
    ids=["many members", "one member", "tiny members"],
)
def test_a_packed_file_that_unpacks_without_end_is_cut(tmp_path: Path, packed: bytes) -> None:
    """What came before is used."""
    told, kb = in_a_child(written(tmp_path, packed), SMALL)

    assert told.startswith("['membind-oom'] cut: only the first ")
    assert kb < 60_000


@pytest.mark.parametrize(
    "block",
    [gzip.compress(b""), b"\x1f\x8b\x08\x08" + b"y" * 40960],
    ids=["empty members", "a header without end"],
)
def test_a_packed_stream_that_never_gives_a_byte_is_cut(fifo: Path, block: bytes) -> None:
    """gzip would look for the next member for ever; the limit is on what is read, too."""
    with writing(fifo, block * 10):
        told, kb = in_a_child(str(fifo), Limits(most_bytes=4 * 1024 * 1024, longest_s=60))

    assert "cut: only the first 4096 kB were read" in told or "cannot be unpacked" in told
    assert kb < 50_000


def test_a_fifo_that_never_ends_is_cut_and_what_came_is_used(fifo: Path) -> None:
    """As `dmesg -w` writes: a log, and then a line now and then."""
    with writing(fifo, REPORT, pause_s=1000):
        told, _kb = in_a_child(str(fifo), SLOW)

    assert told.startswith("['membind-oom'] cut: it did not end within 3 s")


def test_a_fifo_that_nobody_writes_to_is_cut(fifo: Path) -> None:
    """Its opening does not wait, either."""
    told, _kb = in_a_child(str(fifo), SLOW)

    assert told.startswith("[] cut: it did not end within 3 s")


def test_standard_input_that_never_ends_is_cut() -> None:
    """A terminal that nobody types at."""
    ours, theirs = os.pipe()
    told, _kb = in_a_child("-", SLOW, stdin=ours)
    os.close(ours)
    os.close(theirs)

    assert told.startswith("[] cut: it did not end within 3 s")


def test_fifos_pipes_and_process_substitution_go_on_working(tmp_path: Path, fifo: Path) -> None:
    """Slow writers, writers that come late, and those that have gone before the first read."""
    plain = written(tmp_path, REPORT)
    (tmp_path / "dmesg.gz").write_bytes(gzip.compress(REPORT))
    sevbot = f"{sys.executable} -m bot diagnose --json --kernel-log"
    ways = (
        f"{sevbot} {plain}",
        f"cat {plain} | {sevbot} -",
        f"{sevbot} - < {tmp_path}/dmesg.gz",
        f"{sevbot} <(cat {tmp_path}/dmesg.gz)",
        f"{sevbot} <(head -c 1000 {plain}; sleep 1; tail -c +1001 {plain})",
        f"(sleep 1; cat {plain} > {fifo}) & {sevbot} {fifo}",
        f"exec 7< <(printf ''); sleep 1; {sevbot} /dev/fd/7",
    )
    told = [
        subprocess.run(
            ["bash", "-c", way],
            check=False,
            capture_output=True,
            cwd=ROOT,
            timeout=60,
            stdin=subprocess.DEVNULL,
        ).stdout
        for way in ways
    ]

    assert b'"code": "membind-oom"' in told[0] or b'"code":"membind-oom"' in told[0]
    assert [each == told[0] for each in told] == [True] * 6 + [False]
    assert b"no kernel log line" in told[6]
    assert b"the input is empty" in told[6]
    assert b"cut:" not in told[6]


def test_a_log_of_exactly_the_limit_is_not_cut(tmp_path: Path) -> None:
    """One byte more is."""
    name = written(tmp_path, REPORT)

    assert read_log_file(name, Limits(most_bytes=len(REPORT))).cut is None
    assert read_log_file(name, Limits(most_bytes=len(REPORT) - 1)).cut
    assert (
        read_log_file(written(tmp_path, gzip.compress(REPORT)), Limits(most_bytes=len(REPORT))).cut
        is None
    )


@pytest.mark.parametrize(
    "program",
    [pytest.param(name, marks=pytest.mark.needs(name)) for name in ("xz", "zstd", "bzip2")],
)
def test_another_packing_is_named_with_what_unpacks_it(tmp_path: Path, program: str) -> None:
    """It is no log without a kernel's line. By its first bytes, not by its name."""
    packed = subprocess.run([program, "-c"], input=REPORT, check=True, capture_output=True).stdout
    name = written(tmp_path, packed)
    with pytest.raises(
        LogFileError,
        match=re.escape(f"{name} is packed by {program}: `{program} -dc {name} | sevbot diagnose"),
    ):
        read_log_file(name)
    command = [sys.executable, "-m", "bot", "diagnose", "--kernel-log", "-"]
    done = subprocess.run(
        command, input=packed, check=False, capture_output=True, cwd=ROOT, timeout=60
    )
    assert done.returncode == 2
    assert (
        f"the input is packed by {program}: `{program} -dc FILE | sevbot diagnose --kernel-log -`"
        in done.stderr.decode()
    )


XZ = b"\xfd7zXZ\0"  # its first bytes


def test_the_command_that_unpacks_does_that_only_whatever_the_file_is_called(
    tmp_path: Path,
) -> None:
    """It is there to be copied into a shell: the name is one word of it."""
    (tmp_path / "a$(touch pwned);touch pwned;`touch pwned` 'b.xz").write_bytes(XZ)
    (file,) = tmp_path.iterdir()
    with pytest.raises(LogFileError) as told:
        read_log_file(str(file))
    command = str(told.value).split(" is packed by xz: `")[1].removesuffix("`")
    shown = "xz() { printf '%s\\n' \"$@\"; }; sevbot() { cat; }; " + command
    ran = subprocess.run(
        ["bash", "-c", shown], check=True, capture_output=True, text=True, cwd=tmp_path, timeout=20
    )

    assert ran.stdout == f"-dc\n{file}\n"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("content", [None, XZ, b"\x1f\x8b" + b"x" * 100, "a directory"])
def test_a_name_moves_no_terminal(tmp_path: Path, content: bytes | str | None) -> None:
    """In none of the sentences on a file that cannot be read."""
    file = tmp_path / "a\x1b[2J\nb\u202e"
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content:
        file.mkdir()
    with pytest.raises(LogFileError, match=re.escape(r"a\x1b[2J\x0ab\u202e")) as told:
        read_log_file(str(file))

    assert str(told.value).isprintable()


@pytest.mark.parametrize("packed", [False, True])
def test_an_empty_log_is_called_empty(tmp_path: Path, packed: bool) -> None:
    """Most often the command before the pipe failed."""
    host = diagnose_log(read_log_file(written(tmp_path, gzip.compress(b"") if packed else b"")))
    assert isinstance(host, NotExamined)
    assert host.error.endswith("(the input is empty)")


def test_a_directory_is_a_sentence(tmp_path: Path) -> None:
    """With the cure."""
    with pytest.raises(LogFileError, match="is a directory: name a file in it"):
        read_log_file(str(tmp_path))


def test_reports_are_kept_up_to_a_number(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A packed file of a few MB can hold millions of them."""
    monkeypatch.setattr("diagnostics.facts.kernel_log.MOST_REPORTS", 20)
    reports = "".join(
        membind_report(prefix=f"[{n}.000000] ") + NOISE[:100_000] for n in range(30000, 30120)
    )
    log = read_log_file(written(tmp_path, reports.encode()))

    assert 20 <= len(log.reports) < 120
    assert log.cut == f"cut: reading ended after {len(log.reports)} OOM reports"
