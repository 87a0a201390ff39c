"""Real incidents in a real kernel under systemd, collected over SSH by the production probe. `make
lab`; some minutes.

SEVBOT_LAB_RECORD=1 writes each bundle to tests/cases, where it is replayed from then on.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from diagnostics.bundle.directory import read_directory
from diagnostics.engine import diagnose
from diagnostics.model import Examined
from tests.conftest import ROOT
from tests.lab.conftest import Lab
from tests.lab.guest import Guest
from tests.lab.scenario import SMALL_NODE_MIB, Scenario, scenarios


def marks_of(scenario: Scenario) -> list[pytest.MarkDecorator]:
    """For the selections of the Makefile and of .ci/run."""
    big = [pytest.mark.big] if scenario.node_mib > SMALL_NODE_MIB else []
    return [*big, *([pytest.mark.ci] if scenario.in_ci else [])]


SCENARIOS = [pytest.param(each, id=each.name, marks=marks_of(each)) for each in scenarios()]
LOOKS = 5
CONFIG = """
[ssh]
user = "root"
client_key = "{keys}/key"
known_hosts = "{keys}/known_hosts"
[hosts.lab]
address = "127.0.0.1"
port = {port}
"""
pytestmark = [
    pytest.mark.lab,
    pytest.mark.needs("qemu-system-x86_64"),
    pytest.mark.needs("mmdebstrap"),
    pytest.mark.timeout(600),
]


def record(guest: Guest, directory: Path, bundle: Path) -> str | None:
    """`sevbot record` over SSH to the guest; what it said where it failed."""
    config = directory / "config.toml"
    config.write_text(CONFIG.format(keys=guest.image.directory, port=guest.port), encoding="utf-8")
    config.chmod(0o600)
    done = subprocess.run(
        [sys.executable, "-m", "bot", "record", "lab", bundle, "--config", config],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return None if done.returncode == 0 else done.stdout + done.stderr


def look(guest: Guest, directory: Path) -> tuple[Path, Examined]:
    """A recorded bundle and its report; again where emulation was so slow that the host or a
    section did not answer in time.
    """
    seen: list[tuple[Path, Examined]] = []
    for number in range(LOOKS):
        bundle = directory / f"bundle-{number}"
        failed = record(guest, directory, bundle)
        host = diagnose(read_directory(bundle)) if failed is None else None
        if isinstance(host, Examined):
            seen.append((bundle, host))
            # of these nothing changes by another look
            if not host.not_seen.keys() - {"probe", "lock"}:
                break
        time.sleep(2 if failed else 0)
    assert seen, failed
    return seen[-1]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_incident_gets_the_experts_verdict(scenario: Scenario, lab: Lab, tmp_path: Path) -> None:
    """Every finding that the scenario expects, as sure as it expects, and no other."""
    guest = lab.guest(scenario.kernel, scenario.node_mib)
    if scenario.reboots:
        guest.run_and_reboot(scenario.script)
    else:
        guest.run(scenario.script)
    bundle, host = look(guest, tmp_path)
    if os.environ.get("SEVBOT_LAB_RECORD"):
        write_case(scenario, guest, host, bundle)

    found = {finding.code: str(finding.confidence) for finding in host.findings}
    assert found.keys() == scenario.expected.keys()
    assert all(found[code] in sure.split("|") for code, sure in scenario.expected.items())


def write_case(scenario: Scenario, guest: Guest, host: Examined, bundle: Path) -> None:
    """Make a case of it; `make golden` then writes the text."""
    directory = ROOT / "tests/cases" / f"{scenario.name}-{scenario.kernel}"
    directory.mkdir(parents=True, exist_ok=True)
    for file in bundle.iterdir():
        (directory / file.name).write_bytes(file.read_bytes())
    codes = "".join(
        f"{finding.code} = {json.dumps(str(finding.confidence))}\n" for finding in host.findings
    )
    told = {
        "bundle": ".",
        "origin": (
            f"QEMU guest, two nodes of {scenario.node_mib} MiB, Debian 12, systemd 252; "
            f"tests/lab/scenarios/{scenario.name}.sh"
        ),
        "kernel": guest.kernel,
        "verdict": scenario.verdict,
        "clear": sorted(host.clear),
        "unknown": sorted(host.unknown),
    }
    head = "".join(f"{key} = {json.dumps(value)}\n" for key, value in told.items())
    (directory / "case.toml").write_text(f"{head}\n[findings]\n{codes}", encoding="utf-8")
