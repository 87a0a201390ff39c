"""Collecting over SSH against a real OpenSSH sshd: what a host is asked, what a stolen key can do, and what a bad host can do to us."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import shlex
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import asyncssh
import pytest

from diagnostics.bundle import Bundle, Missing
from diagnostics.collect.ssh import SshCollector, SshSettings, Target
from diagnostics.probe import MAX_OUTPUT_BYTES, PROBE, SECTIONS
from tests.diagnostics.sshd import NAME, Sshd, forced

pytestmark = pytest.mark.needs("sshd")

FORCED_ANSWER = "printf '=sevbot-probe 1\\n=begin uname\\n|forced\\n\\n=end uname 0\\n=done\\n'\n"
ONE_SECTION = "printf '=sevbot-probe 1\\n=begin clock\\n|now 1\\n\\n=end clock 0\\n=begin uname\\n|Linux\\n|half'\n"


def collect(settings: SshSettings, target: Target) -> Bundle | Missing:
    """One collection; no task and no warning may be left."""

    async def run() -> Bundle | Missing:
        found = await SshCollector(settings).collect(target)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return found

    found = asyncio.run(run(), debug=True)
    gc.collect()  # so that an unclosed socket would warn here
    return found


def because(found: Bundle | Missing) -> str:
    assert isinstance(found, Missing)
    return found.because


def bundle(found: Bundle | Missing) -> Bundle:
    assert isinstance(found, Bundle), found
    return found


def test_without_a_forced_command_the_whole_probe_is_the_command(tmp_path: Path) -> None:
    """A plain account is enough: the host runs the text that was sent."""
    with Sshd(tmp_path) as sshd:
        found = bundle(collect(sshd.settings(), sshd.target))
    assert found.host == NAME
    assert set(found.sections) | set(found.missing) == set(SECTIONS)
    assert found.sections["uname"].text.startswith("Linux ")


def test_with_a_forced_command_the_host_runs_its_own_copy(tmp_path: Path) -> None:
    """The same text as a file on the host gives the same sections."""
    copy = tmp_path / "copy"
    copy.write_text(PROBE)
    with Sshd(tmp_path, options=forced(tmp_path, f"exec sh {copy}\n")) as sshd:
        found = bundle(collect(sshd.settings(), sshd.target))
    assert set(found.sections) | set(found.missing) == set(SECTIONS)
    assert found.sections["uname"].text.startswith("Linux ")


def test_with_a_forced_command_what_was_sent_is_ignored(tmp_path: Path) -> None:
    """The host decides what runs."""
    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd:
        found = bundle(collect(sshd.settings(), sshd.target))
    assert {name: section.text for name, section in found.sections.items()} == {"uname": "forced\n"}


ATTEMPTS = [  # options of ssh(1), then the command; {mark} is a file that would appear if anything but the probe ran
    "web1 id",
    "web1 touch {mark}",
    "web1 'bash -c \"touch {mark}\"'",
    "web1 '; touch {mark}; #'",
    "web1 '$(touch {mark})'",
    "web1 'scp -f {mark}'",
    "-tt web1 touch {mark}",
    "-T web1",
    "-s web1 sftp",
    "-L {free}:127.0.0.1:{port} web1 id",
    "-R {free}:127.0.0.1:{port} web1 id",
    "-D {free} web1 id",
    "-A web1 touch {mark}",
    "-X web1 touch {mark}",
    "-o SetEnv=LD_PRELOAD={mark} web1 id",
    "-o SetEnv=SSH_ORIGINAL_COMMAND=touch web1 touch {mark}",
    "-W 127.0.0.1:{port} web1",
]


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_stolen_key_gets_the_probe_or_nothing(tmp_path: Path, attempt: str) -> None:
    """The real ssh client with the real key, as a thief would use it: shell, sftp, forwarding, environment, terminal."""
    mark = tmp_path / "mark"
    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd:
        words = shlex.split(attempt.format(mark=mark, port=sshd.port, free=0 if "-R" in attempt else sshd.port + 1))
        ours = f"-F none -p {sshd.port} -i {sshd.client_key} -o UserKnownHostsFile={sshd.known_hosts} -o HostKeyAlias={NAME}".split()
        rest = ["-o", "BatchMode=yes", "-o", "HostName=127.0.0.1", "-o", "IdentityAgent=none"]
        done = subprocess.run(["ssh", *ours, *rest, *words], input=b"touch mark; id\n", capture_output=True, timeout=30, check=False)
    assert not mark.exists()
    assert b"uid=" not in done.stdout
    assert done.stdout.replace(b"\r", b"") in (b"", b"=sevbot-probe 1\n=begin uname\n|forced\n\n=end uname 0\n=done\n")
    assert "Accepted publickey" in sshd.log


@pytest.mark.parametrize("way", ["direct", "reverse", "pty", "subsystem", "unix"])
def test_a_stolen_key_gets_no_channel_but_the_probe(tmp_path: Path, way: str) -> None:
    """The same below ssh(1)'s own manners, request by request."""

    async def attempt(sshd: Sshd) -> None:
        async with asyncssh.connect(
            "127.0.0.1", sshd.port, config=None, known_hosts=str(sshd.known_hosts), host_key_alias=NAME, agent_path=None,
            username=sshd.target.user, client_keys=[str(sshd.client_key)],
        ) as connection:  # fmt: skip
            with pytest.raises((asyncssh.ChannelOpenError, asyncssh.ChannelListenError)):
                if way == "direct":
                    await connection.open_connection("127.0.0.1", sshd.port)
                elif way == "reverse":
                    await connection.forward_remote_port("", 0, "127.0.0.1", sshd.port)
                elif way == "unix":
                    await connection.open_unix_connection("/run/systemd/private")
                elif way == "pty":
                    await connection.create_process("id", term_type="xterm", request_pty="force")
                else:
                    process = await connection.create_process(subsystem="sftp", encoding=None)
                    assert b"forced" in await process.stdout.read()
                    raise asyncssh.ChannelOpenError(0, "sftp became the probe")

    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd:
        asyncio.run(attempt(sshd))


