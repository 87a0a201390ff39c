"""slab-growth: unreclaimable slab in an OOM report."""

from __future__ import annotations

from diagnostics.model import Examined
from tests.diagnostics.kernel_logs import (
    examine,
    membind_report,
    node_sections,
    recorded,
    zone,
    zone_report,
)
from tests.diagnostics.service_records import BOOT

CODE = "slab-growth"
SLAB = " slab_reclaimable:5000 slab_unreclaimable:{}"  # pages


def of_machine(pages: int) -> Examined:
    """One node of 900,000 kB that was full."""
    return examine(
        BOOT + zone_report(SLAB.format(pages), *zone("Normal", 900, blocks="225*4kB (U)")),
        vmstat="oom_kill 1\n",
    )


def of_node(pages: int, now_kb: int) -> Examined:
    """A kill for node 1 of two, which holds so much slab now."""
    sections = node_sections(4000000, 4000000)
    sections["node_meminfo"] += f"Node 1 SUnreclaim: {now_kb} kB\n"
    return examine(
        BOOT + membind_report(node_lines=(SLAB.format(pages),)), vmstat="oom_kill 1\n", **sections
    )


def test_fires_where_it_held_a_quarter_of_the_machine() -> None:
    """And explains the kill beside it."""
    first, second = of_machine(60000).findings

    assert (first.code, second.code) == (CODE, "global-oom")
    assert first.headline == "the kernel's own objects hold much of the machine's memory"
    assert "234 MiB of the machine's memory (879 MiB), 26 %" in first.story[1]


def test_of_a_node_what_it_holds_now_must_say_so_too() -> None:
    """The report counts all nodes together."""
    first, second = of_node(600000, 2400000).findings

    assert (first.code, second.code) == (CODE, "membind-oom")
    assert first.headline.endswith("of node 1")
    assert CODE in of_node(600000, 1000).clear
    assert CODE in of_node(1000, 2400000).clear


def test_stays_clear_of_less_and_of_cgroups() -> None:
    """Slab that can be reclaimed does not count."""
    assert CODE in of_machine(50000).clear
    assert CODE in examine(recorded("5.10-D-memcg.txt")).clear


def test_cannot_tell_without_zones() -> None:
    """A bare kill shows nothing."""
    kill = (
        "[  100.000000] Out of memory: Killed process 300 (job) total-vm:1kB, anon-rss:1kB, "
        "file-rss:0kB, shmem-rss:0kB\n"
    )
    assert CODE in examine(kill).unknown
