"""What is checked before the first connection, what asyncssh is told, and how many hosts are asked
together.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import cast

import asyncssh
import pytest

from diagnostics.bundle import Bundle, Missing
from diagnostics.collect.ssh import SshCollector, SshSettings, SshSetupError, Target
from diagnostics.collect.ssh_identity import read_host_keys
from diagnostics.collect.ssh_options import CIPHERS, KEX, SIGNATURES, host_options, shared_options
from tests.access_list import GROUP, OURS, STRANGER, USER, give
from tests.diagnostics.sshd import NAME, because, collect, usable_settings

TARGET = Target(NAME, "192.0.2.1", 22, "sevbot-probe")


@pytest.fixture
def settings(tmp_path: Path) -> SshSettings:
    return usable_settings(tmp_path)


def refused(settings: SshSettings) -> str:
    with pytest.raises(SshSetupError) as caught:
        SshCollector(settings)
    return str(caught.value)


def test_the_options_are_the_ones_that_were_decided(
    settings: SshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read back from asyncssh itself: nothing is left to a default that looks around on this
    machine.
    """
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    host_keys = read_host_keys(settings.known_hosts, SIGNATURES).of(NAME, 22)
    own = host_options(TARGET, host_keys, asyncssh.SSHClient())
    # as asyncssh puts them together
    options = asyncssh.SSHClientConnectionOptions(shared_options(), **own)
    assert not options.config.loaded
    assert options.username == "sevbot-probe"
    assert options.host_key_alias == NAME
    assert list(map(len, cast("tuple[list[object], ...]", options.known_hosts))) == [1, 0, 0]
    assert options.client_keys is None  # the client gives its one key when it is asked for one
    assert not options.agent_path
    assert options.agent_forward_path is None
    assert options.pkcs11_provider is None
    assert options.password is None
    assert options.preferred_auth == ["publickey"]
    assert options.disable_trivial_auth
    assert options.public_key_auth
    assert not any(
        (
            options.password_auth,
            options.kbdint_auth,
            options.host_based_auth,
            options.gss_auth,
            options.gss_kex,
        )
    )
    assert options.x509_trusted_certs is None
    assert options.x509_trusted_cert_paths == []
    assert [name.decode() for name in options.encryption_algs] == list(CIPHERS)
    assert [name.decode() for name in options.kex_algs] == list(KEX)
    assert "curve25519-sha256" in KEX
    assert not any("sha1" in name for name in KEX)
    assert [name.decode() for name in options.signature_algs] == list(SIGNATURES)
    assert options.compression_algs == [b"none"]
    assert (options.connect_timeout, options.login_timeout) == (None, 0)
    assert (options.keepalive_interval, options.keepalive_count_max) == (3, 2)
    assert not options.tunnel
    assert not options.proxy_command
    assert not options.env
    assert not options.send_env
    assert not options.request_pty
    assert not options.x11_forwarding
    assert options.encoding is None
    assert options.window == 256 * 1024


def test_a_missing_key_names_the_file_and_how_to_make_it(settings: SshSettings) -> None:
    """Nobody has to look up ssh-keygen's options at night."""
    settings.client_key.unlink()
    told = refused(settings)
    assert str(settings.client_key) in told
    assert "ssh-keygen -t ed25519" in told


def test_a_credential_of_systemds_is_taken(settings: SshSettings) -> None:
    """Its mode is 0440 since systemd 254: the group's bits are the list's mask, and no group may
    read it.
    """
    give(settings.client_key, USER, OURS)
    SshCollector(settings)


@pytest.mark.parametrize(
    ("tag", "identifier"), [(USER, STRANGER), (GROUP, OURS), (GROUP, STRANGER)]
)
def test_a_key_that_a_list_gives_to_others_is_refused(
    settings: SshSettings, tag: int, identifier: int
) -> None:
    """As by its mode."""
    give(settings.client_key, tag, identifier)
    assert "can be read by other users" in refused(settings)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601])
def test_a_key_that_others_can_use_is_refused(settings: SshSettings, mode: int) -> None:
    """The cure is one command."""
    settings.client_key.chmod(mode)
    assert f"chmod 600 {settings.client_key}" in refused(settings)


def test_an_encrypted_key_is_refused(settings: SshSettings) -> None:
    """Nobody is there to type the passphrase; the cure is how to take it off."""
    settings.client_key.write_bytes(
        asyncssh.generate_private_key("ssh-ed25519").export_private_key(
            "pkcs8-pem", passphrase=NAME
        )
    )
    told = refused(settings)
    assert f"{settings.client_key} is encrypted" in told
    assert "ssh-keygen -p" in told


@pytest.mark.parametrize(
    "data", [b"", b"ssh-ed25519 AAAA public, not private\n", b"\xff\x00" * 100]
)
def test_a_file_that_is_no_key_is_refused(settings: SshSettings, data: bytes) -> None:
    """The sentence names the file."""
    settings.client_key.write_bytes(data)
    assert f"{settings.client_key} is not a private key" in refused(settings)


