"""The sentences for a host that could not be asked: what happened, and what would cure it.

Words that a host chose are shown quoted and short, since they come from a machine that may not be
the one it should be.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import asyncssh

from diagnostics.collect.logins import MOST_REFUSALS, RestingError
from diagnostics.collect.ssh_options import SshSettings
from diagnostics.collect.unreadable import CREDENTIALS

_SHOWN_CHARACTERS = 160
_LOG_SAYS = "sshd's log there says why: `journalctl -u ssh`"

# the key that was presented, and the kinds of those on file
Known = tuple[asyncssh.SSHKey | None, frozenset[str]]


def quoted(text: str) -> str:
    """`text` from a host, with everything unprintable escaped, at most 160 characters."""
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…")


def no_such_name(where: str, address: str) -> str:
    """The resolver knows no such name, or nothing can be asked by it (getaddrinfo(3))."""
    return (
        f"{where}: the name {quoted(address)} does not resolve: correct the address in the "
        "inventory, or look at this machine's DNS"
    )


def name_too_slow(where: str, address: str, seconds: float) -> str:
    """The resolver did not answer within `seconds`."""
    return (
        f"{where}: the name {quoted(address)} was not resolved in {seconds:g} s: look at DNS, "
        "or put IP addresses in the inventory"
    )


def refused(where: str, port: str) -> str:
    """The connection was refused (ECONNREFUSED); `port` is the one that was dialled."""
    return (
        f"{where}: connection refused, nothing listens on port {port}: is sshd running there, "
        "and is the port in the inventory right?"
    )


def no_tcp_answer(where: str, seconds: float) -> str:
    """No address of the host took the connection within `seconds`."""
    return (
        f"{where}: no answer to TCP in {seconds:g} s: the host is down, or a firewall drops "
        "this machine's packets"
    )


def no_route(where: str, error: OSError) -> str:
    """The connection failed in another way; `error` is that of the last address."""
    return (
        f"{where}: no connection: {error.strerror or error}: look at the route from this "
        "machine to the host"
    )


def no_ssh_answer(where: str, waited: str) -> str:
    """The connection stood, but no SSH identification came; `waited` says for how long."""
    return (
        f"{where}: accepts TCP, but sshd said nothing in {waited}: the host is overloaded or "
        "frozen, or the port belongs to something else"
    )


def login_too_slow(where: str, waited: str) -> str:
    """The login did not end; `waited` says within what. sshd named itself, or the look's own
    deadline came first.
    """
    return (
        f"{where}: sshd answers, but the login did not end in {waited}: "
        f"the host is very likely overloaded; ask again in a minute, or look at its console"
    )


def waited(limits_s: Sequence[float]) -> str:
    """The time limits of logins that did not end, one after the other."""
    first, *more = (f"{limit_s:g} s" for limit_s in limits_s)
    return first + "".join(f", nor in {limit} when asked again" for limit in more)


def rests(where: str, settings: SshSettings, resting: RestingError) -> str:
    """The key was refused three times at this address, or at three addresses and let in nowhere, so
    no log-in is made for a while: `resting` says where, and how many seconds are left.
    """
    at_all, here = (
        f"was refused at {MOST_REFUSALS} addresses and let in nowhere",
        f"was refused {MOST_REFUSALS} times at this address",
    )
    what = at_all if resting.everywhere else here
    if settings.certificate is None:
        cure = "put the public key into the account's authorized_keys"
    else:
        cure = (
            "sign the key anew if the certificate has expired, and have the hosts trust its "
            "authority and the account take its principal"
        )
    return (
        f"{where}: not examined, because {settings.shown_key} {what}, and more log-ins "
        f"could lock people out: {cure} (what is told of those that refused it says more); "
        f"sevbot tries again in {max(round(resting.left_s / 60), 1)} min, or at once after "
        f"`{_anew(settings.shown_key)}`"
    )


def _anew(key: str) -> str:
    """The command after which the key is taken for a new one; nobody can touch a copy that systemd
    made.
    """
    return "systemctl restart sevbot" if Path(key).is_relative_to(CREDENTIALS) else f"touch {key}"


def crowded(where: str, seconds: float) -> str:
    """Log-ins at the address took all places there for `seconds`; nothing was dialled."""
    return (
        f"{where}: not examined, because only {MOST_REFUSALS} log-ins are made at an "
        f"address at a time, and those before it took {seconds:g} s: ask again"
    )


def held_back(where: str, key: str) -> str:
    """The host proved who it is, but `key` waited to be offered until the look's deadline."""
    return (
        f"{where}: not examined, because the key {key} is offered to {MOST_REFUSALS} hosts "
        "at a time until one lets it in, "
        f"and those before it took too long: look at them first, or ask again"
    )


