"""The key sevbot logs in with and the host keys it accepts, read once and checked before the first connection."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from diagnostics.collect.known_hosts import HostKeys, KnownHosts

__all__ = ["HostKeys", "Identity", "KnownHosts", "SshSetupError", "read_host_keys", "read_identity"]

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
        return KnownHosts(text, allowed)
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
