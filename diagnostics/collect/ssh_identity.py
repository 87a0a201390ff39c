"""The key sevbot logs in with and the host keys it accepts, read once and checked before the first connection."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh

_CERTIFICATE = "-cert-v01@openssh.com"
_MAX_FILE_BYTES = 32 * 1024 * 1024  # a known_hosts of 100,000 hosts


class SshSetupError(Exception):
    """The key, its certificate or known_hosts cannot be used; the sentence names the file and the cure."""


@dataclass(frozen=True)
class Identity:
    """The private key, and its certificate where there is one."""

    key: asyncssh.SSHKey
    certificate: asyncssh.SSHCertificate | None

    def keypair(self) -> asyncssh.SSHKeyPair:
        """One thing to log in with; a new object each time, since asyncssh notes the chosen signature in it.

        With a certificate the bare key is never offered: an expired certificate must not fall back to it.
        """
        if self.certificate is None:
            return asyncssh.load_keypairs([self.key])[0]
        return asyncssh.load_keypairs([(self.key, self.certificate)])[0]


@dataclass(frozen=True)
class HostKeys:
    """What known_hosts says on one host: its keys, the authorities that may sign it, what is revoked, and the algorithms to ask for.

    `algorithms` is empty where all its keys are of kinds that are not used any more.
    """

    keys: Sequence[asyncssh.SSHKey]
    authorities: Sequence[asyncssh.SSHKey]
    revoked: Sequence[asyncssh.SSHKey]
    algorithms: Sequence[str]


class KnownHosts:
    """A parsed known_hosts. Hashed entries are scanned once for each host, not once for each connection."""

    def __init__(self, parsed: asyncssh.SSHKnownHosts, allowed: Sequence[str]) -> None:
        self._parsed = parsed
        self._allowed = allowed
        self._found: dict[tuple[str, int], HostKeys] = {}

    def of(self, name: str, port: int) -> HostKeys:
        """Entries for `[name]:port`, else for `name`; never by address, so that no other host's key is good for this one."""
        if (name, port) not in self._found:
            keys, authorities, revoked, *_x509 = self._parsed.match(name, "", None if port == asyncssh.DEFAULT_PORT else port)
            kinds = {kind.decode("ascii") for key in keys for kind in key.sig_algorithms}
            certificates = [f"{kind}{_CERTIFICATE}" for kind in self._allowed] if authorities else []
            trusted = certificates + [kind for kind in self._allowed if kind in kinds]
            # The other kinds come last: a host without a trusted one then shows the key it has, and we can say that it is another one.
            others = [kind for kind in self._allowed if kind not in kinds]
            self._found[name, port] = HostKeys(keys, authorities, revoked, trusted + others if trusted else [])
        return self._found[name, port]


def read_identity(key_file: Path, certificate_file: Path | None) -> Identity:
    """Read the private key and its certificate; raises SshSetupError."""
    data = _read(key_file, "private key", "create it with `ssh-keygen -t ed25519 -N '' -f {file}` and put its .pub on the hosts", 0o077)
    try:
        key = asyncssh.import_private_key(data)
    except asyncssh.KeyEncryptionError as error:
        raise SshSetupError(_encrypted(key_file)) from error
    except (asyncssh.KeyImportError, ValueError) as error:
        if "assphrase" in str(error):
            raise SshSetupError(_encrypted(key_file)) from error
        raise SshSetupError(f"{key_file} is not a private key ({error}): set client_key to an OpenSSH private key") from error
    if certificate_file is None:
        return Identity(key, None)
    cure = "let your certificate authority sign the public key, and write the -cert.pub to {file}"
    try:
        certificate = asyncssh.import_certificate(_read(certificate_file, "certificate", cure, 0))
        identity = Identity(key, certificate)
        identity.keypair()
    except (asyncssh.KeyImportError, ValueError) as error:
        raise SshSetupError(f"{certificate_file} is not a certificate for {key_file} ({error}): sign that key's .pub anew") from error
    return identity


def read_host_keys(file: Path, allowed: Sequence[str]) -> KnownHosts:
    """Read known_hosts; `allowed` are the signature algorithms in order of preference. Raises SshSetupError."""
    data = _read(file, "known_hosts", "write the hosts' public keys to {file}, from your configuration management", 0o022)
    text = data.decode("utf-8", errors="replace")
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines()):
        raise SshSetupError(f"{file} is empty, so any machine could pose as a host: write a line `NAME ssh-ed25519 AAAA…` for each host")
    try:
        return KnownHosts(asyncssh.import_known_hosts(text), allowed)
    except ValueError as error:
        raise SshSetupError(f"{file} is not a known_hosts file ({error}): each line is `NAME ssh-ed25519 AAAA…`") from error


def _encrypted(file: Path) -> str:
    return f"{file} is encrypted, and nobody is there to type its passphrase: give sevbot a key without one (`ssh-keygen -p -f {file}`)"


def _read(file: Path, what: str, cure: str, forbidden_mode: int) -> bytes:
    """The file's bytes; refuses one whose mode has any bit of `forbidden_mode`."""
    try:
        with file.open("rb") as opened:
            mode = stat.S_IMODE(os.fstat(opened.fileno()).st_mode)
            data = opened.read(_MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise SshSetupError(f"there is no {what} {file}: {cure.format(file=file)}") from error
    except OSError as error:
        raise SshSetupError(
            f"the {what} {file} cannot be read ({error.strerror}): its owner must be the user that sevbot runs as (chown)"
        ) from error
    if mode & forbidden_mode:
        keep = "600" if forbidden_mode & 0o044 else "644"
        whom = "read" if forbidden_mode & 0o044 else "changed"
        raise SshSetupError(f"the {what} {file} can be {whom} by other users (mode {mode:04o}): `chmod {keep} {file}`")
    if len(data) > _MAX_FILE_BYTES:
        raise SshSetupError(f"the {what} {file} is larger than {_MAX_FILE_BYTES} bytes: is it the right file?")
    return data
