"""Collecting over SSH from a real OpenSSH sshd: what a host is asked, how it proves who it is, and
how sevbot logs in.
"""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, Unpack

import asyncssh
import pytest

from diagnostics.bundle import Bundle
from diagnostics.collect.ssh import SshCollector, SshSettings
from diagnostics.probe import PROBE, SECTIONS
from tests.diagnostics.sshd import FORCED_ANSWER, NAME, Sshd, because, bundle, collect, forced

pytestmark = pytest.mark.needs("sshd")


def test_without_a_forced_command_the_whole_probe_is_the_command(tmp_path: Path) -> None:
    """A plain account is enough: the host runs the text that was sent."""
    with Sshd(tmp_path) as sshd:
        found = bundle(collect(sshd.settings(), sshd.target))
    assert found.host == NAME
    assert set(found.sections) | set(found.missing) == set(SECTIONS)
    assert found.sections["uname"].text.startswith("Linux ")


def test_with_a_forced_command_the_host_runs_its_own_copy(tmp_path: Path) -> None:
    """The same text as a file on the host gives the same sections; of another one it is told that
    it is.
    """
    copy = tmp_path / "copy"
    copy.write_text(PROBE)
    copy.chmod(0o755)
    with Sshd(tmp_path, options=f'restrict,command="{copy}"') as sshd:
        found = bundle(collect(sshd.settings(), sshd.target))
        copy.write_text(PROBE.replace("section growth ", "section shrinkage "))
        other = bundle(collect(sshd.settings(), sshd.target))
    assert found.remarks.get("probe") is None
    assert (
        "; it also brought one section that is unknown here (shrinkage); copy it again: `"
        in other.remarks["probe"]
    )
    assert other.sections["uname"] == found.sections["uname"]
    assert set(found.sections) | set(found.missing) == set(SECTIONS)
    assert found.sections["uname"].text.startswith("Linux ")


def test_with_a_forced_command_what_was_sent_is_ignored(tmp_path: Path) -> None:
    """The host decides what runs."""
    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd:
        found = bundle(collect(sshd.settings(), sshd.target))
    assert {name: section.text for name, section in found.sections.items()} == {"uname": "forced\n"}


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


def test_a_host_key_of_another_kind_is_told_apart_from_a_changed_one(tmp_path: Path) -> None:
    """Only an RSA key is on file and the host has none: refused just the same, but most likely a
    line is missing.
    """
    with Sshd(tmp_path) as sshd:
        another = asyncssh.generate_private_key("ssh-rsa", key_size=2048).export_public_key()
        sshd.known_hosts.write_text(f"{NAME} {another.decode()}")
        told = because(collect(sshd.settings(), sshd.target))
    assert "has only ssh-rsa for web1" in told
    assert "ssh-ed25519 SHA256:" in told
    assert "CHANGED" not in told


def test_a_revoked_host_key_is_told_as_such(tmp_path: Path) -> None:
    """The same key, trusted in one line and revoked in another."""
    with Sshd(tmp_path) as sshd:
        line = sshd.known_hosts.read_text()
        sshd.known_hosts.write_text(f"{line}@revoked {line}")
        assert "revoked" in because(collect(sshd.settings(), sshd.target))


@pytest.mark.parametrize(
    "line", ["web2 {key}", "127.0.0.1 {key}", "[127.0.0.1]:{port} {key}", "|1|AAAA|AAAA {key}"]
)
def test_an_unknown_host_is_not_even_called(tmp_path: Path, line: str) -> None:
    """The right key under another name or under the address is no entry for this host."""
    with Sshd(tmp_path) as sshd:
        key = sshd.known_hosts.read_text().partition(" ")[2]
        sshd.known_hosts.write_text(line.format(key=key, port=sshd.port))
        told = because(collect(sshd.settings(), sshd.target))
        assert "Connection from" not in sshd.log
    assert f"no entry for the name {NAME} that can be read in {sshd.known_hosts}" in told
    assert "configuration management" in told


def test_hashed_entries_and_entries_with_a_port_are_understood(tmp_path: Path) -> None:
    """`[name]:port`, and what `ssh-keygen -H` makes of a line."""
    with Sshd(tmp_path) as sshd:
        plain = sshd.known_hosts.read_text()
        sshd.known_hosts.write_text(plain.replace(NAME, f"[{NAME}]:{sshd.port}"))
        assert isinstance(collect(sshd.settings(), sshd.target), Bundle)
        sshd.known_hosts.write_text(plain)
        subprocess.run(
            ["ssh-keygen", "-q", "-H", "-f", str(sshd.known_hosts)],
            check=True,
            stderr=subprocess.DEVNULL,
        )
        assert NAME not in sshd.known_hosts.read_text()
        assert isinstance(collect(sshd.settings(), sshd.target), Bundle)


@pytest.mark.parametrize("principal", [NAME, "web2"])
def test_a_host_certificate_counts_for_its_own_name_only(tmp_path: Path, principal: str) -> None:
    """known_hosts holds the authority alone, as a fleet has it."""
    sshd = Sshd(tmp_path, config=f"HostCertificate {tmp_path}/host_key-cert.pub")
    authority = asyncssh.generate_private_key("ssh-ed25519")
    host_key = asyncssh.read_private_key(str(tmp_path / "host_key"))
    certificate = authority.generate_host_certificate(host_key, "host", principals=[principal])
    certificate.write_certificate(str(tmp_path / "host_key-cert.pub"))
    sshd.known_hosts.write_text(f"@cert-authority web* {authority.export_public_key().decode()}")
    with sshd:
        found = collect(sshd.settings(), sshd.target)
    if principal == NAME:
        assert isinstance(found, Bundle)
    else:
        assert "certificate was not accepted" in because(found)


