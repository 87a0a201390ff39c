"""What a command may import: help and a small log start at once, since neither needs Slack, SSH or
a configuration.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "aiohttp",
    "asyncssh",
    "cryptography",
    "pydantic",
    "re2",
    "slack_bolt",
    "slack_sdk",
    "yarl",
}
LOG = Path(__file__).parents[1] / "logs" / "membind-16g-6.1-dmesg.txt"
RUN = """
import sys
from bot.cli import main
try:
    main(sys.argv[1:])
except SystemExit as ended:
    assert not ended.code, ended.code
print("imported:", *sorted({name.partition(".")[0] for name in sys.modules}))
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("diagnose", "--kernel-log", str(LOG)),
        ("diagnose", "--json", "--kernel-log", str(LOG)),
    ],
)
def test_nothing_heavy_is_imported(arguments: tuple[str, ...]) -> None:
    """Each of these packages costs more than reading the log."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *arguments], check=True, capture_output=True, text=True
    )
    imported = set(done.stdout.rpartition("imported:")[2].split())

    assert "bot" in imported
    assert not imported & HEAVY


def test_running_the_bot_does_import_them() -> None:
    """The list above names what this program really uses."""
    done = subprocess.run(
        [sys.executable, "-c", "import bot.app, bot.config, sys; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    )

    assert {"aiohttp", "pydantic", "slack_bolt", "asyncssh"} <= set(done.stdout.split())
