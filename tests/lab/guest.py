"""A machine with two NUMA nodes in QEMU's software emulation: Debian, systemd, sshd, and a real
kernel that kills.

It is booted once and kept as a snapshot; every incident begins from there, so none sees what
another left behind.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

LAB = Path(__file__).parent
IMAGES = LAB.parents[1] / ".lab"
BUILD = ("image.sh", "init", "holdmem.c", "misbehave.c")
BOOT_S, BUILD_S, SCRIPT_S, MONITOR_S = 240, 900, 300, 60


class LabError(Exception):
    """The lab itself failed; the message says where to look."""


@dataclass(frozen=True)
class Image:
    """A directory that image.sh filled."""

    directory: Path

    def kernel(self, version: str) -> str:
        """The full version of the kernel that begins with `version`: `6.1` is
        `6.1.0-50-cloud-amd64`.
        """
        found = sorted(self.directory.glob(f"vmlinuz-{version}.*"))
        if not found:
            raise LabError(f"no kernel {version} in {self.directory}")
        return found[-1].name.removeprefix("vmlinuz-")


def build_image() -> Image:
    """The image that belongs to the build's sources; built where it is not there yet, which takes
    about a minute.
    """
    digest = hashlib.sha256(b"".join((LAB / name).read_bytes() for name in BUILD)).hexdigest()[:12]
    directory = IMAGES / digest
    if not (directory / "disk.img").exists():
        shutil.rmtree(IMAGES, ignore_errors=True)
        done = subprocess.run(
            ["bash", LAB / "image.sh", directory],
            check=False,
            timeout=BUILD_S,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode != 0:
            shutil.rmtree(directory, ignore_errors=True)
            raise LabError(f"image.sh ended with status {done.returncode}:\n{done.stdout[-4000:]}")
    return Image(directory)


@dataclass(frozen=True)
class Guest:
    """A running guest. `port` is its sshd's on loopback."""

    image: Image
    kernel: str
    directory: Path
    port: int
    process: subprocess.Popen[bytes]

    def run(self, script: str, timeout_s: float = SCRIPT_S) -> str:
        """Run a shell script as root; raises LabError where it fails."""
        done = self._call(script, timeout_s)
        if done.returncode != 0:
            raise LabError(
                f"the script ended with status {done.returncode}: "
                f"{done.stdout}{done.stderr}\n{self._last_words()}"
            )
        return done.stdout

    def put(self, files: Mapping[str, bytes]) -> None:
        """Write files, each a path from the root, owned by root and readable by all."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
            for name, data in files.items():
                entry = tarfile.TarInfo(name.lstrip("/"))
                entry.size, entry.mode = len(data), 0o644
                archive.addfile(entry, io.BytesIO(data))
        subprocess.run(
            self._ssh("tar -xz -C /"),
            input=packed.getvalue(),
            check=True,
            capture_output=True,
            timeout=SCRIPT_S,
        )

    def run_and_reboot(self, script: str) -> None:
        """Run a script at whose end the machine is restarted, and wait until it has come up."""
        before = self._boot()
        self._call(script, SCRIPT_S)
        end = time.monotonic() + BOOT_S
        while self._boot() in (before, ""):
            if time.monotonic() > end:
                raise LabError(
                    f"the machine was not restarted within {BOOT_S} s; {self._last_words()}"
                )
            time.sleep(1)
        self.run("systemctl is-system-running --wait >/dev/null || true")

    def _boot(self) -> str:
        """The boot's id, or nothing where the machine just goes down."""
        self._wait(BOOT_S)
        return self._call("cat /proc/sys/kernel/random/boot_id", SCRIPT_S).stdout

    def _call(self, script: str, timeout_s: float) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(
                self._ssh("sh -s"),
                input=script,
                check=False,
                capture_output=True,
                text=True,
                timeout=timeout_s,
            )
        except subprocess.TimeoutExpired as error:
            raise LabError(
                f"the script did not end within {timeout_s} s; {self._last_words()}"
            ) from error

    def reset(self) -> None:
        """Back to the moment after boot."""
        self._monitor("loadvm booted")
        self._wait(BOOT_S)

    def keep(self) -> None:
        """Make this the moment to which `reset` goes back. The journal of the boot is dropped:
        dmesg has it.
        """
        self._wait(BOOT_S)
        self.run(
            "systemctl is-system-running --wait >/dev/null; journalctl -q --rotate "
            "--vacuum-time=1s 2>/dev/null; sync"
        )
        self._monitor("savevm booted")

    def _ssh(self, command: str) -> list[str]:
        known = self.image.directory / "known_hosts"
        options = [
            f"UserKnownHostsFile={known}",
            "HostKeyAlias=lab",
            "BatchMode=yes",
            "ConnectTimeout=5",
            "StrictHostKeyChecking=yes",
        ]
        words = [word for option in options for word in ("-o", option)]
        return [
            "ssh",
            "-F",
            "none",
            *words,
            "-i",
            str(self.image.directory / "key"),
            "-p",
            str(self.port),
            "root@127.0.0.1",
            command,
        ]

    def _wait(self, seconds: float) -> None:
        """Until sshd answers."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise LabError(
                    f"QEMU ended with status {self.process.returncode}; {self._last_words()}"
                )
            with suppress(subprocess.TimeoutExpired):
                if (
                    subprocess.run(
                        self._ssh("true"), check=False, capture_output=True, timeout=10
                    ).returncode
                    == 0
                ):
                    return
            time.sleep(0.5)
        raise LabError(f"no answer from sshd within {seconds} s; {self._last_words()}")

    def _monitor(self, command: str) -> None:
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.settimeout(MONITOR_S)
            monitor.connect(str(self.directory / "monitor"))
            _prompt(monitor)
            monitor.sendall(f"{command}\n".encode())
            said = _prompt(monitor)
        if b"Error" in said:
            raise LabError(f"{command}: {said.decode(errors='replace')}")

    def _last_words(self) -> str:
        console = (self.directory / "console").read_text(encoding="utf-8", errors="replace")
        return "the console's last lines:\n" + "\n".join(console.splitlines()[-40:])


def _prompt(monitor: socket.socket) -> bytes:
    said = b""
    while not said.endswith(b"(qemu) "):
        if not (more := monitor.recv(4096)):
            raise LabError("QEMU's monitor closed")
        said += more
    return said


@contextmanager
def boot(image: Image, version: str, directory: Path, *, node_mib: int) -> Iterator[Guest]:
    """A guest with this kernel and two nodes of equal size, ended when the block is left."""
    kernel = image.kernel(version)
    directory.mkdir(parents=True, exist_ok=True)
    overlay, port = directory / "overlay.qcow2", _free_port()
    backing = ["-b", str(image.directory / "disk.img"), "-F", "raw"]
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", *backing, str(overlay)], check=True)
    with (directory / "qemu").open("wb") as said:
        process = subprocess.Popen(
            _qemu(image, kernel, directory, port, node_mib),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
    try:
        guest = Guest(image, kernel, directory, port, process)
        guest.keep()
        yield guest
    finally:
        process.kill()
        process.wait()
        overlay.unlink(missing_ok=True)


def _qemu(image: Image, kernel: str, directory: Path, port: int, node_mib: int) -> list[str]:
    """The command line. Software emulation only, so that it runs where nested virtualisation is not
    there, and alike everywhere.

    Without cx16, since kernels of 6.12 crash in kmem_cache_alloc under QEMU 7.2's emulation of
    cmpxchg16b.
    """
    nodes = (
        word
        for node in (0, 1)
        for word in (
            *("-object", f"memory-backend-ram,id=memory{node},size={node_mib}M"),
            *("-numa", f"node,nodeid={node},cpus={node},memdev=memory{node}"),
        )
    )
    boot_files = image.directory
    return [
        *(
            "qemu-system-x86_64",
            "-accel",
            "tcg,thread=multi",
            "-cpu",
            "max,-cx16",
            "-smp",
            "2",
            "-m",
            str(2 * node_mib),
            *nodes,
        ),
        *("-nodefaults", "-no-user-config", "-display", "none", "-rtc", "clock=vm"),
        *(
            "-kernel",
            str(boot_files / f"vmlinuz-{kernel}"),
            "-initrd",
            str(boot_files / f"initrd-{kernel}"),
        ),
        *("-append", "console=ttyS0 panic=-1 mitigations=off"),
        *("-drive", f"file={directory / 'overlay.qcow2'},if=virtio,format=qcow2,cache=unsafe"),
        *(
            "-netdev",
            f"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:22",
            "-device",
            "virtio-net-pci,netdev=net",
        ),
        *(
            "-serial",
            f"file:{directory / 'console'}",
            "-monitor",
            f"unix:{directory / 'monitor'},server,nowait",
        ),
    ]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
