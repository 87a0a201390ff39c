"""How wide the text is, and whether in colour: `COLUMNS`, the terminal, NO_COLOR, TERM."""

from __future__ import annotations

import asyncio
import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from bot.standin.hosts import ReplayHosts
from bot.tty import HowFar, wants_colour, width_of
from diagnostics.bundle.directory import read_directory
from tests.bot.test_cli import sevbot
from tests.conftest import ROOT
from tests.diagnostics.kernel_logs import LOGS, SEED

COMMAND = ("diagnose", "--kernel-log", str(LOGS / SEED))
CODE_INDENT = " " * 6
ESCAPE = "\x1b["


def on_a_terminal(columns: int, **environ: str) -> str:
    """What the command prints on a terminal of so many columns."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    clean = {
        name: value
        for name, value in os.environ.items()
        if name not in ("COLUMNS", "NO_COLOR", "TERM")
    }
    command = [sys.executable, "-m", "bot", *COMMAND]
    with subprocess.Popen(
        command, stdout=its, cwd=ROOT, env={**clean, "TERM": "xterm", **environ}
    ) as process:
        os.close(its)
        printed = b"".join(iter(lambda: read_of(ours), b""))
    os.close(ours)
    assert process.returncode == 0
    return printed.decode().replace("\r\n", "\n")


def read_of(terminal: int) -> bytes:
    """What is there; nothing once the other side is closed."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


def sentences(text: str) -> list[str]:
    """Its lines without commands, which are not broken, and without colour."""
    plain = text.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "")
    return [line for line in plain.splitlines() if not line.startswith(CODE_INDENT)]


def longer(text: str, columns: int) -> list[str]:
    """Lines that are longer, and more than one word."""
    return [
        line
        for line in sentences(text)
        if len(line) > columns and len(line.removeprefix("  - ").split()) > 1
    ]


@pytest.mark.parametrize("columns", [40, 60, 80])
def test_no_line_is_longer_than_a_narrow_terminal(columns: int) -> None:
    """Sentences, headings and evidence."""
    text = on_a_terminal(columns)

    assert longer(text, columns) == []
    assert max(map(len, sentences(text))) > columns - 15


def test_a_wide_terminal_has_lines_of_100() -> None:
    """A longer line is hard to read."""
    assert longer(on_a_terminal(240), 100) == []


def test_columns_in_the_environment_come_before_the_terminal() -> None:
    """As in any program."""
    assert longer(on_a_terminal(100, COLUMNS="50"), 50) == []


def test_a_file_has_lines_of_100_and_evidence_line_by_line() -> None:
    """So that it can be searched; with COLUMNS it is what they ask for."""
    clean = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    command = [sys.executable, "-m", "bot", *COMMAND]
    asked = [
        subprocess.run(
            command, cwd=ROOT, env=environ, capture_output=True, check=True, text=True
        ).stdout
        for environ in (clean, {**clean, "COLUMNS": "60"})
    ]

    told, evidence = asked[0].split("\nEvidence\n")
    assert longer(told, 100) == []
    assert any(
        "invoked oom-killer: gfp_mask=" in line and "oom_score_adj=" in line
        for line in evidence.splitlines()
    )
    assert longer(asked[1], 60) == []


def test_words_and_paths_with_hyphens_are_not_broken() -> None:
    """They can be copied, and found again."""
    done = sevbot("diagnose", "--bundle", "tests/cases/abort-6.1")
    assert [line for line in done.stdout.decode().splitlines() if line.endswith("-")] == []


@pytest.mark.parametrize(
    ("environ", "coloured"),
    [
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "0"}, False),
        ({"NO_COLOR": "1"}, False),
        ({"TERM": "dumb"}, False),
    ],
    ids=str,
)
def test_colour_is_for_terminals_that_want_it(environ: dict[str, str], coloured: bool) -> None:
    """https://no-color.org: whatever NO_COLOR holds, unless that is nothing."""
    assert (ESCAPE in on_a_terminal(80, **environ)) == coloured


@pytest.mark.parametrize(
    ("columns", "width"),
    [
        ("72", 72),
        ("1000", 1000),
        ("0", None),
        ("-5", None),
        ("wide", None),
        ("", None),
        ("\u0663", None),
    ],
)
def test_columns_that_are_no_number_are_not_heeded(columns: str, width: int | None) -> None:
    """Nor those of a stream that is no file."""
    assert width_of(io.StringIO(), {"COLUMNS": columns}) == width
    assert not wants_colour(io.StringIO(), {"TERM": "xterm"})


class Screen(io.StringIO):
    """A terminal that keeps what was written."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [io.StringIO(), Screen()], ids=["pipe", "terminal"])
def test_after_a_second_it_says_how_far_it_is(
    stream: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line each in a file; one line on a terminal, which is empty at the end."""
    for name in ("FIRST_S", "TERMINAL_S", "LINE_S"):
        monkeypatch.setattr(f"bot.tty.{name}", 0.0)

    async def run() -> None:
        async with HowFar(stream, 12) as told:
            await some_rounds()
            told.answered(3)
            await some_rounds()

    asyncio.run(run())
    said = stream.getvalue()

    if stream.isatty():
        assert "\n" not in said
        assert said.endswith(f"\r{' ' * len('sevbot: asked 3 of 12 hosts …')}\r")
    else:
        assert "\r" not in said
        assert set(said.splitlines()) == {
            "sevbot: asked 0 of 12 hosts …",
            "sevbot: asked 3 of 12 hosts …",
        }


def test_within_a_second_it_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor at the end."""
    monkeypatch.setattr("bot.tty.FIRST_S", 3600.0)
    screen = Screen()

    async def run() -> None:
        async with HowFar(screen, 12) as told:
            told.answered(3)
            await asyncio.sleep(0)

    asyncio.run(run())

    assert screen.getvalue() == ""


def test_diagnose_says_it_on_standard_error(tmp_path: Path) -> None:
    """Its output is the report alone."""
    bundle = read_directory(ROOT / "tests/cases/membind-oom-16g-6.1")

    async def run() -> tuple[bytes, bytes]:
        async with ReplayHosts({"web1": bundle, "web2": bundle}, tmp_path, delay_s=3.0) as hosts:
            config = tmp_path / "sevbot.toml"
            config.write_text(
                f'[ssh]\nclient_key = "{hosts.client_key}"\nknown_hosts = "{hosts.known_hosts}"\n'
                + "".join(
                    f'[hosts.{name}]\naddress = "{target.address}"\nport = {target.port}\n'
                    for name, target in hosts.targets.items()
                )
            )
            command = (sys.executable, "-m", "bot", "diagnose", "web1", "web2")
            process = await asyncio.create_subprocess_exec(
                *command, "--config", str(config), cwd=ROOT, stdout=PIPE, stderr=PIPE
            )
            return await process.communicate()

    out, err = asyncio.run(run())

    assert out.startswith(b"membind OOM of node 1, suggest interleave\n")
    assert set(err.decode().splitlines()) == {"sevbot: asked 0 of 2 hosts …"}


async def some_rounds() -> None:
    """Of the loop: what can go on does."""
    for _ in range(20):
        await asyncio.sleep(0)
