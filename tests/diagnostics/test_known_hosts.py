"""Who is trusted and what is revoked, against a real sshd on a port that is not 22: the case in
which a host has two names.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import asyncssh
import pytest

from diagnostics.bundle import Bundle
from diagnostics.collect.ssh_identity import SshSetupError, read_host_keys
from diagnostics.collect.ssh_options import SIGNATURES
from tests.diagnostics.sshd import FORCED_ANSWER, NAME, Sshd, because, collect, forced

pytestmark = pytest.mark.needs("sshd")
TRUSTED = f"[{NAME}]:{{port}} {{key}}\n"


def hashed(host: str, key: str, directory: Path) -> str:
    """The line as ssh-keygen hashes it."""
    file = directory / "to_hash"
    file.write_text(f"{host} {key}\n", encoding="utf-8")
    subprocess.run(
        ["ssh-keygen", "-q", "-H", "-f", str(file)], check=True, stderr=subprocess.DEVNULL
    )
    line = file.read_text(encoding="utf-8").strip()
    assert host not in line
    return line


def known(sshd: Sshd, text: str) -> None:
    """known_hosts with the host's own key and port in the place of `{key}` and `{port}`."""
    key = sshd.known_hosts.read_text(encoding="utf-8").partition(" ")[2].strip()
    sshd.known_hosts.write_text(text.format(key=key, port=sshd.port), encoding="utf-8")


@pytest.mark.parametrize(
    "revoked",
    [
        NAME,
        f"[{NAME}]:22",
        f"[{NAME}]:2222",
        f"[{NAME}]:{{port}}",
        f"[{NAME}]:*",
        "*",
        "web?,!web2",
        "WEB1",
        "*,!web1",  # ssh itself takes it as revoked for [web1]:port
        "db1,[web*]:2222",
    ],
)
def test_a_key_revoked_under_any_port_of_the_name_is_revoked(tmp_path: Path, revoked: str) -> None:
    """Its private key is in the wrong hands, whatever port the line names."""
    with Sshd(tmp_path) as sshd:
        known(sshd, TRUSTED + f"  @revoked\t{revoked} {{key}}\n")
        assert "marks as revoked" in because(collect(sshd.settings(), sshd.target))
        assert "userauth" not in sshd.log


@pytest.mark.parametrize("host", [NAME, f"[{NAME}]:2222"])
def test_a_hashed_revocation_counts_whatever_port_it_hides(tmp_path: Path, host: str) -> None:
    """A hash does not say which host or port it was made of."""
    with Sshd(tmp_path) as sshd:
        key = sshd.known_hosts.read_text(encoding="utf-8").partition(" ")[2].strip()
        known(sshd, TRUSTED + f"@revoked {hashed(host, key, tmp_path)}\n")
        assert "marks as revoked" in because(collect(sshd.settings(), sshd.target))


@pytest.mark.parametrize("revoked", ["web2", "[web2]:{port}", "web1.prod", "db*", "web*,!web1"])
def test_a_key_revoked_for_another_name_stays_good_here(tmp_path: Path, revoked: str) -> None:
    """On port 22 as ssh has it; no wider than the name."""
    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd:
        known(sshd, TRUSTED + f"@revoked {revoked} {{key}}\n")
        if revoked == "web*,!web1":  # here no port decides, so no sshd is asked
            found = read_host_keys(sshd.known_hosts, SIGNATURES).of(NAME, 22)
            assert not found.revoked
        else:
            assert isinstance(collect(sshd.settings(), sshd.target), Bundle)


@pytest.mark.parametrize(
    "patterns",
    [
        f"*,!{NAME}",
        f"*,![{NAME}]:{{port}}",
        f"*,![{NAME}]:*",
        "*,!web?",
        "!WEB1,*",
        f"!{NAME},[*]:*",
    ],
)
def test_a_negated_pattern_holds_under_every_port(tmp_path: Path, patterns: str) -> None:
    """The line says: any host but this one."""
    with Sshd(tmp_path) as sshd:
        known(sshd, f"{patterns} {{key}}\n")
        assert f"no entry for the name {NAME}" in because(collect(sshd.settings(), sshd.target))
        assert "Connection from" not in sshd.log