def test_a_bare_key_is_not_enough_where_only_an_authority_is_known(tmp_path: Path) -> None:
    """A host without a certificate counts as another machine."""
    with Sshd(tmp_path) as sshd:
        sshd.known_hosts.write_text(
            "@cert-authority web* "
            f"{asyncssh.generate_private_key('ssh-ed25519').export_public_key().decode()}"
        )
        assert "HOST KEY CHANGED" in because(collect(sshd.settings(), sshd.target))


def test_a_refused_key_is_one_attempt_and_names_key_and_user(tmp_path: Path) -> None:
    """One key is offered once; nothing else is tried, and the sentence says where to put the public
    key.
    """
    with Sshd(tmp_path, key_is_known=False) as sshd:
        told = because(collect(sshd.settings(), sshd.target))
        log = sshd.wait_for("Failed publickey")
    assert str(sshd.client_key) in told
    assert f"authorized_keys of {sshd.target.user} (root's, 0644; its directory 0755)" in told
    assert "takes certificates only (set `certificate =` in [ssh])" in told
    assert told.endswith("`journalctl -u ssh`")
    assert len(told) < 500
    assert log.count("Failed publickey") == 1
    assert log.count("Connection from") == 1
    assert "method password" not in log
    assert "method keyboard-interactive" not in log


@pytest.mark.parametrize(
    "config",
    [
        "AuthenticationMethods publickey,password\nPasswordAuthentication yes",
        "PubkeyAuthentication no",
    ],
)
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


def test_nothing_of_the_users_own_ssh_set_up_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Configuration, agent and keys of whoever runs sevbot stay untouched: no ProxyCommand, no
    agent connection, one key offered.
    """
    home, canary = tmp_path / "home" / ".ssh", tmp_path / "canary"
    home.mkdir(parents=True)
    (home / "config").write_text(
        f'Match exec "touch {canary}"\nHost *\n  ProxyCommand touch {canary}\n  User '
        "somebody\n  Port 1\n"
    )
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


class Signed(TypedDict, total=False):
    """What an authority writes into a certificate; times are seconds since 1970."""

    principals: Sequence[str]
    valid_after: int
    valid_before: int
    source_address: Sequence[str]


def with_certificate(sshd: Sshd, **signed: Unpack[Signed]) -> SshSettings:
    """Let the account also log in by certificates of a fresh authority, and give the client one,
    for the account if for nobody else.
    """
    authority = asyncssh.generate_private_key("ssh-ed25519")
    key = asyncssh.read_private_key(str(sshd.client_key))
    named: Signed = {"principals": [sshd.target.user]}
    certificate = authority.generate_user_certificate(key, "sevbot", **(named | signed))
    file = sshd.directory / "client_key-cert.pub"
    certificate.write_certificate(str(file))
    with (sshd.directory / "authorized_keys").open("a") as keys:
        keys.write(f"cert-authority {authority.export_public_key().decode()}")
    return SshSettings(sshd.client_key, sshd.known_hosts, certificate=file)


def test_an_expired_certificate_never_falls_back_to_the_bare_key(tmp_path: Path) -> None:
    """The bare key is in authorized_keys too, and still is not offered."""
    with Sshd(tmp_path) as sshd:
        assert isinstance(collect(with_certificate(sshd, valid_before=2**63), sshd.target), Bundle)
        told = because(collect(with_certificate(sshd, valid_before=1), sshd.target))
    assert "client_key-cert.pub was refused" in told


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        ({"valid_before": 1700000000}, "it expired on 2023-11-14 22:13 UTC: sign the key anew"),
        ({"valid_after": 4000000000}, "it is not valid before 2096-10-02 07:06 UTC"),
        ({"principals": ["backup", "web"]}, "it names only backup and web, not "),
        ({"principals": []}, "it names nobody: sign the key with `-n "),
        (
            {"source_address": ["192.0.2.7/32"]},
            "its source-address (192.0.2.7/32) excludes this machine, or the host ",
        ),
    ],
)
def test_what_is_wrong_with_a_refused_certificate_is_read_from_it(
    tmp_path: Path, certificate: Signed, words: str
) -> None:
    """sevbot holds it, so nobody has to guess. Of what only the host knows all that it may be is
    told.
    """
    with Sshd(tmp_path, key_is_known=False, config=BY_AUTHORITY.format(tmp_path)) as sshd:
        (tmp_path / "principals").write_text(f"{sshd.target.user}\n")
        settings = with_certificate(sshd, **certificate)
        trust_by_authority(sshd)
        told = because(collect(settings, sshd.target))
    assert f"client_key-cert.pub was refused: {words}" in told
    assert told.endswith("`journalctl -u ssh`")


def test_a_host_without_principals_is_among_the_guesses(tmp_path: Path) -> None:
    """An empty file is how a host shuts sevbot out (docs/deploy/hosts.md)."""
    with Sshd(tmp_path, key_is_known=False, config=BY_AUTHORITY.format(tmp_path)) as sshd:
        (tmp_path / "principals").touch()
        settings = with_certificate(sshd)
        trust_by_authority(sshd)
        told = because(collect(settings, sshd.target))
    assert f"the host's principals file is empty or does not hold {sshd.target.user}" in told


BY_AUTHORITY = "TrustedUserCAKeys {0}/authority\nAuthorizedPrincipalsFile {0}/principals"


def trust_by_authority(sshd: Sshd) -> None:
    """As docs/deploy/hosts.md has it: the authority in TrustedUserCAKeys, and not in
    authorized_keys.
    """
    keys = sshd.directory / "authorized_keys"
    (sshd.directory / "authority").write_text(keys.read_text().partition("cert-authority ")[2])
    keys.write_text("")
