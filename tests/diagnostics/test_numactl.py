"""numactl's command line, in all its spellings, and the edit."""

from __future__ import annotations

import pytest

from diagnostics.memory.numactl import find_membind


@pytest.mark.parametrize(
    ("command", "interleaved", "removed"),
    [
        ("numactl --membind=1 job", "numactl --interleave=all job", "job"),
        (
            "/usr/bin/numactl --membind 1 /bin/job ...",
            "/usr/bin/numactl --interleave=all /bin/job ...",
            "/bin/job ...",
        ),
        ("numactl -m1 job", "numactl -i all job", "job"),
        ("numactl -m 0,1 job", "numactl -i all job", "job"),
        ("numactl --mem=!0 job", "numactl --interleave=all job", "job"),
        ("numactl -N 1 -m 1 job", "numactl -N 1 -i all job", "numactl -N 1 job"),
        (
            "numactl --cpunodebind=1 --membind=1 -- job",
            "numactl --cpunodebind=1 --interleave=all -- job",
            "numactl --cpunodebind=1 -- job",
        ),
        (
            "systemd-run --scope numactl -m 1 job",
            "systemd-run --scope numactl -i all job",
            "systemd-run --scope job",
        ),
    ],
)
def test_only_the_memory_policy_changes(command: str, interleaved: str, removed: str) -> None:
    """CPU flags and everything else stay, in the same spelling."""
    membind = find_membind(command.split())

    assert membind is not None
    assert " ".join(membind.replaced("interleave", "all")) == interleaved
    assert " ".join(membind.removed()) == removed


@pytest.mark.parametrize(
    "command",
    [
        "job --membind=1",
        "numactl -N 1 job",
        "numactl --interleave=all job",
        "numactl job -m 1",  # options end at the first other word
        "numactl -l -C 3 job -m 1",
        "numactl --p=1 job",  # ambiguous: preferred, preferred-many, physcpubind
        "numactl -m",
        "",
    ],
)
def test_what_is_no_membind_is_none(command: str) -> None:
    """--cpunodebind is often taken for it."""
    assert find_membind(command.split()) is None
