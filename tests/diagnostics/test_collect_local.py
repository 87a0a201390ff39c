"""Collecting from this machine: the same probe through sh, bounded in time and size, with nothing
left running.
"""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest

from diagnostics.bundle import Bundle, Missing
from diagnostics.collect import local
from diagnostics.probe import SECTIONS
from tests.yardstick import in_time

CLOCK = "printf '=sevbot-probe 1\\n=begin clock\\n|now 1\\n\\n=end clock 0\\n'\n"


def collect(deadline_s: float = local.DEADLINE_S) -> Bundle | Missing:
    found = asyncio.run(local.collect_local(deadline_s), debug=True)
    gc.collect()
    return found


def test_this_machine_gives_every_section_or_its_reason() -> None:
    """The shipped probe, run here."""
    found = collect()
    assert isinstance(found, Bundle)
    assert found.host == "localhost"
    assert set(found.sections) | set(found.missing) == set(SECTIONS)
    assert found.sections["uname"].text.startswith("Linux ")


def test_at_the_deadline_everything_it_started_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also commands that timeout(1) put into a process group of their own; what came is used."""
    note = tmp_path / "pids"
    hangs = f"{CLOCK}timeout 600 sh -c 'echo $$ >{note}; sleep 600' & sleep 600"

    def usual() -> None:
        monkeypatch.setattr(local, "PROBE", f"{CLOCK}echo =done")
        assert isinstance(collect(), Bundle)
        monkeypatch.setattr(local, "PROBE", hangs)

    found = in_time(lambda: collect(1.0), usual, waits_s=1, times=5)
    assert isinstance(found, Bundle)
    assert found.sections["clock"].text == "now 1\n"
    assert "did not end in 1 s" in found.missing["uname"]
    stat = Path(f"/proc/{note.read_text().strip()}/stat")
    assert not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.parametrize(
    ("probe", "reason"),
    [("yes", "bytes and was stopped"), ("yes >&2", "bytes to stderr and was stopped")],
)
def test_endless_output_is_stopped(
    monkeypatch: pytest.MonkeyPatch, probe: str, reason: str
) -> None:
    """On both streams."""
    monkeypatch.setattr(local, "PROBE", probe)
    found = collect()
    assert isinstance(found, Missing)
    assert reason in found.because


def test_nothing_of_the_callers_environment_reaches_the_probe(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It says here what it says over SSH."""
    monkeypatch.setenv("SECRET_TOKEN", "x")
    monkeypatch.setattr(local, "PROBE", "env >&2")
    found = collect()
    assert isinstance(found, Missing)
    assert "SECRET_TOKEN" not in found.because
    assert "PATH=" in found.because


def test_cancelling_ends_the_probe_and_is_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shutdown does not wait for the probe."""
    monkeypatch.setattr(local, "PROBE", "sleep 600")

    async def run() -> None:
        task = asyncio.create_task(local.collect_local())
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(run(), debug=True)
    gc.collect()
