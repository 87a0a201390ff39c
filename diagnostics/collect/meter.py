"""A socket that reads no more than its host may send: in small pieces and to a limit, until the
host has proved who it is.

asyncio's own transport reads 256 KiB at a time, and asyncssh takes a buffer apart packet by packet:
a machine that says nothing but SSH_MSG_IGNORE would hold the loop for a second with one read. The
limit must stand where bytes come in, before any protocol code sees them.
"""

from __future__ import annotations

import socket

# a banner, two key exchange messages and a host certificate with many names are a third of it
UNPROVED_BYTES = 32 * 1024
UNPROVED_READ_BYTES = 4 * 1024
# beside the answer itself: banners, announced keys, channel messages, and a packet that is not
# whole yet
PROVED_BYTES = 128 * 1024
PROVED_READ_BYTES = 32 * 1024
TIMES_ANSWER = 8  # of an answer that comes in small writes most is packets' heads and padding


class FloodError(OSError):
    """A host sent more than it may; the connection is over."""


class MeteredSocket(socket.socket):
    """Its reads are counted; one read beyond the allowance raises FloodError."""

    allowed_bytes = UNPROVED_BYTES
    read_bytes = UNPROVED_READ_BYTES
    proved = False

    def recv(self, bufsize: int, flags: int = 0, /) -> bytes:
        data = super().recv(min(bufsize, self.read_bytes), flags)
        self.allowed_bytes -= len(data)
        if self.allowed_bytes < 0:
            told = (
                "more than its answer needs"
                if self.proved
                else f"more than {UNPROVED_BYTES} bytes before it proved who it is"
            )
            raise FloodError(f"the host sent {told}")
        return data

    def prove(self) -> None:
        """The host has proved who it is: it may send what comes with an answer."""
        self.proved = True
        self.read_bytes = PROVED_READ_BYTES
        self.allowed_bytes = PROVED_BYTES

    def answered(self, size: int) -> None:
        """`size` bytes of the answer itself came; as much again and more may come."""
        self.allowed_bytes += TIMES_ANSWER * size
