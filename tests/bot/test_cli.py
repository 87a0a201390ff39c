"""The command line: sources, output, exit status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import asyncssh
import pytest

from diagnostics.rules import RULES, Rule
from diagnostics.telling.pages import text_of
from tests.conftest import ROOT
from tests.diagnostics.kernel_logs import LOGS, SEED


def sevbot(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "bot", *arguments]
    return subprocess.run(
        command, input=stdin, capture_output=True, check=False, timeout=60, cwd=ROOT
    )


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
        (
            ["explain", "memcg-oon"],
            "sevbot: no cause has the code 'memcg-oon': is it memcg-oom or ",
        ),
        (["explain", "segfult"], "is it segfault"),
        (["explain", "oom"], "is it membind-oom or cpuset-oom or memcg-oom? "),
        (
            ["explain", "xyz\x1b[2J"],
            "sevbot: no cause has the code 'xyz\\x1b[2J': `sevbot explain` lists all\n",
        ),
        (
            ["explain", "memcg-oom", "abort"],
            (
                "usage: sevbot explain [-h] [CODE]\nsevbot explain: error: unrecognized "
                "arguments: abort\n"
            ),
        ),
        (["diagnose", "--bogus"], "usage: sevbot diagnose [-h] [--local | "),
        (
            ["diagnose", "web1", "--bogus"],
            "sevbot diagnose: error: unrecognized arguments: --bogus\n",
        ),
        (["demo", "x"], "sevbot demo: error: unrecognized arguments: x\n"),
        (["--bogus", "explain"], "sevbot: error: unrecognized arguments: --bogus\n"),
    ],
)
def test_wrong_usage_is_status_2_with_the_cure(arguments: list[str], words: str) -> None:
    """One sentence on standard error, nothing on standard output."""
    done = sevbot(*arguments)

    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr.decode()


def test_the_help_of_diagnose_tells_its_exit_statuses() -> None:
    """For whoever writes the script that calls it; and what it does, in a sentence."""
    told = " ".join(sevbot("diagnose", "--help").stdout.decode().split())

    assert "Says why processes keep dying on hosts" in told
    assert "Exit status: 0 every host could be examined" in told
    assert "1 some could not, or an answer broke off" in told
    assert "2 usage or configuration" in told


def page(*arguments: str, columns: str | None = None) -> str:
    """What `sevbot explain` prints for so many columns; the terminal's own are those of a pipe."""
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"} | (
        {"COLUMNS": columns} if columns else {}
    )
    command = [sys.executable, "-m", "bot", "explain", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=60, cwd=ROOT, env=environment
    ).stdout


def words_of(text: str) -> list[str]:
    """Without what Markdown and a list add."""
    return re.sub(r"\*\*|(?m:^# )", "", text).split()


def test_a_causes_page_is_told_as_plain_text() -> None:
    """The same words as the page of the documents, without its marks; the labels begin
    paragraphs.
    """
    text = page("membind-oom")

    assert text.startswith(
        "membind-oom\n\nIn reports: bound to full nodes.\n\nA memory policy let a task use only "
    )
    assert words_of(text) == words_of(
        (ROOT / "docs/causes/membind-oom.md").read_text(encoding="utf-8")
    )
    assert "*" not in text
    assert [line.split()[0] for line in text.split("\n\n")] == [
        "membind-oom",
        "In",
        "A",
        "Fires",
        "Stays",
        "Cannot",
        "Looks",
        "Kernel:",
    ]
    assert text.endswith(".\n")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_page_is_told_in_whole(rule: Rule) -> None:
    """Each word, and no line longer than is asked for."""
    text = text_of(rule, 60)

    assert words_of(text) == words_of(
        (ROOT / f"docs/causes/{rule.code}.md").read_text(encoding="utf-8")
    )
    assert [line for line in text.splitlines() if len(line) > 60 and " " in line.strip()] == []


@pytest.mark.parametrize(
    ("columns", "most"),
    [
        (None, 100),
        ("60", 60),
        ("300", 100),
        ("1", 40),
        ("x", 100),
        ("0", 100),
        ("\uff16\uff10", 100),
    ],
)
def test_explain_keeps_to_the_width(columns: str | None, most: int) -> None:
    """A terminal's, between 40 and 100; also that of the list. It is read as `sevbot diagnose`
    reads it.
    """
    for arguments in ([], ["membind-oom"]):
        longest = max(map(len, page(*arguments, columns=columns).splitlines()))
        assert most - 15 <= longest <= most