def test_a_directory_instead_of_a_key_is_refused(settings: SshSettings, tmp_path: Path) -> None:
    """An unreadable file is a sentence, not a traceback."""
    assert "cannot be read" in refused(SshSettings(tmp_path, settings.known_hosts))


def test_a_missing_known_hosts_is_refused(settings: SshSettings) -> None:
    """There is no way to run without host keys."""
    settings.known_hosts.unlink()
    assert f"there is no known_hosts {settings.known_hosts}" in refused(settings)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n  \n"])
def test_an_empty_known_hosts_is_refused(settings: SshSettings, text: str) -> None:
    """Empty is never taken as trust in everyone."""
    settings.known_hosts.write_text(text)
    assert f"{settings.known_hosts} is empty" in refused(settings)


@pytest.mark.parametrize(
    "text", ["web1\n", "@trust web1 ssh-ed25519 AAAA\n", "|2|x|y ssh-ed25519 AAAA\n"]
)
def test_a_known_hosts_that_cannot_be_read_never_trusts_anyone(
    settings: SshSettings, text: str
) -> None:
    """Either it is refused at the start, or the host counts as unknown."""
    settings.known_hosts.write_text(text)
    try:
        told = because(collect(settings, TARGET))
    except SshSetupError as error:
        told = str(error)
    assert str(settings.known_hosts) in told


def test_a_known_hosts_that_others_can_write_is_refused(settings: SshSettings) -> None:
    """Who can add a line there can pose as any host."""
    settings.known_hosts.chmod(0o666)
    assert f"chmod 644 {settings.known_hosts}" in refused(settings)


def test_a_certificate_for_another_key_is_refused(settings: SshSettings, tmp_path: Path) -> None:
    """It would be refused by every host later, with less to go by."""
    authority = asyncssh.generate_private_key("ssh-ed25519")
    certificate = authority.generate_user_certificate(
        asyncssh.generate_private_key("ssh-ed25519"), "x", principals=["sevbot-probe"]
    )
    certificate.write_certificate(str(tmp_path / "cert.pub"))
    told = refused(
        SshSettings(settings.client_key, settings.known_hosts, certificate=tmp_path / "cert.pub")
    )
    assert "not a certificate for" in told


@pytest.mark.parametrize(
    ("left_s", "words"),
    [(3600 * 24 * 13, "expires on "), (-60, "expired on "), (3600 * 24 * 15, ""), (None, "")],
)
def test_a_certificate_that_soon_ends_is_told_before_it_does(
    settings: SshSettings, tmp_path: Path, left_s: int | None, words: str
) -> None:
    """Two weeks are enough to sign it anew."""
    authority, ends = (
        asyncssh.generate_private_key("ssh-ed25519"),
        0xFFFFFFFFFFFFFFFF if left_s is None else int(time.time()) + left_s,
    )
    key = asyncssh.read_private_key(str(settings.client_key))
    authority.generate_user_certificate(
        key, "sevbot", principals=["x"], valid_before=ends
    ).write_certificate(str(tmp_path / "cert.pub"))
    collector = SshCollector(
        SshSettings(settings.client_key, settings.known_hosts, certificate=tmp_path / "cert.pub")
    )
    assert [
        f"the certificate {tmp_path}/cert.pub {words}" in warning for warning in collector.warnings
    ] == [True] * bool(words)
    assert SshCollector(settings).warnings == ()


def test_a_server_that_lets_anyone_in_is_refused(settings: SshSettings) -> None:
    """A host that does not ask for the key is not the one that was meant; the probe is not sent."""

    class Open(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return not username

    async def run() -> Bundle | Missing:
        server = await asyncssh.listen(
            "127.0.0.1",
            0,
            config=None,
            server_factory=Open,
            server_host_keys=[str(settings.client_key)],
            gss_host=None,
        )
        found = await SshCollector(settings).collect(
            Target(NAME, "127.0.0.1", server.get_port(), "x")
        )
        server.close()
        await server.wait_closed()
        return found

    assert "without a key" in because(asyncio.run(run()))


def test_hashed_entries_are_scanned_once_for_each_host(
    settings: SshSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scan costs milliseconds in a large file, so that it must not happen for each
    connection.
    """
    scans = []
    real = asyncssh.SSHKnownHosts.match

    def match(parsed: asyncssh.SSHKnownHosts, host: str, addr: str, port: int | None) -> object:
        scans.append(host)
        return real(parsed, host, addr, port)

    monkeypatch.setattr(asyncssh.SSHKnownHosts, "match", match)
    known_hosts = read_host_keys(settings.known_hosts, SIGNATURES)
    for _ in range(3):
        assert known_hosts.of(NAME, 22).keys
        assert not known_hosts.of("web2", 22).keys
    assert scans == [NAME, "web2"]
