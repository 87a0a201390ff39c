"""Why the user that runs sevbot cannot open a file, and the cure: what the mode, the owner and the
place of the file tell.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

# where systemd hands over what LoadCredential= names (systemd.exec(5))
CREDENTIALS = Path("/run/credentials")
_OF_USERS = (Path("/root"), Path("/home"))  # what lies there is not opened to all


def why_unreadable(file: Path, error: OSError, *, secret: bool) -> str | None:
    """A sentence that follows the file's name; None where the place tells nothing more than `error`
    does.
    """
    if file.is_relative_to(CREDENTIALS) and isinstance(error, FileNotFoundError):
        return (
            "is not there: systemd puts it there while sevbot.service runs (`systemctl start "
            "sevbot`)"
        )
    if not isinstance(error, PermissionError):
        return None
    user = _name_of(os.geteuid())
    if file.is_relative_to(CREDENTIALS):
        return (
            f"user {user} cannot read it: it is for the service's user and root: `runuser -u "
            "sevbot -- ...`"
        )
    closed = next(
        (
            place
            for place in reversed(file.parents)
            if not os.access(place, os.X_OK, effective_ids=True)
        ),
        None,
    )
    if closed is not None:
        moved = any(closed.is_relative_to(place) for place in _OF_USERS)
        return f"user {user} cannot read it: " + (
            f"move it out of {closed}" if moved else f"`chmod 755 {closed}`"
        )
    if secret:
        return _why_secret(file, user)
    return f"user {user} cannot read it: `chmod 644 {file}`"


def _why_secret(file: Path, user: str) -> str:
    owner = _name_of(file.stat().st_uid)
    return (
        f"user {user} cannot read it, it is user {owner}'s: run sevbot as {owner}, or name "
        f"the copy in {CREDENTIALS}/sevbot.service that systemd makes while sevbot.service runs"
    )


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