def test_a_changed_host_key_stops_everything(tmp_path: Path) -> None:
    """The host never sees so much as a user name, and the sentence says to stop."""
    with Sshd(tmp_path) as sshd:
        other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        sshd.known_hosts.write_text(f"{NAME} {other}")
        told = because(collect(sshd.settings(), sshd.target))
        log = sshd.wait_for("Host key")
    assert "HOST KEY CHANGED" in told
    assert f"{NAME} (127.0.0.1:{sshd.port})" in told
    assert "Nothing was sent" in told
    assert "userauth" not in log


def test_a_host_key_of_another_kind_counts_as_changed(tmp_path: Path) -> None:
    """Only an RSA key is on file and the host has none: that is another key, not a matter of algorithms."""
    with Sshd(tmp_path) as sshd:
        sshd.known_hosts.write_text(f"{NAME} {asyncssh.generate_private_key('ssh-rsa', key_size=2048).export_public_key().decode()}")
        told = because(collect(sshd.settings(), sshd.target))
    assert "HOST KEY CHANGED" in told
    assert "ssh-ed25519 SHA256:" in told


def test_a_revoked_host_key_is_told_as_such(tmp_path: Path) -> None:
    """The same key, trusted in one line and revoked in another."""
    with Sshd(tmp_path) as sshd:
        line = sshd.known_hosts.read_text()
        sshd.known_hosts.write_text(f"{line}@revoked {line}")
        assert "revoked" in because(collect(sshd.settings(), sshd.target))


@pytest.mark.parametrize("line", ["web2 {key}", "127.0.0.1 {key}", "[127.0.0.1]:{port} {key}", "|1|AAAA|AAAA {key}"])
def test_an_unknown_host_is_not_even_called(tmp_path: Path, line: str) -> None:
    """The right key under another name or under the address is no entry for this host."""
    with Sshd(tmp_path) as sshd:
        key = sshd.known_hosts.read_text().partition(" ")[2]
        sshd.known_hosts.write_text(line.format(key=key, port=sshd.port))
        told = because(collect(sshd.settings(), sshd.target))
        assert "Connection from" not in sshd.log
    assert f"no entry for {NAME} in {sshd.known_hosts}" in told
    assert "configuration management" in told


def test_hashed_known_hosts_and_host_authorities_are_understood(tmp_path: Path) -> None:
    """ssh-keygen -H, a name with a port, and a host certificate."""
    with Sshd(tmp_path) as sshd:
        plain = sshd.known_hosts.read_text()
        sshd.known_hosts.write_text(plain.replace(NAME, f"[{NAME}]:{sshd.port}"))
        assert isinstance(collect(sshd.settings(), sshd.target), Bundle)
        sshd.known_hosts.write_text(plain)
        subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(sshd.known_hosts)], check=True, stderr=subprocess.DEVNULL)
        assert NAME not in sshd.known_hosts.read_text()
        assert isinstance(collect(sshd.settings(), sshd.target), Bundle)


