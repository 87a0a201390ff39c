"""The command line: sources, output, exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from diagnostics.rules import RULES
from tests.conftest import ROOT
from tests.diagnostics.kernel_logs import LOGS, SEED


def sevbot(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, check=False, timeout=60, cwd=ROOT)


def test_a_kernel_log_gives_text_without_colour_in_a_pipe() -> None:
    """Colour is for terminals."""
    done = sevbot("diagnose", "--kernel-log", str(LOGS / SEED))

    assert done.returncode == 0
    assert done.stdout.startswith(b"membind OOM of node 1, suggest interleave\n")
    assert b"\x1b" not in done.stdout


def test_a_kernel_log_on_standard_input_is_the_same() -> None:
    """`dmesg | sevbot diagnose --kernel-log -`."""
    log = (LOGS / SEED).read_bytes()

    piped = sevbot("diagnose", "--kernel-log", "-", "--json", stdin=log)

    assert piped.stdout == sevbot("diagnose", "--kernel-log", str(LOGS / SEED), "--json").stdout
    assert json.loads(piped.stdout)["hosts"][0]["host"] is None


def test_a_bundle_is_read() -> None:
    """The demo's own."""
    done = sevbot("diagnose", "--bundle", "tests/cases/membind-oom-16g-6.1", "--json")

    assert json.loads(done.stdout)["hosts"][0]["findings"][0]["confidence"] == "confirmed"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["diagnose"], "name what to examine"),
        (["diagnose", "web1", "--local"], "name what to examine"),
        (["diagnose", "--kernel-log", "/no/such/file"], "No such file"),
        (["diagnose", "--bundle", "/no/such/dir"], "sevbot record HOST DIR"),
        (["diagnose", "web1", "--config", "/no/such/config.toml"], "--config"),
        (["record", "web1", "/no/such/dir", "--config", "/no/such/config.toml"], "--config"),
        (["run", "--config", "/no/such/config.toml"], "--config"),
        (["frobnicate"], "invalid choice"),
    ],
)
def test_wrong_usage_is_status_2_with_the_cure(arguments: list[str], words: str) -> None:
    """One sentence on standard error, nothing on standard output."""
    done = sevbot(*arguments)

    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr.decode()


def test_rubbish_is_no_log_and_no_crash() -> None:
    """Bytes that are no text, and no newline at all."""
    done = sevbot("diagnose", "--kernel-log", "-", "--json", stdin=bytes(range(256)) * 100)

    host = json.loads(done.stdout)["hosts"][0]
    assert (done.returncode, host["findings"], len(host["unknown"])) == (1, [], len(RULES))


def test_a_host_that_is_not_in_the_inventory_is_status_1(tmp_path: Path) -> None:
    """Named in the report, never dialled."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    (tmp_path / "known_hosts").write_text(f"web1 {(tmp_path / 'key.pub').read_text(encoding='utf-8')}", encoding="utf-8")
    config = f'[ssh]\nclient_key = "{tmp_path}/key"\nknown_hosts = "{tmp_path}/known_hosts"\n[hosts.web1]\naddress = "127.0.0.1"\n'
    (tmp_path / "config.toml").write_text(config, encoding="utf-8")
    (tmp_path / "config.toml").chmod(0o600)

    done = sevbot("diagnose", "nosuch", "--config", str(tmp_path / "config.toml"))

    assert done.returncode == 1
    assert b"nosuch: not in the inventory" in done.stdout


def test_an_escape_sequence_in_a_log_never_reaches_the_terminal(tmp_path: Path) -> None:
    """A comm may hold any bytes."""
    log = (LOGS / SEED).read_text(encoding="utf-8").replace("ranker", "r\x1b[2J\u202ex")
    (tmp_path / "log").write_text(log, encoding="utf-8")

    done = sevbot("diagnose", "--kernel-log", str(tmp_path / "log"))

    assert b"\x1b" not in done.stdout
    assert b"r\\x1b[2J\\u202ex" in done.stdout