def test_explain_alone_lists_every_cause() -> None:
    """In the order of a report, each with what it is."""
    listed = page(columns="100")

    assert re.findall(r"(?m)^(\S+)  ", listed) == [rule.code for rule in RULES]
    assert re.search(
        r"(?m)^memcg-oom +a cgroup reached its memory limit, and the kernel killed inside it\.$",
        listed,
    )


def test_a_code_is_known_however_it_is_written() -> None:
    """As the files of rules have it, or in capitals."""
    assert page("MEMCG_OOM") == page("memcg-oom")


def test_rubbish_is_no_log_and_no_crash() -> None:
    """Bytes that are no text, and no newline at all."""
    done = sevbot("diagnose", "--kernel-log", "-", "--json", stdin=bytes(range(256)) * 100)

    host = json.loads(done.stdout)["hosts"][0]
    assert (done.returncode, host["findings"], len(host["unknown"])) == (1, [], len(RULES))


def config_in(tmp_path: Path, *hosts: str) -> str:
    """A configuration of these hosts, on a port where nothing listens."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "key").write_bytes(key.export_private_key())
    (tmp_path / "key").chmod(0o600)
    known = f"{','.join(hosts)} {key.export_public_key().decode()}"
    (tmp_path / "known_hosts").write_text(known, encoding="utf-8")
    config = f'[ssh]\nclient_key = "{tmp_path}/key"\nknown_hosts = "{tmp_path}/known_hosts"\n'
    config += "".join(f'[hosts.{name}]\naddress = "127.0.0.1"\nport = 9\n' for name in hosts)
    (tmp_path / "config.toml").write_text(config, encoding="utf-8")
    (tmp_path / "config.toml").chmod(0o600)
    return str(tmp_path / "config.toml")


def test_a_host_that_is_not_in_the_inventory_is_status_1(tmp_path: Path) -> None:
    """Named in the report, never dialled."""
    done = sevbot("diagnose", "nosuch", "--config", config_in(tmp_path, "web1"))

    assert done.returncode == 1
    assert b"nosuch: not in the inventory" in done.stdout


def test_a_mistyped_host_is_told_with_the_one_that_may_be_meant(tmp_path: Path) -> None:
    """The same for `record`, which asks nobody either."""
    config = config_in(tmp_path, "web1", "ranker-a")

    done = sevbot("diagnose", "wbe1", "--config", config)
    recorded = sevbot("record", "Ranker_A", str(tmp_path / "recording"), "--config", config)

    told = " ".join(done.stdout.decode().split())
    assert "wbe1: not in the inventory: did you mean web1? Check the spelling, or add " in told
    assert (done.returncode, b"127.0.0.1" in done.stdout) == (1, False)
    assert b"'Ranker_A' is not in the inventory: did you mean ranker-a? " in recorded.stderr
    assert recorded.returncode == 2


@pytest.mark.parametrize(
    "words", [["WEB1,", "(ranker-a)"], ["web1 and", "ranker-a.example.com"], ["web1,RANKER-A"]]
)
def test_hosts_are_named_as_people_write_them(tmp_path: Path, words: list[str]) -> None:
    """Both are asked, and nothing listens there."""
    done = sevbot("diagnose", *words, "--json", "--config", config_in(tmp_path, "web1", "ranker-a"))

    hosts = json.loads(done.stdout)["hosts"]
    assert [host["host"] for host in hosts] == ["web1", "ranker-a"]
    assert all("port 9" in host["error"] for host in hosts)
    assert done.returncode == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["diagnose", ","], "name at least one host or service of the inventory"),
        (["record", "web1,ranker-a", "/no/such/dir"], "must be the name of one host"),
        (["record", "and", "/no/such/dir"], "must be the name of one host"),
    ],
)
def test_too_few_or_too_many_hosts_are_wrong_usage(
    tmp_path: Path, arguments: list[str], words: str
) -> None:
    """Nobody is asked."""
    done = sevbot(*arguments, "--config", config_in(tmp_path, "web1", "ranker-a"))

    assert (done.returncode, done.stdout) == (2, b"")
    assert words in done.stderr.decode()


def test_an_escape_sequence_in_a_log_never_reaches_the_terminal(tmp_path: Path) -> None:
    """A comm may hold any bytes."""
    log = (LOGS / SEED).read_text(encoding="utf-8").replace("ranker", "r\x1b[2J\u202ex")
    (tmp_path / "log").write_text(log, encoding="utf-8")

    done = sevbot("diagnose", "--kernel-log", str(tmp_path / "log"))

    assert b"\x1b" not in done.stdout
    assert b"r\\x1b[2J\\u202ex" in done.stdout
