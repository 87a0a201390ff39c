"""hugepages-hold-node: a pool of huge pages on a full node."""

from __future__ import annotations

from diagnostics.model import HostReport
from tests.diagnostics.kernel_logs import examine, finding_of, membind_report, recorded
from tests.diagnostics.service_records import BOOT

CODE = "hugepages-hold-node"
LINE = "Node 1 hugepages_total=1024 hugepages_free=1024 hugepages_surp=0 hugepages_size=2048kB"
SMALL = "Node 1 hugepages_total=512 hugepages_free=512 hugepages_surp=0 hugepages_size=2048kB"


def of_node(line: str) -> HostReport:
    return examine(BOOT + membind_report(node_lines=(line,)))


def test_fires_where_it_held_a_quarter_of_a_full_node_and_is_told_first() -> None:
    """It explains the kill."""
    first, second = of_node(LINE).findings

    assert (first.code, second.code) == (CODE, "membind-oom")
    assert first.headline.endswith("of node 1")
    assert "membind-oom" in first.explains
    assert "2.0 GiB of node 1 (7.8 GiB), 25 %" in first.story[0]


def test_stays_clear_of_less() -> None:
    """A small pool is no cause; the picture of the node still shows it."""
    host = of_node(SMALL)

    assert CODE in host.clear
    assert [finding.code for finding in host.findings] == ["membind-oom"]


def test_stays_clear_of_a_cgroups_kill() -> None:
    """The node was not what was full."""
    assert CODE in examine(recorded("5.10-D-memcg.txt")).clear


def test_confirmed_with_the_kernels_counter() -> None:
    """The same signs as for the kill itself."""
    host = examine(BOOT + membind_report(node_lines=(LINE,)), vmstat="oom_kill 1\n")

    assert [str(finding.confidence) for finding in host.findings] == ["confirmed", "confirmed"]


def test_cannot_tell_without_zones() -> None:
    """A bare kill shows no node."""
    kill = "[  100.000000] Out of memory: Killed process 300 (job) total-vm:1kB, anon-rss:1kB, file-rss:0kB, shmem-rss:0kB\n"

    assert CODE in examine(kill).unknown
    assert finding_of(membind_report()).code == "membind-oom"
