"""Who else may read or change a file that is open.

Where a file has an access control list, the group's bits of its mode are the list's mask (acl(5)).
systemd since 254 hands credentials to a service by such a list: the mode is 0440, and yet root and
the service's user alone may read the file.
"""

from __future__ import annotations

import errno
import os
import stat
import struct
import sys

# linux/posix_acl_xattr.h: le32 version 2, then le16 tag, le16 permissions, le32 id for each entry
_ACL = "system.posix_acl_access"
_OWNER, _USER, _MASK, _OTHER = 0x01, 0x02, 0x10, 0x20


def mode_of(descriptor: int) -> int:
    """The permission bits; whatever a list gives to groups and to users other than root and
    ourselves counts as the group's.
    """
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    entries = list(struct.iter_unpack("<HHI", _acl(descriptor)[4:]))
    if not entries:
        return mode
    mask = next((permissions for tag, permissions, _ in entries if tag == _MASK), 0o7)
    trusted = {0, os.geteuid()}
    group = 0
    for tag, permissions, identifier in entries:
        if tag not in (_OWNER, _MASK, _OTHER) and not (tag == _USER and identifier in trusted):
            group |= permissions & mask
    return mode & ~0o070 | group << 3


def _acl(descriptor: int) -> bytes:
    """The list, or nothing where the file has none or the file system knows none."""
    if sys.platform != "linux":
        return b""
    try:
        return os.getxattr(descriptor, _ACL)
    except OSError as error:
        if error.errno in (errno.ENODATA, errno.EOPNOTSUPP):
            return b""
        raise
