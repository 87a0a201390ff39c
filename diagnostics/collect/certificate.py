"""What can be read in the certificate that sevbot holds: why a host may have refused it, and that
it soon ends.

By cryptography's public reader: asyncssh checks validity, but does not tell it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncssh
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import SSHCertificate, load_ssh_public_identity

SOON = timedelta(days=14)
# beyond what a date can hold; `always` is 2**64 - 1
_FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


def why_refused(certificate: asyncssh.SSHCertificate | None, user: str, now: datetime) -> str:
    """What is wrong with it for `user`, with the cure; where nothing is, all that only the host can
    know.
    """
    read = _read(certificate)
    if read is not None:
        if now.timestamp() >= read.valid_before:
            return f"it expired on {_date(read.valid_before)}: sign the key anew"
        if now.timestamp() < read.valid_after:
            return (
                f"it is not valid before {_date(read.valid_after)}: sign the key anew, or "
                "look at the clocks"
            )
        names = [name.decode("utf-8", errors="replace") for name in read.valid_principals]
        if user not in names:
            only = f"only {' and '.join(names)}, not {user}" if names else "nobody"
            return (
                f"it names {only}: sign the key with `-n {user}`, or let the host's "
                "principals file hold what it names"
            )
    source = read.critical_options.get(b"source-address") if read is not None else None
    excluded = (
        (
            f"its source-address ({source.decode('utf-8', errors='replace')}) excludes this "
            "machine, or "
        )
        if source
        else ""
    )
    return (
        f"{excluded}the host does not trust its CA, or the host's principals file is empty or "
        f"does not hold {user}"
    )


def ends_soon(certificate: asyncssh.SSHCertificate | None, now: datetime) -> str | None:
    """Words for a certificate that ends within SOON, or has ended."""
    read = _read(certificate)
    if read is None or read.valid_before >= (now + SOON).timestamp():
        return None
    ends = "expired" if now.timestamp() >= read.valid_before else "expires"
    return f"{ends} on {_date(read.valid_before)}: sign the key anew"


def _read(certificate: asyncssh.SSHCertificate | None) -> SSHCertificate | None:
    """None also for a kind that cryptography does not read."""
    try:
        read = (
            load_ssh_public_identity(certificate.export_certificate())
            if certificate is not None
            else None
        )
    except (ValueError, UnsupportedAlgorithm):
        return None
    return read if isinstance(read, SSHCertificate) else None


def _date(seconds: float) -> str:
    return datetime.fromtimestamp(min(seconds, _FOR_EVER), UTC).strftime("%Y-%m-%d %H:%M UTC")