@pytest.mark.parametrize("patterns", ["*,!web2", "web*,!web2,!db1", f"![{NAME}]:2222,*"])
def test_a_pattern_that_is_negated_for_others_still_trusts(tmp_path: Path, patterns: str) -> None:
    """As before."""
    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd:
        known(sshd, f"{patterns} {{key}}\n")
        assert isinstance(collect(sshd.settings(), sshd.target), Bundle)


@pytest.mark.parametrize("patterns", ["web2,", ",web2", "web2,,db1"])
def test_an_empty_pattern_trusts_nobody(tmp_path: Path, patterns: str) -> None:
    """A comma too many must not make a key good for every host."""
    with Sshd(tmp_path) as sshd:
        known(sshd, f"{patterns} {{key}}\n")
        assert f"no entry for the name {NAME}" in because(collect(sshd.settings(), sshd.target))
        assert "Connection from" not in sshd.log


@pytest.mark.parametrize("what", ["the authority", "the host's key", "the certificate"])
def test_revocation_reaches_certificates(tmp_path: Path, what: str) -> None:
    """A revoked authority signs nothing, and a revoked key is not mended by a certificate."""
    authority = asyncssh.generate_private_key("ssh-ed25519")
    sshd = Sshd(tmp_path, config=f"HostCertificate {tmp_path}/host_key-cert.pub")
    certificate = authority.generate_host_certificate(
        asyncssh.read_private_key(str(tmp_path / "host_key")), "host", principals=[NAME]
    )
    certificate.write_certificate(str(tmp_path / "host_key-cert.pub"))
    public = authority.export_public_key().decode().strip()
    signed = (tmp_path / "host_key-cert.pub").read_text(encoding="utf-8").strip()
    revoked = {"the authority": public, "the host's key": "{key}", "the certificate": signed}[what]
    with sshd:
        known(sshd, f"@cert-authority [web*]:{{port}} {public}\n@revoked {NAME} {revoked}\n")
        assert "revoked" in because(collect(sshd.settings(), sshd.target))
        assert "userauth" not in sshd.log


def test_an_authority_with_a_negated_name_does_not_sign_for_it(tmp_path: Path) -> None:
    """`@cert-authority *,!web1`: any host but this one."""
    with Sshd(tmp_path) as sshd:
        authority = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
        known(sshd, f"@cert-authority *,!{NAME} {authority}")
        assert f"no entry for the name {NAME}" in because(collect(sshd.settings(), sshd.target))


def test_a_revoked_line_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Else it would revoke nothing, and nobody would know."""
    with Sshd(tmp_path) as sshd:
        known(sshd, TRUSTED + f"@revoked {NAME} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5\n")
        with pytest.raises(SshSetupError, match=r"line 2: .*revokes nothing"):
            collect(sshd.settings(), sshd.target)


@pytest.mark.parametrize(
    "end", ["\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\r"]
)
def test_a_line_that_only_some_programs_end_is_refused(tmp_path: Path, end: str) -> None:
    """In a comment of one host's line stands a line for every host; ssh sees no such line."""
    with Sshd(tmp_path) as sshd:
        key = sshd.known_hosts.read_text(encoding="utf-8").partition(" ")[2].strip()
        sshd.known_hosts.write_bytes(f"# ours\nevil {key} root@evil{end}* {key}\n".encode())
        with pytest.raises(SshSetupError, match=r"line 2 .*nobody sees.*delete it"):
            collect(sshd.settings(), sshd.target)
        assert "Connection from" not in sshd.log


def test_lines_that_end_as_on_windows_are_taken(tmp_path: Path) -> None:
    """As ssh takes them."""
    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd:
        sshd.known_hosts.write_bytes(
            b"# ours\r\n" + sshd.known_hosts.read_bytes().strip() + b"\r\n\r\n"
        )
        assert isinstance(collect(sshd.settings(), sshd.target), Bundle)
