"""What ran out is judged once: each kill has one limit, and an unknown one is shown."""

from __future__ import annotations

import pytest

from tests.diagnostics.kernel_logs import LOGS, examine, membind_report, recorded


def test_an_unknown_constraint_is_kept_and_shown() -> None:
    """A BPF policy may print its own."""
    host = examine(membind_report(constraint="CONSTRAINT_BPF_PSI_MEM,nodemask=(null)"))

    assert host.findings == ()
    assert "CONSTRAINT_BPF_PSI_MEM" in host.unknown["membind-oom"]


@pytest.mark.parametrize("log", sorted(path.name for path in LOGS.glob("*.txt")))
def test_no_kill_is_claimed_twice(log: str) -> None:
    """Each kill has one limit."""
    claimed = [
        kill.task.pid for finding in examine(recorded(log)).findings for kill in finding.kills
    ]

    assert len(claimed) == len(set(claimed))
