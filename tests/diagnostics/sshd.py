"""A real OpenSSH sshd on loopback for one test: its own keys, its own configuration, its log in a
file.
"""

from __future__ import annotations

import asyncio
import gc
import getpass
import os
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TypedDict

import asyncssh

from diagnostics.bundle import Bundle, Missing
from diagnostics.collect.ssh import SshCollector, SshSettings, Target

PROGRAM = "/usr/sbin/sshd"
NAME = "web1"  # as the inventory has it; the address is 127.0.0.1
FORCED_ANSWER = "printf '=sevbot-probe 1\\n=begin uname\\n|forced\\n\\n=end uname 0\\n=done\\n'\n"
_START_S = 10.0
_POLL_S = 0.02


class Sshd:
    """Runs in a `with` block. `options` stand before the key in authorized_keys; `script` makes a
    program for a forced command.
    """

    def __init__(
        self, directory: Path, *, options: str = "", key_is_known: bool = True, config: str = ""
    ) -> None:
        self.directory = directory
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._client_key = asyncssh.generate_private_key("ssh-ed25519")
        self._private("host_key", self._host_key.export_private_key())
        self.client_key = self._private("client_key", self._client_key.export_private_key())
        self.known_hosts = self._private(
            "known_hosts", f"{NAME} {self._host_key.export_public_key().decode()}".encode()
        )
        public = self._client_key.export_public_key().decode() if key_is_known else ""
        self._private("authorized_keys", f"{options} {public}".lstrip().encode())
        self.port = free_port()
        self.log_file = directory / "log"
        # sshd takes the first value of each setting
        self._private("config", "\n".join([config, *self._config(), ""]).encode())

    def _config(self) -> list[str]:
        return [
            f"ListenAddress 127.0.0.1:{self.port}",
            f"HostKey {self.directory}/host_key",
            f"AuthorizedKeysFile {self.directory}/authorized_keys",
            "PidFile none",
            "UsePAM no",
            "StrictModes no",  # the directory belongs to a test
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin yes",
            "Subsystem sftp internal-sftp",
            "MaxStartups 100",
            # else bash would run the .bashrc of whoever runs the tests at each login
            f"SetEnv HOME={self.directory}",
            "LogLevel DEBUG1",
        ]

    def __enter__(self) -> Sshd:
        if os.geteuid() == 0:
            # sshd's own privilege separation needs it to exist
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        with self.log_file.open("wb") as log:
            self._process = subprocess.Popen(
                [PROGRAM, "-D", "-e", "-f", str(self.directory / "config")],
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            self.wait_for("Server listening")
        except AssertionError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        self._process.terminate()
        self._process.wait()
        for file in self.directory.glob("*.pid"):  # what a forced command left running
            for pid in file.read_text().split():
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    continue

    def wait_for_forced(self) -> None:
        """Return once the forced command has begun."""
        note = self.directory / "forced.pid"
        end = time.monotonic() + _START_S
        while not (note.exists() and note.stat().st_size):
            assert time.monotonic() < end, "the forced command did not begin"
            time.sleep(_POLL_S)

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    def wait_for(self, text: str) -> str:
        """The log, once it holds `text`."""
        end = time.monotonic() + _START_S
        while text not in self.log:
            assert time.monotonic() < end, f"sshd's log has no {text!r}:\n{self.log}"
            time.sleep(_POLL_S)
        return self.log

    @property
    def target(self) -> Target:
        return Target(name=NAME, address="127.0.0.1", port=self.port, user=getpass.getuser())

    def settings(self, deadline_s: float = 25) -> SshSettings:
        return SshSettings(
            client_key=self.client_key, known_hosts=self.known_hosts, deadline_s=deadline_s
        )

    def _private(self, name: str, data: bytes) -> Path:
        file = self.directory / name
        file.write_bytes(data)
        file.chmod(0o600)
        return file


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def forced(directory: Path, script: str) -> str:
    """authorized_keys options that force a program with the text `script`; its process id is noted,
    so that it can be ended.
    """
    program = directory / "forced"
    program.write_text(f"#!/bin/sh\necho $$ >> {directory}/forced.pid\n{script}", encoding="utf-8")
    program.chmod(0o755)
    return f'restrict,command="{program}"'


def collect(settings: SshSettings, target: Target) -> Bundle | Missing:
    """One collection; no task and no warning may be left."""

    async def run() -> Bundle | Missing:
        found = await SshCollector(settings).collect(target)
        assert asyncio.all_tasks() == {asyncio.current_task()}
        return found

    found = asyncio.run(run(), debug=True)
    gc.collect()  # so that an unclosed socket would warn here
    return found


def because(found: Bundle | Missing) -> str:
    assert isinstance(found, Missing)
    return found.because


def bundle(found: Bundle | Missing) -> Bundle:
    assert isinstance(found, Bundle), found
    return found


class Limits(TypedDict, total=False):
    """Fields of SshSettings, in seconds."""

    connect_timeout_s: float
    login_timeout_s: float
    second_login_timeout_s: float
    deadline_s: float


def usable_settings(directory: Path) -> SshSettings:
    """A key and a known_hosts that can be used, and short limits."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    (directory / "key").write_bytes(key.export_private_key())
    (directory / "key").chmod(0o600)
    (directory / "known_hosts").write_text(f"{NAME} {key.export_public_key().decode()}")
    return SshSettings(
        directory / "key",
        directory / "known_hosts",
        connect_timeout_s=1,
        login_timeout_s=1,
        second_login_timeout_s=0,
    )
