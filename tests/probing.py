"""The probe in a directory that stands for a host: its /proc and /sys, and programs that are found
before the real ones.
"""

from __future__ import annotations

import re
from pathlib import Path

# what to put before a command, so that each program which it starts is a line of the file behind it
TRACED_TO = ("strace", "-f", "-qq", "-s", "400", "-e", "trace=execve", "-e", "signal=none", "-o")


def moved(script: str, root: Path) -> str:
    """`script` with `root` in place of / for /proc, /sys and logs, and with the programs in
    `root`/bin found first.
    """
    script = re.sub(
        r"(?<!\w)/(?=(?:proc|sys|var/log|etc/sevbot|run/service|run/docker\.pid)\b)",
        f"{root}/",
        script,
    )
    return re.sub(r"^PATH=", f"PATH={root}/bin:", script, count=1, flags=re.MULTILINE)


def write_program(root: Path, name: str, script: str) -> None:
    """A program that the probe finds before the real one."""
    path = root / "bin" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
