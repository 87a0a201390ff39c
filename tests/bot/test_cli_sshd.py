"""`sevbot diagnose` and `sevbot record` against a real OpenSSH sshd on loopback."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from diagnostics.bundle.directory import read_directory
from diagnostics.bundle.framing import frame
from diagnostics.probe import PROBE
from diagnostics.rules import RULES
from tests.bot.test_cli import sevbot
from tests.conftest import ROOT
from tests.diagnostics.sshd import NAME, Sshd, forced

pytestmark = pytest.mark.needs("sshd")


def config_of(sshd: Sshd, extra: str = "") -> str:
    """A configuration file whose inventory has this sshd as its one host."""
    target = sshd.target
    text = f'[ssh]\nclient_key = "{sshd.client_key}"\nknown_hosts = "{sshd.known_hosts}"\nuser = "{target.user}"\n'
    text += f'[hosts.{NAME}]\naddress = "{target.address}"\nport = {target.port}\n{extra}'
    path = sshd.directory / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return str(path)


def replaying(tmp_path: Path, bundle: str) -> str:
    """A forced command that prints a recorded incident."""
    (tmp_path / "stream").write_bytes(frame(read_directory(ROOT / bundle)))
    return forced(tmp_path, f"exec cat {tmp_path}/stream\n")


@pytest.mark.parametrize("way", ["no forced command", "the host's own copy of the probe"])
def test_diagnose_serves_with_and_without_a_forced_command(tmp_path: Path, way: str) -> None:
    """The real probe on this machine, over real SSH."""
    (tmp_path / "probe").write_text(PROBE, encoding="utf-8")
    options = "" if way == "no forced command" else forced(tmp_path, f"exec sh {tmp_path}/probe\n")
    with Sshd(tmp_path, options=options) as sshd:
        done = sevbot("diagnose", NAME, "--json", "--config", config_of(sshd))

    (host,) = json.loads(done.stdout)["hosts"]
    assert (done.returncode, host["host"], host["reached"], host["error"]) == (0, NAME, True, None)
    assert host["taken_at"]
    assert len(host["findings"]) + len(host["clear"]) + len(host["unknown"]) == len(RULES)


def test_record_writes_what_diagnose_reads(tmp_path: Path) -> None:
    """An incident over SSH, its recording, and the same verdict from both."""
    with Sshd(tmp_path, options=replaying(tmp_path, "tests/cases/membind-oom-16g-6.1")) as sshd:
        config = config_of(sshd)
        live = sevbot("diagnose", NAME, "--json", "--config", config)
        recorded = sevbot("record", NAME, str(tmp_path / "recording"), "--config", config)
    again = sevbot("diagnose", "--bundle", str(tmp_path / "recording"), "--json")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "recording").iterdir()} == {
        0o600
    }

    assert (live.returncode, recorded.returncode) == (0, 0)
    assert (
        json.loads(live.stdout)["hosts"][0]["findings"][0]["headline"]
        == "membind OOM of node 1, suggest interleave"
    )
    assert again.stdout == live.stdout


def test_an_empty_directory_that_others_can_read_is_closed_and_that_is_said(tmp_path: Path) -> None:
    """It may have been made with `mkdir` a minute ago."""
    where = tmp_path / "recording"
    where.mkdir()
    where.chmod(0o755)
    with Sshd(tmp_path, options=replaying(tmp_path, "tests/cases/membind-oom-16g-6.1")) as sshd:
        done = sevbot("record", NAME, str(where), "--config", config_of(sshd))

    assert stat.S_IMODE(where.stat().st_mode) == 0o700
    assert b"others could read that directory: it is now mode 0700" in done.stdout


def test_one_host_that_fails_is_status_1_and_hides_no_other(tmp_path: Path) -> None:
    """The one that is gone is told with its cure, after the one that answered."""
    with Sshd(tmp_path, options=replaying(tmp_path, "tests/cases/membind-oom-16g-6.1")) as sshd:
        gone = '[hosts.web2]\naddress = "127.0.0.1"\nport = 1\n'
        with sshd.known_hosts.open("a", encoding="utf-8") as file:
            file.write(sshd.known_hosts.read_text(encoding="utf-8").replace(NAME, "web2"))
        done = sevbot("diagnose", "web2", NAME, "--config", config_of(sshd, gone))

    assert done.returncode == 1
    assert b"membind OOM of node 1, suggest interleave" in done.stdout
    assert b"web2 (127.0.0.1:1)" in done.stdout


@pytest.mark.parametrize(("script", "status"), [("", 1), ("printf '=done\\n'\n", 0)])
def test_an_answer_that_broke_off_is_told_and_is_status_1(
    tmp_path: Path, script: str, status: int
) -> None:
    """What came is used, but nobody may take the host for examined; the same where the recording is read."""
    whole = "printf '=sevbot-probe 1\\n=begin clock\\n|now 1\\n\\n=end clock 0\\n'\n"
    with Sshd(tmp_path, options=forced(tmp_path, whole + script)) as sshd:
        config = config_of(sshd)
        live = sevbot("diagnose", NAME, "--json", "--config", config)
        text = sevbot("diagnose", NAME, "--config", config)
        sevbot("record", NAME, str(tmp_path / "recording"), "--config", config)
    again = sevbot("diagnose", "--bundle", str(tmp_path / "recording"), "--json")

    (host,) = json.loads(live.stdout)["hosts"]
    assert (live.returncode, text.returncode, again.returncode) == (status, status, status)
    assert (host["broke_off"] is not None) == bool(status)
    assert (b"The answer of web1 broke off: its output ended in the middle" in text.stdout) == bool(
        status
    )
    assert again.stdout == live.stdout


@pytest.mark.parametrize(
    ("known_hosts", "words"),
    [
        ("", b"is empty"),
        (
            "other ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPAzGpYkiSmMwEDsFRoxTJRWcf3DiNmGrdl+5CS3Nrz\n",
            b"web1 ssh-ed25519",
        ),
    ],
)
def test_an_unknown_host_key_names_the_line_that_is_missing(
    tmp_path: Path, known_hosts: str, words: bytes
) -> None:
    """Never learnt, never ignored."""
    with Sshd(tmp_path) as sshd:
        sshd.known_hosts.write_text(known_hosts, encoding="utf-8")
        done = sevbot("diagnose", NAME, "--config", config_of(sshd))

        assert done.returncode in (1, 2)
        assert words in done.stdout + done.stderr
        assert "userauth" not in sshd.log
