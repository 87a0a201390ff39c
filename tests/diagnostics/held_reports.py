"""What the causes on memory of no process have in common, as their tests see it."""

from __future__ import annotations

from diagnostics.model import Examined
from tests.diagnostics.kernel_logs import examine, membind_report, recorded
from tests.diagnostics.service_records import BOOT


def with_node_line(line: str, **sections: str) -> Examined:
    """A kill for node 1 whose report has this line."""
    return examine(BOOT + membind_report(node_lines=(line,)), **sections)


def assert_explains_the_kill(code: str, quarter: str) -> None:
    """Told first, with its share, and as sure as the kill itself."""
    first, second = with_node_line(quarter).findings
    assert (first.code, second.code) == (code, "membind-oom")
    assert first.headline.endswith("of node 1")
    assert any(one.fits(second) for one in first.explains)
    assert "2.0 GiB of node 1 (7.8 GiB), 25 %" in first.story[1]
    sure = [
        str(finding.confidence)
        for finding in with_node_line(quarter, vmstat="oom_kill 1\n").findings
    ]
    assert sure == ["confirmed", "confirmed"]


def assert_clear_or_unknown(code: str, less: str) -> None:
    """Less is no cause, a cgroup's kill says nothing of nodes, a bare kill shows none."""
    host = with_node_line(less)
    assert code in host.clear
    assert [finding.code for finding in host.findings] == ["membind-oom"]
    assert code in examine(recorded("5.10-D-memcg.txt")).clear
    kill = (
        "[  100.000000] Out of memory: Killed process 300 (job) total-vm:1kB, anon-rss:1kB, "
        "file-rss:0kB, shmem-rss:0kB\n"
    )
    assert code in examine(kill).unknown
