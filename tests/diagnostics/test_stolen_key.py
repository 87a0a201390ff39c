"""What someone with sevbot's key can do on a host whose authorized_keys forces the probe: read its
output, and nothing else.
"""

from __future__ import annotations

import asyncio
import shlex
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path

import asyncssh
import pytest

from tests.diagnostics.sshd import FORCED_ANSWER, NAME, Sshd, forced

pytestmark = pytest.mark.needs("sshd")

ATTEMPTS = [
    # options of ssh(1), then the command; {mark} is a file that would appear if anything but the
    # probe ran
    "web1 id",
    "web1 touch {mark}",
    "web1 'bash -c \"touch {mark}\"'",
    "web1 '; touch {mark}; #'",
    "web1 '$(touch {mark})'",
    "web1 'scp -f {mark}'",
    "-tt web1 touch {mark}",
    "-T web1",
    "-s web1 sftp",
    "-L {free}:127.0.0.1:{port} web1 id",
    "-R {free}:127.0.0.1:{port} web1 id",
    "-D {free} web1 id",
    "-A web1 touch {mark}",
    "-X web1 touch {mark}",
    "-o SetEnv=LD_PRELOAD={mark} web1 id",
    "-o SetEnv=SSH_ORIGINAL_COMMAND=touch web1 touch {mark}",
    "-W 127.0.0.1:{port} web1",
]


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_stolen_key_gets_the_probe_or_nothing(tmp_path: Path, attempt: str) -> None:
    """The real ssh client with the real key, as a thief would use it: shell, sftp, forwarding,
    environment, terminal.
    """
    mark = tmp_path / "mark"
    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd:
        words = shlex.split(
            attempt.format(mark=mark, port=sshd.port, free=0 if "-R" in attempt else sshd.port + 1)
        )
        ours = (
            f"-F none -p {sshd.port} -i {sshd.client_key} -o "
            f"UserKnownHostsFile={sshd.known_hosts} -o HostKeyAlias={NAME}"
        ).split()
        rest = ["-o", "BatchMode=yes", "-o", "HostName=127.0.0.1", "-o", "IdentityAgent=none"]
        done = subprocess.run(
            ["ssh", *ours, *rest, *words],
            input=b"touch mark; id\n",
            capture_output=True,
            timeout=30,
            check=False,
        )
    assert not mark.exists()
    assert b"uid=" not in done.stdout
    assert done.stdout.replace(b"\r", b"") in (
        b"",
        b"=sevbot-probe 1\n=begin uname\n|forced\n\n=end uname 0\n=done\n",
    )
    assert "Accepted publickey" in sshd.log


async def direct(connection: asyncssh.SSHClientConnection) -> None:
    await connection.open_connection("127.0.0.1", 22)


async def unix_socket(connection: asyncssh.SSHClientConnection) -> None:
    await connection.open_unix_connection("/run/systemd/private")


async def reverse(connection: asyncssh.SSHClientConnection) -> None:
    await connection.forward_remote_port("", 0, "127.0.0.1", 22)


async def terminal(connection: asyncssh.SSHClientConnection) -> None:
    await connection.create_process("id", term_type="xterm", request_pty="force")


@pytest.mark.parametrize("way", [direct, unix_socket, reverse, terminal])
def test_a_stolen_key_opens_no_other_channel(
    tmp_path: Path, way: Callable[[asyncssh.SSHClientConnection], Awaitable[None]]
) -> None:
    """The same below ssh(1)'s own manners, request by request."""

    async def attempt(sshd: Sshd) -> None:
        async with asyncssh.connect(
            "127.0.0.1",
            sshd.port,
            config=None,
            known_hosts=str(sshd.known_hosts),
            host_key_alias=NAME,
            agent_path=None,
            username=sshd.target.user,
            client_keys=[str(sshd.client_key)],
        ) as connection:
            with pytest.raises((asyncssh.ChannelOpenError, asyncssh.ChannelListenError)):
                await way(connection)

    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd:
        asyncio.run(attempt(sshd))
