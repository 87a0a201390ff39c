"""The key sevbot logs in with and the host keys it accepts, read once and checked before the first
connection.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncssh

from diagnostics.collect.guarded_file import USABLE, WRITABLE, read_guarded
from diagnostics.collect.known_hosts import HostKeys, KnownHosts
from diagnostics.collect.unreadable import why_unreadable

__all__ = [
    "HostKeys",
    "Identity",
    "KnownHosts",
    "SshSetupError",
    "read_host_keys",
    "read_identity",
    "read_ssh_files",
]

# of str.splitlines, also in asyncssh; ssh ends lines at \n alone
_OTHER_LINE_END = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]|\r(?!\n)")
_MAX_FILE_BYTES = 32 * 1024 * 1024  # a known_hosts of 100,000 hosts


class SshSetupError(Exception):
    """Key, certificate or known_hosts cannot be used. `problems` are pairs of the setting and a
    sentence with file and cure.
    """

    def __init__(self, *problems: tuple[str, str]) -> None:
        super().__init__("\n".join(sentence for _, sentence in problems))
        self.problems = problems


@dataclass(frozen=True)
class Identity:
    """The private key, and its certificate where there is one."""

    key: asyncssh.SSHKey
    certificate: asyncssh.SSHCertificate | None

    def keypair(self) -> asyncssh.SSHKeyPair:
        """One thing to log in with; a new object each time, since asyncssh notes the chosen
        signature in it.

        With a certificate the bare key is never offered: an expired certificate must not fall back
        to it.
        """
        if self.certificate is None:
            return asyncssh.load_keypairs([self.key])[0]
        return asyncssh.load_keypairs([(self.key, self.certificate)])[0]


def read_ssh_files(
    key: Path, certificate: Path | None, known_hosts: Path, allowed: Sequence[str]
) -> tuple[Identity, KnownHosts]:
    """All that a login needs; raises one SshSetupError with everything that is wrong."""
    problems: list[tuple[str, str]] = []
    identity, host_keys = None, None
    try:
        identity = read_identity(key, certificate)
    except SshSetupError as error:
        problems += error.problems
    try:
        host_keys = read_host_keys(known_hosts, allowed)
    except SshSetupError as error:
        problems += error.problems
    if identity is None or host_keys is None:
        raise SshSetupError(*problems)
    return identity, host_keys


def read_identity(key_file: Path, certificate_file: Path | None) -> Identity:
    """Read the private key and its certificate; raises SshSetupError."""
    problems: list[tuple[str, str]] = []
    key, certificate = None, None
    try:
        key = _read_key(key_file)
    except SshSetupError as error:
        problems += error.problems
    try:
        certificate = _read_certificate(certificate_file) if certificate_file else None
    except SshSetupError as error:
        problems += error.problems
    if key is None or problems:
        raise SshSetupError(*problems)
    identity = Identity(key, certificate)
    try:
        identity.keypair()
    except ValueError as error:
        sentence = (
            f"{certificate_file} is not a certificate for {key_file} ({error}): sign that "
            "key's .pub anew"
        )
        raise SshSetupError(("certificate", sentence)) from error
    return identity


def _read_key(file: Path) -> asyncssh.SSHKey:
    cure = "create it with `ssh-keygen -t ed25519 -N '' -f {file}` and put its .pub on the hosts"
    data = _read(file, ("client_key", "private key"), cure, USABLE)
    try:
        return asyncssh.import_private_key(data)
    except asyncssh.KeyEncryptionError as error:
        raise SshSetupError(("client_key", _encrypted(file))) from error
    except (asyncssh.KeyImportError, ValueError) as error:
        if "assphrase" in str(error):
            raise SshSetupError(("client_key", _encrypted(file))) from error
        sentence = (
            f"{file} is not a private key ({error}): set client_key to an OpenSSH private key"
        )
        raise SshSetupError(("client_key", sentence)) from error


def _read_certificate(file: Path) -> asyncssh.SSHCertificate:
    cure = "let your certificate authority sign the public key, and write the -cert.pub to {file}"
    data = _read(file, ("certificate", "certificate"), cure, 0)
    try:
        return asyncssh.import_certificate(data)
    except (asyncssh.KeyImportError, ValueError) as error:
        sentence = f"{file} is not a certificate ({error}): sign the client_key's .pub anew"
        raise SshSetupError(("certificate", sentence)) from error


def read_host_keys(file: Path, allowed: Sequence[str]) -> KnownHosts:
    """Read known_hosts; `allowed` are the signature algorithms in order of preference. Raises
    SshSetupError.
    """
    cure = "write the hosts' public keys to {file}, from your configuration management"
    data = _read(file, ("known_hosts", "known_hosts"), cure, WRITABLE)
    text = data.decode("utf-8", errors="replace")
    if found := _OTHER_LINE_END.search(text):
        number = text.count("\n", 0, found.start()) + 1
        sentence = (
            f"{file} has a character in line {number} that some programs take for the end "
            f"of a line ({found[0]!r}), so that what "
            "follows it could be an entry that nobody sees: find out how it came there, "
            "and delete it"
        )
        raise SshSetupError(("known_hosts", sentence))
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.split("\n")):
        sentence = (
            f"{file} is empty, so any machine could pose as a host: write a line `NAME "
            "ssh-ed25519 AAAA…` for each host"
        )
        raise SshSetupError(("known_hosts", sentence))
    try:
        return KnownHosts(text, allowed)
    except ValueError as error:
        sentence = (
            f"{file} is not a known_hosts file ({error}): each line is `NAME ssh-ed25519 AAAA…`"
        )
        raise SshSetupError(("known_hosts", sentence)) from error


def _encrypted(file: Path) -> str:
    return (
        f"{file} is encrypted, and nobody is there to type its passphrase: give sevbot a key "
        f"without one (`ssh-keygen -p -f {file}`)"
    )


def _cannot_read(file: Path, what: tuple[str, str], cure: str, error: OSError) -> str:
    setting, name = what
    is_key = setting == "client_key"
    why = why_unreadable(file, error, secret=is_key)
    if why is not None and isinstance(error, FileNotFoundError):
        return f"{file} {why}" + (
            "; to try hosts without it: README, Installing, step 6" if is_key else ""
        )
    if why is not None:
        no_secret = "" if is_key or "chmod 644" not in why else " (it is no secret)"
        return f"{file}: {why}{no_secret}"
    if isinstance(error, FileNotFoundError):
        return f"there is no {name} {file}: {cure.format(file=file)}"
    return (
        f"the {name} {file} cannot be read ({error.strerror}): name a regular file that the "
        "user of sevbot can read"
    )


def _read(file: Path, what: tuple[str, str], cure: str, forbidden_mode: int) -> bytes:
    """The file's bytes; `what` is its setting and its name. Refuses one that others could have
    changed, or a secret that they can read.
    """
    setting, name = what
    try:
        data, problems = read_guarded(file, _MAX_FILE_BYTES, forbidden_mode)
    except OSError as error:
        raise SshSetupError((setting, _cannot_read(file, what, cure, error))) from error
    if len(data) > _MAX_FILE_BYTES:
        problems.append(
            f"the {name} {file} is larger than {_MAX_FILE_BYTES} bytes: is it the right file?"
        )
    if problems:
        raise SshSetupError(*((setting, problem) for problem in problems))
    return data
