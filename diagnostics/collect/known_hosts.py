"""Which keys known_hosts trusts for a host, and which it revokes (sshd(8), SSH_KNOWN_HOSTS FILE
FORMAT).

asyncssh reads the keys and the ordinary lines. It takes `web1` and `[web1]:22022` for two hosts,
though, so a revocation or a negation of one does not reach the other; and a comma too many makes a
line that holds for every host. These lines are read here, strictly: what could mean this host
revokes, or is not trusted. Never looser than ssh itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import asyncssh
from asyncssh.pattern import HostPatternList

_CERTIFICATE = "-cert-v01@openssh.com"
_REVOKED, _AUTHORITY = "@revoked", "@cert-authority"
_WITH_PORT = re.compile(r"\[?(?P<host>[^\]]*)\]?:[\d*?]{1,5}")


@dataclass(frozen=True)
class HostKeys:
    """What known_hosts says on one host: its keys, the authorities that may sign it, what is
    revoked, and the algorithms to ask for.

    `algorithms` is empty where all its keys are of kinds that are not used any more.
    """

    keys: Sequence[asyncssh.SSHKey]
    authorities: Sequence[asyncssh.SSHKey]
    revoked: Sequence[asyncssh.SSHKey]
    algorithms: Sequence[str]


class _Patterns:
    """The host patterns of one line, in lower case as ssh compares them."""

    def __init__(self, parts: Sequence[str]) -> None:
        lower = [part.lower() for part in parts]
        wanted = [part for part in lower if part and not part.startswith("!")]
        without_port = [
            found["host"]
            for pattern in wanted
            if (found := _WITH_PORT.fullmatch(pattern)) and found["host"]
        ]
        self._wanted = _any_of(wanted)
        self._under_any_port = _any_of([*wanted, *without_port])
        self._unwanted = _any_of(
            [part[1:] for part in lower if part.startswith("!") and part != "!"]
        )

    def may_trust(self, form: str, forms: tuple[str, str]) -> bool:
        """Whether the line holds for one form of a host's name; a negation of either form is a
        negation of the host.
        """
        return _match(self._wanted, form) and not any(
            _match(self._unwanted, each) for each in forms
        )

    def revoke(self, form: str, forms: tuple[str, str]) -> bool:
        """Whether the line names the host under any port, or names `form`, which is what ssh itself
        would look up.
        """
        if _match(self._wanted, form) and not _match(self._unwanted, form):
            return True
        is_named = any(_match(self._under_any_port, each) for each in forms)
        return is_named and not any(_match(self._unwanted, each) for each in forms)


@dataclass(frozen=True)
class _Negating:
    """A line that trusts a key for all but some hosts."""

    patterns: _Patterns
    key: asyncssh.SSHKey
    is_authority: bool


@dataclass(frozen=True)
class _Revoking:
    """A line that revokes a key; `patterns` is None where they are hashed, so that nobody can tell
    which port they were made with.
    """

    patterns: _Patterns | None
    key: asyncssh.SSHKey


class KnownHosts:
    """A parsed known_hosts, whose lines end at newlines alone; raises ValueError.

    Hashed entries are scanned once for each host, not once for each connection.
    """

    def __init__(self, text: str, allowed: Sequence[str]) -> None:
        self._allowed = allowed
        self._found: dict[tuple[str, int], HostKeys] = {}
        self._negating: list[_Negating] = []
        self._revoking: list[_Revoking] = []
        ordinary = [
            line for number, line in enumerate(text.split("\n"), 1) if not self._took(number, line)
        ]
        self._ordinary = asyncssh.import_known_hosts("\n".join(ordinary))

    def of(self, name: str, port: int) -> HostKeys:
        """Entries for `[name]:port`, else for `name`; never by address, so that no other host's key
        is good for this one.

        Revoked is a key whose line names the host under any port, and every key that a hashed line
        revokes.
        """
        if (name, port) not in self._found:
            forms = (name, f"[{name}]:{port}")
            looked_up = name if port == asyncssh.DEFAULT_PORT else forms[1]
            keys, authorities = self._trusted(looked_up, forms)
            if looked_up != name and not keys and not authorities:
                keys, authorities = self._trusted(name, forms)
            revoked = [
                line.key
                for line in self._revoking
                if line.patterns is None or line.patterns.revoke(looked_up, forms)
            ]
            self._found[name, port] = HostKeys(
                keys, authorities, revoked, self._algorithms(keys, authorities)
            )
        return self._found[name, port]

    def _algorithms(
        self, keys: Sequence[asyncssh.SSHKey], authorities: Sequence[asyncssh.SSHKey]
    ) -> Sequence[str]:
        kinds = {kind.decode("ascii") for key in keys for kind in key.sig_algorithms}
        certificates = [f"{kind}{_CERTIFICATE}" for kind in self._allowed] if authorities else []
        trusted = certificates + [kind for kind in self._allowed if kind in kinds]
        # The other kinds come last: a host without a trusted one then shows the key it has, and we
        # can say that it is another one.
        others = [kind for kind in self._allowed if kind not in kinds]
        return trusted + others if trusted else []

    def _trusted(
        self, form: str, forms: tuple[str, str]
    ) -> tuple[Sequence[asyncssh.SSHKey], Sequence[asyncssh.SSHKey]]:
        """Keys and authorities of the lines that hold for one form of the name."""
        keys, authorities, *_rest = self._ordinary.match(form, "", None)
        others = [line for line in self._negating if line.patterns.may_trust(form, forms)]
        return (
            [*keys, *(line.key for line in others if not line.is_authority)],
            [*authorities, *(line.key for line in others if line.is_authority)],
        )

    def _took(self, number: int, line: str) -> bool:
        """Whether the line is one of those that are read here."""
        words = line.split(None, 2) if line.lstrip().startswith("@") else ["", *line.split(None, 1)]
        marker, hosts, data = (*words, "", "", "")[:3]
        parts = hosts.split(",")
        is_hashed = hosts.startswith("|")
        if marker == _REVOKED:
            self._revoking.append(
                _Revoking(None if is_hashed else _Patterns(parts), _revoked_key(number, data))
            )
            return True
        is_special = "" in parts or any(part.startswith("!") for part in parts)
        if (
            not data
            or is_hashed
            or hosts.startswith("#")
            or marker not in ("", _AUTHORITY)
            or not is_special
        ):
            return False
        if key := _key(data):
            self._negating.append(_Negating(_Patterns(parts), key, marker == _AUTHORITY))
        return True


def _any_of(patterns: Sequence[str]) -> HostPatternList | None:
    return HostPatternList(",".join(patterns)) if patterns else None


def _match(patterns: HostPatternList | None, form: str) -> bool:
    return patterns is not None and patterns.matches(form, "", _ip(form))


def _ip(form: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(form)
    except ValueError:
        return None


def _key(data: str) -> asyncssh.SSHKey | None:
    """The key of a line, that of a certificate too; None where it cannot be read."""
    try:
        return asyncssh.import_public_key(data)
    except asyncssh.KeyImportError:
        pass
    try:
        return asyncssh.import_certificate(data).key
    except (asyncssh.KeyImportError, ValueError):
        return None


def _revoked_key(number: int, data: str) -> asyncssh.SSHKey:
    key = _key(data)
    if key is None:
        raise ValueError(
            f"line {number}: its key cannot be read, so it revokes nothing: write `@revoked "
            "NAME ssh-ed25519 AAAA…`"
        )
    return key