def test_a_refused_key_is_one_attempt_and_names_key_and_user(tmp_path: Path) -> None:
    """One key is offered once; nothing else is tried, and the sentence says where to put the public key."""
    with Sshd(tmp_path, key_is_known=False) as sshd:
        told = because(collect(sshd.settings(), sshd.target))
        log = sshd.wait_for("Failed publickey")
    assert str(sshd.client_key) in told
    assert f"authorized_keys of {sshd.target.user}" in told
    assert log.count("Failed publickey") == 1
    assert log.count("Connection from") == 1
    assert "method password" not in log
    assert "method keyboard-interactive" not in log


@pytest.mark.parametrize("config", ["AuthenticationMethods publickey,password\nPasswordAuthentication yes", "PubkeyAuthentication no"])
def test_a_host_that_wants_more_than_a_key_is_named(tmp_path: Path, config: str) -> None:
    """No password is ever sent, and the sentence says what to set."""
    with Sshd(tmp_path, config=config) as sshd:
        told = because(collect(sshd.settings(), sshd.target))
        assert "method password" not in sshd.log
    assert "AuthenticationMethods publickey" in told


def test_no_common_algorithm_names_the_ones_to_allow(tmp_path: Path) -> None:
    """A host that offers only what sevbot never uses."""
    with Sshd(tmp_path, config="Ciphers aes128-cbc") as sshd:
        assert "aes128-gcm@openssh.com" in because(collect(sshd.settings(), sshd.target))


def test_a_hung_probe_ends_at_the_deadline(tmp_path: Path) -> None:
    """With nothing printed there is only the reason."""
    with Sshd(tmp_path, options=forced(tmp_path, "exec sleep 7777\n")) as sshd:
        start = time.monotonic()
        told = because(collect(sshd.settings(deadline_s=1.5), sshd.target))
        assert time.monotonic() - start < 3
    assert "did not end in 1.5 s" in told


def test_what_a_hung_probe_printed_is_used(tmp_path: Path) -> None:
    """Whole sections and whole lines that came before the deadline are evidence; the rest says why it is missing."""
    with Sshd(tmp_path, options=forced(tmp_path, ONE_SECTION + "exec sleep 7777\n")) as sshd:
        found = bundle(collect(sshd.settings(deadline_s=1.5), sshd.target))
    assert found.sections["clock"].text == "now 1\n"
    assert found.sections["clock"].exit == 0
    assert found.sections["uname"].text == "Linux\n"
    assert found.sections["uname"].exit is None
    assert "did not end in 1.5 s" in found.missing["kernel-log"]


def test_a_probe_that_leaves_a_process_behind_does_not_cost_the_deadline(tmp_path: Path) -> None:
    """After its last line nothing more is waited for, even if something keeps the channel open."""
    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER + "exec sleep 7777\n")) as sshd:
        start = time.monotonic()
        assert isinstance(collect(sshd.settings(), sshd.target), Bundle)
        assert time.monotonic() - start < 5


@pytest.mark.parametrize(
    ("script", "reason"), [("exec yes\n", "bytes and was stopped"), ("exec yes >&2\n", "bytes to stderr and was stopped")]
)
def test_endless_output_is_stopped_and_costs_no_memory(tmp_path: Path, script: str, reason: str) -> None:
    """At the cap the connection is closed; this process grows by little more than the cap."""
    with Sshd(tmp_path, options=forced(tmp_path, script)) as sshd:
        collect(sshd.settings(), Target(NAME, "127.0.0.1", 1, "x"))  # so that what is loaded once is not counted
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        start = time.monotonic()
        told = because(collect(sshd.settings(), sshd.target))
        assert time.monotonic() - start < 10
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert reason in told
    assert grown_kib < 8 * MAX_OUTPUT_BYTES / 1024


def test_sections_before_endless_output_are_used(tmp_path: Path) -> None:
    """A cap is not a reason to throw away what came before it."""
    with Sshd(tmp_path, options=forced(tmp_path, ONE_SECTION + "echo\necho '=begin meminfo'\nexec yes '|x'\n")) as sshd:
        found = bundle(collect(sshd.settings(), sshd.target))
    assert found.sections["clock"].text == "now 1\n"
    assert found.sections["meminfo"].cut
    assert "more than" in found.missing["kernel-log"]


def test_a_nologin_shell_is_named(tmp_path: Path) -> None:
    """What nologin prints is quoted, with the cure."""
    script = "echo 'This account is currently not available.'\nexit 1\n"
    with Sshd(tmp_path, options=forced(tmp_path, script)) as sshd:
        told = because(collect(sshd.settings(), sshd.target))
    assert "This account is currently not available." in told
    assert "login shell" in told


