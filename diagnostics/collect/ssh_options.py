"""Every option of a connection, explicit where asyncssh would otherwise look around on this
machine.

Everything it would take from the user's surroundings (configuration files, agents, default keys,
proxies) is switched off by name, and a test reads the options back.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import asyncssh
from asyncssh.kex import get_kex_algs

from diagnostics.collect.ssh_identity import HostKeys

WINDOW_BYTES = 256 * 1024  # a host cannot have more than this on its way to us unread

# AES-GCM is authenticated by itself, so no prefix attack on the handshake works against it, and it
# is the cheapest here.
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
_WANTED_KEX = (
    "mlkem768x25519-sha256",
    "curve25519-sha256",
    "curve25519-sha256@libssh.org",
    "ecdh-sha2-nistp256",
    "ecdh-sha2-nistp384",
    "ecdh-sha2-nistp521",
)
# the first needs a recent cryptography
KEX = tuple(name for name in _WANTED_KEX if name.encode() in get_kex_algs())
SIGNATURES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)


@dataclass(frozen=True)
class Target:
    """One host of the inventory. `name` is what its host key is filed under; `address` is an IP
    address or a name to resolve.
    """

    name: str
    address: str
    port: int
    user: str

    @property
    def where(self) -> str:
        """How a sentence names it."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{self.name} ({address}:{self.port})"


@dataclass(frozen=True)
class SshSettings:
    """Where the identity and the hosts' keys are, and how long things may take; `deadline_s` is for
    one host, from TCP to the last byte.

    A login that did not end in `login_timeout_s` is tried once more, for `second_login_timeout_s`
    or what the deadline leaves.
    """

    client_key: Path
    known_hosts: Path
    certificate: Path | None = None
    at_once: int = 64
    connect_timeout_s: float = 5
    login_timeout_s: float = 5
    second_login_timeout_s: float = 12
    deadline_s: float = 25

    @property
    def shown_key(self) -> str:
        """The file that hosts are asked to accept."""
        return str(self.certificate or self.client_key)


def shared_options() -> asyncssh.SSHClientConnectionOptions:
    """What is the same for every host. No key is in it: the client gives its one key when it may
    (`diagnostics.collect.logins`).
    """
    return asyncssh.SSHClientConnectionOptions(
        config=None,
        tunnel=None,
        proxy_command=None,
        # each host's own comes with its own options; asyncssh would ask this machine for a default
        username="nobody",
        known_hosts=([], [], []),
        x509_trusted_certs=None,
        x509_trusted_cert_paths=[],
        client_keys=None,
        agent_path=None,
        agent_forwarding=False,
        pkcs11_provider=None,
        password=None,
        preferred_auth="publickey",
        disable_trivial_auth=True,
        public_key_auth=True,
        password_auth=False,
        kbdint_auth=False,
        host_based_auth=False,
        gss_auth=False,
        gss_kex=False,
        kex_algs=list(KEX),
        encryption_algs=list(CIPHERS),
        signature_algs=list(SIGNATURES),
        compression_algs=None,
        keepalive_interval=3,
        keepalive_count_max=2,
        utf8_decode_errors="replace",
        env={},
        send_env=[],
        request_pty=False,
        x11_forwarding=False,
        encoding=None,
        window=WINDOW_BYTES,
    )


def host_options(
    target: Target, host_keys: HostKeys, client: asyncssh.SSHClient
) -> dict[str, object]:
    """What differs from host to host and from login to login."""
    return {
        "client_factory": lambda: client,
        "username": target.user,
        "host_key_alias": target.name,
        "known_hosts": (list(host_keys.keys), list(host_keys.authorities), list(host_keys.revoked)),
        "server_host_key_algs": list(host_keys.algorithms),
        # the TCP connection is there already; a limit here would cost a task for each login
        "connect_timeout": None,
        # the caller's limit stands still while the login waits for its turn, which asyncssh's own
        # cannot
        "login_timeout": 0,
    }