def flooded(where: str, why: str) -> str:
    """The host sent more than it may; `why` says of what (`FloodError`)."""
    return (
        f"{where}: {why}, so the connection was closed; nothing was sent to it. Is this the "
        "right machine, and the right port?"
    )


def host_key_unknown(where: str, name: str, file: str) -> str:
    """`file` has no key and no authority for the name; nothing was dialled."""
    return (
        f"{where}: no entry for the name {name} that can be read in {file}, so nothing was "
        "sent (sevbot looks up the name in the "
        "inventory, not the address): take the host's public key from your configuration "
        "management "
        "(from ssh-keyscan only after you compared it on the host's console) and add the "
        f"line `{name} ssh-ed25519 AAAA…`"
    )


def host_key_too_old(where: str, name: str, file: str) -> str:
    """`file` has keys for the name, but of no kind that we accept; nothing was dialled."""
    return (
        f"{where}: {file} has only keys of kinds that are no longer safe for {name}: add its "
        f"ed25519 key as `{name} ssh-ed25519 AAAA…`"
    )


def host_key_changed(where: str, name: str, file: str, shown: str) -> str:
    """`file` has another key of this kind for the name; `shown` is a space and, in parentheses, the
    kind and the fingerprint of what the host presented, or empty where that is not known.
    """
    return (
        f"{where}: HOST KEY CHANGED: the entry for {name} in {file} is another key than the "
        f"one presented{shown}. Nothing was sent. "
        "Stop: the host was reinstalled, its address is now another machine's, or someone "
        f"is in between; find out which before you change {file}"
    )


def host_key_of_another_kind(where: str, name: str, file: str, shown: str, known: str) -> str:
    """`file` has keys for the name, but none of the presented kind; `known` names theirs, `shown`
    is as in `host_key_changed`.
    """
    return (
        f"{where}: {file} has only {known} for {name}, and the host presents a key of "
        f"another kind{shown}. Nothing was sent. "
        "Most likely the host's other key was never added: compare the fingerprint on its "
        f"console, then add the line; if it does not match, stop"
    )


def host_key_revoked(where: str, file: str) -> str:
    """`file` has the presented key in a line `@revoked`."""
    return (
        f"{where}: the host presented a key that {file} marks as revoked. Nothing was sent. "
        f"Stop: find out why it has this key, then give it a new one"
    )


def host_certificate_bad(where: str, name: str, why: str) -> str:
    """The host presented a certificate that asyncssh does not accept; `why` is its reason."""
    return (
        f"{where}: the host's certificate was not accepted: {quoted(why)}. Nothing was sent. "
        f"Sign its host key anew, for the name {name}"
    )


def key_refused(where: str, user: str, key: str) -> str:
    """The host proved who it is, and refused `key`, a plain one."""
    return (
        f"{where}: the key was refused: the public key of {key} is not in the "
        f"authorized_keys of {user} "
        "(root's, 0644; its directory 0755), or its from= or expiry excludes it; the "
        "account is missing, locked (`usermod -p '*'`) "
        "or without a login shell; or the host takes certificates only (set `certificate "
        f"=` in [ssh]). {_LOG_SAYS}"
    )


