"""What tests share: the marker for what a machine may not have, and where the corpus is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parent.parent
CORPUS = ROOT.parent / "shared" / "corpus"
"""Recorded logs of others, which this repository does not hold."""

HOW_TO_GET = {
    "bash": "apt install bash",
    "busybox": "apt install busybox-static",
    "bzip2": "apt install bzip2",
    "cc": "apt install gcc libc6-dev",
    "chromium": "apt install chromium",
    "corpus": "logs of others, not part of this repository",
    "dash": "apt install dash",
    "flock": "apt install util-linux",
    "gawk": "apt install gawk",
    "git": "apt install git",
    "mawk": "apt install mawk",
    "mmdebstrap": "apt install mmdebstrap",
    "mounts": "a machine that lets its user unshare --mount",
    "package index": "a network in which pip finds packages",
    "perl": "apt install perl-base",
    "ps": "apt install procps",
    "qemu-system-x86_64": "apt install qemu-system-x86 qemu-utils e2fsprogs gcc libc6-dev",
    "root": "run as root",
    "s6-svdt": "apt install s6",
    "setpriv": "apt install util-linux",
    "shellcheck": "apt install shellcheck",
    "ssh": "apt install openssh-client",
    "ssh-keygen": "apt install openssh-client",
    "sshd": "apt install openssh-server",
    "strace": "apt install strace",
    "systemd-analyze": "apt install systemd",
    "xz": "apt install xz-utils",
    "zstd": "apt install zstd",
}
_DOWNLOAD = (
    *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
    *("--retries", "0", "--timeout", "10", "idna", "--dest"),
)
RUN_THE_PROBE = {
    "tests/bot/test_cli_sshd.py",
    "tests/diagnostics/test_collect_local.py",
    "tests/diagnostics/test_collect_ssh.py",
    "tests/diagnostics/test_probe.py",
    "tests/diagnostics/test_probe_on_a_hostile_host.py",
}
_MISSING = "missing"
_ALSO_IN = "/usr/sbin:/sbin"  # of what is not on every PATH: sshd


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A need that nobody knows how to meet is a mistake in the test."""
    for item in items:
        for need in _needs(item):
            if need not in HOW_TO_GET:
                raise pytest.UsageError(f"{item.nodeid}: tests/conftest.py does not know {need!r}")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Without what it needs no test is run, nor any of its fixtures; under CI that is a failure."""
    missing = sorted(need for need in _needs(item) if not _is_there(need))
    if not missing:
        return
    if os.environ.get("CI"):
        pytest.fail(f"needs {', '.join(missing)}, and under CI nothing may be left out", False)
    item.user_properties += [(_MISSING, need) for need in missing]
    pytest.skip(f"not run: needs {', '.join(missing)}")


class OneProbeAtATime(LoadScopeScheduling):
    """Tests go to any worker, one by one; those that run the real probe all go to the same.

    A second probe beside another one would say that the host is busy.
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return "the probe" if module in RUN_THE_PROBE else nodeid


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> OneProbeAtATime:
    """Of `pytest -n 2`."""
    return OneProbeAtATime(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each thing that was missing: how many tests need it, and how to get it."""
    needs: Counter[str] = Counter()
    for report in terminalreporter.stats.get("skipped", []):
        missing = [str(need) for name, need in report.user_properties if name == _MISSING]
        needs.update(missing)
        if not missing:
            terminalreporter.write_line(f"not run: {report.nodeid}: {report.longrepr}")
    for need, count in sorted(needs.items()):
        many = "1 test needs" if count == 1 else f"{count} tests need"
        terminalreporter.write_line(f"not run: {many} {need} ({HOW_TO_GET[need]})")


def _needs(item: pytest.Item) -> set[str]:
    return {str(need) for marker in item.iter_markers("needs") for need in marker.args}


@cache
def _is_there(need: str) -> bool:
    if need == "root":
        return os.geteuid() == 0
    if need == "corpus":
        return CORPUS.is_dir()
    if need == "mounts":
        as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
        return _ends_well("unshare", "--mount", *as_root, "true")
    if need == "package index":
        with tempfile.TemporaryDirectory() as directory:
            return _ends_well(*_DOWNLOAD, directory)
    return shutil.which(need, path=f"{os.environ['PATH']}:{_ALSO_IN}") is not None


def _ends_well(*command: str) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
