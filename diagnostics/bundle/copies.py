"""What is told of the probe itself: whether the host's copy of it is this sevbot's, and whether it
could take its lock.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from diagnostics.probe import DIGEST_DIGITS, VERSION, digest

COPY_IT = "copy it again: `install -m 755 probe.sh /usr/libexec/sevbot-probe`"
SENT = "sent"  # in a digest's place: the host runs the text that it was sent
UNKNOWN = "unknown"  # its sha256sum failed
REMARKS = ("probe", "lock")  # of what there are any
MOST_NAMED = 5  # sections that are unknown here
_UNLOCKED = "the probe could take no lock"
_AT_ONCE = "so more than one may run on the host at a time"
NOT_TOLD = (
    "sha256sum failed on the host, so whether its copy of the probe is this sevbot's could not be"
    " told"
)
LOCK = {
    "directory": (
        f"{_UNLOCKED}, since its account has no directory that is its own and closed to all"
        f" others, {_AT_ONCE}; give it one: "
        "`install -d -m 700 -o sevbot-probe -g sevbot-probe /var/lib/sevbot-probe`"
    ),
    "flock": (
        f"{_UNLOCKED}, since flock is missing or failed there, {_AT_ONCE}; it comes with util-linux"
    ),
}
_DIGEST = re.compile(rf"[0-9a-f]{{{DIGEST_DIGITS}}}")
_NUMBER = re.compile(r"[0-9]{1,9}")  # str.isdigit would also take what int() refuses
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")


def number(word: str) -> int | None:
    """A whole number of at most nine digits."""
    return int(word) if _NUMBER.fullmatch(word) else None


def of_lock(why: str) -> str:
    """Why the probe took no lock, by its own word for it, and what would help."""
    return LOCK.get(why, f"{_UNLOCKED}, {_AT_ONCE}")


def of_copy(header: Sequence[str], unknown: Sequence[str], *, is_used: bool) -> str | None:
    """What is to be told of the copy whose first line said `header` (version, digest) and that
    brought sections of `unknown` names.

    None where it is ours. `is_used` is whether it brought anything that is known.
    """
    version, said = number(header[0]) if header else None, header[1] if len(header) > 1 else ""
    which = _which(version, said)
    brought = _brought(unknown)
    if which is None and not brought:
        return None
    cure = (
        ""
        if said == UNKNOWN
        else f"; {'upgrade sevbot, or ' if (version or 0) > VERSION else ''}{COPY_IT}"
    )
    used = "; what it brought was used" if is_used and which else ""
    return (
        (which or "the host's copy of the probe passes for this sevbot's") + used + brought + cure
    )


def _which(version: int | None, said: str) -> str | None:
    """Which copy it is, beside ours; None where it is ours."""
    if version == VERSION and said in (SENT, digest()):
        return None
    if version == VERSION and said == UNKNOWN:
        return NOT_TOLD
    it_is = "of a version that cannot be read" if version is None else f"of version {version}"
    if _DIGEST.fullmatch(said):
        it_is += f" ({said})"
    elif version == VERSION:
        it_is += ", but does not say which"
    return (
        f"the host's copy of the probe is {it_is}, this sevbot's of version {VERSION} ({digest()})"
    )


def _brought(unknown: Sequence[str]) -> str:
    """How many sections we do not know, and those of their names that can be shown."""
    if not unknown:
        return ""
    plain = [name for name in unknown if _NAME.fullmatch(name)]
    named = [*plain[:MOST_NAMED], *(["…"] if len(plain) > MOST_NAMED else [])]
    count = "one section that is" if len(unknown) == 1 else f"{len(unknown)} sections that are"
    names = f" ({', '.join(named)})" if named else ""
    return f"; it also brought {count} unknown here{names}"