def certificate_refused(where: str, certificate: str, why: str) -> str:
    """The host proved who it is, and refused the certificate; `why` is what is wrong in it, as far
    as one can see it here.
    """
    return f"{where}: the certificate {certificate} was refused: {why}. {_LOG_SAYS}"


def wants_other_login(where: str, user: str) -> str:
    """The host proved who it is, and gave up before it refused the key: it asks for another way to
    log in, or for more than a key.
    """
    return (
        f"{where}: sshd does not let {user} in by public key alone, and sevbot never sends "
        "anything else: "
        f"set `PubkeyAuthentication yes` and `AuthenticationMethods publickey` for {user} there"
    )


def asked_for_nothing(where: str) -> str:
    """The host let us in without a proof of the key, which asyncssh takes for an attack."""
    return (
        f"{where}: offers to let anyone in without a key, which no sshd of yours should; "
        "nothing was run. Is this the right machine?"
    )


def nothing_in_common(where: str, why: str) -> str:
    """Both sides have no algorithm in common; `why` is asyncssh's reason."""
    return (
        f"{where}: no common algorithm: {quoted(why)}: sshd there must allow "
        "curve25519-sha256 and aes128-gcm@openssh.com (or stronger)"
    )


def closed_before_ssh(where: str) -> str:
    """The connection was closed before an SSH identification came."""
    return (
        f"{where}: the connection was closed before sshd named itself: too many log-ins at "
        "once (MaxStartups), "
        f"a penalty for this machine's address (PerSourcePenalties), or no sshd on this port"
    )


def not_ssh(where: str, why: str) -> str:
    """What came breaks the SSH protocol; `why` is asyncssh's reason."""
    return (
        f"{where}: what listens there does not speak SSH as it should: {quoted(why)}: is the "
        "port in the inventory right?"
    )


def lost_in_login(where: str, why: str) -> str:
    """The host proved who it is, and then the connection failed before the login was done; `why` is
    asyncssh's reason.
    """
    return (
        f"{where}: the connection was lost during the login: {quoted(why)}: "
        f"the host, its sshd or the network gave up; ask again in a minute"
    )


def lost_in_key_exchange(where: str, why: str) -> str:
    """sshd named itself, and closed the connection before it proved who it is; `why` is asyncssh's
    reason.
    """
    return (
        f"{where}: sshd closed the connection while both sides agreed on algorithms: "
        f"{quoted(why)}: its log says why; most often it allows none of sevbot's algorithms "
        "(curve25519-sha256, aes128-gcm@openssh.com, ssh-ed25519)"
    )


def no_exec(where: str, why: str) -> str:
    """The login stood, but no session could be opened, or sshd did not take the exec request; `why`
    is asyncssh's reason.
    """
    return (
        f"{where}: logged in, but sshd would not run a command: {quoted(why)}: allow it "
        "(MaxSessions 1 or more, a real login shell)"
    )


def host_key_because(
    where: str, error: asyncssh.HostKeyNotVerifiable, name: str, file: str, known: Known
) -> str:
    """Which of the host-key sentences fits; the host has an entry in `file`, else there would have
    been no connection.
    """
    reason = error.reason.partition(" for host ")[0]
    if "revoked" in reason:
        return host_key_revoked(where, file)
    if reason.startswith("Certificate"):
        return host_certificate_bad(where, name, reason)
    presented, kinds = known
    if presented is None:
        return host_key_changed(where, name, file, "")
    kind = presented.get_algorithm()
    shown = f" ({kind} {presented.get_fingerprint()})"
    if kinds and kind not in kinds:
        return host_key_of_another_kind(where, name, file, shown, " and ".join(sorted(kinds)))
    return host_key_changed(where, name, file, shown)