def test_an_error_on_stderr_is_shown_when_nothing_else_came(tmp_path: Path) -> None:
    """A forced command that is not there says so on stderr only."""
    with Sshd(tmp_path, options='restrict,command="/nonexistent/probe"') as sshd:
        told = because(collect(sshd.settings(), sshd.target))
    assert "/nonexistent/probe" in told
    assert "forced command" in told


def test_bytes_that_are_not_text_do_not_lose_the_section(tmp_path: Path) -> None:
    """Invalid UTF-8 is replaced, NUL and carriage returns are kept."""
    script = "printf '=sevbot-probe 1\\n=begin uname\\n|a\\377b\\000c\\r\\n\\n=end uname 0\\n=done\\n'\n"
    with Sshd(tmp_path, options=forced(tmp_path, script)) as sshd:
        found = bundle(collect(sshd.settings(), sshd.target))
    assert found.sections["uname"].text == "a\N{REPLACEMENT CHARACTER}b\x00c\r\n"


def test_a_connection_lost_in_the_middle_keeps_what_came(tmp_path: Path) -> None:
    """The host's session dies: whole sections stay, and the reason says that the connection was lost."""
    kill_session = ONE_SECTION + "sleep 0.5\nkill -9 $PPID\nexec sleep 60\n"
    with Sshd(tmp_path, options=forced(tmp_path, kill_session)) as sshd:
        found = bundle(collect(sshd.settings(), sshd.target))
    assert found.sections["clock"].text == "now 1\n"
    assert "lost connection" in found.missing["kernel-log"]


def test_cancelling_closes_the_connection_and_is_passed_on(tmp_path: Path) -> None:
    """The caller's own deadline or shutdown leaves no connection and no task behind."""

    async def run(sshd: Sshd) -> None:
        task = asyncio.create_task(SshCollector(sshd.settings()).collect(sshd.target))
        while not (tmp_path / "forced.pid").exists():
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with Sshd(tmp_path, options=forced(tmp_path, "exec sleep 7777\n")) as sshd:
        asyncio.run(run(sshd), debug=True)
        sshd.wait_for("Disconnected from")


def test_nothing_of_the_users_own_ssh_set_up_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Configuration, agent and default keys of whoever runs sevbot stay untouched: no ProxyCommand, no agent connection, one key offered."""
    home, canary = tmp_path / "home" / ".ssh", tmp_path / "canary"
    home.mkdir(parents=True)
    (home / "config").write_text(f"Host *\n  ProxyCommand touch {canary}\n  User somebody\n  Port 1\n")
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(home / "id_ed25519"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    calls = []

    async def run(sshd: Sshd) -> None:
        async def call(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            calls.append("agent")
            writer.close()

        async with await asyncio.start_unix_server(call, str(tmp_path / "agent")):
            because(await SshCollector(sshd.settings()).collect(sshd.target))

    with Sshd(tmp_path, key_is_known=False) as sshd:
        asyncio.run(run(sshd))
        assert sshd.wait_for("Failed publickey").count("Failed publickey") == 1
    assert calls == []
    assert not canary.exists()


def with_certificate(sshd: Sshd, valid: Callable[[], dict[str, str]]) -> SshSettings:
    """Make the account log in by certificates of a fresh authority, and give the client one."""
    authority = asyncssh.generate_private_key("ssh-ed25519")
    key = asyncssh.read_private_key(str(sshd.client_key))
    certificate = authority.generate_user_certificate(key, "sevbot", principals=[sshd.target.user], **valid())  # type: ignore[arg-type]
    file = sshd.directory / "client_key-cert.pub"
    certificate.write_certificate(str(file))
    with (sshd.directory / "authorized_keys").open("a") as keys:
        keys.write(f"cert-authority {authority.export_public_key().decode()}")
    return SshSettings(sshd.client_key, sshd.known_hosts, certificate=file)


def test_a_certificate_logs_in_and_an_expired_one_never_falls_back_to_the_key(tmp_path: Path) -> None:
    """The bare key is in authorized_keys too, and still is not offered when the certificate has expired."""
    with Sshd(tmp_path) as sshd:
        assert isinstance(collect(with_certificate(sshd, dict), sshd.target), Bundle)
        told = because(collect(with_certificate(sshd, lambda: {"valid_after": "20200101", "valid_before": "20200102"}), sshd.target))
    assert "client_key-cert.pub was refused" in told
    with suppress(FileNotFoundError):
        os.unlink(sshd.directory / "client_key-cert.pub")
