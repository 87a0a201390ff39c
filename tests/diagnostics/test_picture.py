"""The picture of full nodes: within its columns, true to the numbers, and silent where it knows
nothing.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from diagnostics.engine import report_on
from diagnostics.model import Examined, Finding, Holder, MemoryPicture, NodeMemory, Task
from diagnostics.telling.picture import COLUMNS, draw
from diagnostics.telling.render import to_text
from tests.diagnostics.kernel_logs import examine, membind_report

HOG = (
    "Name:\thog\nPid:\t373\nVmRSS:\t 1851400 "
    "kB\ncgroup\t0::/system.slice/cache.service\nnuma\tbind:1\tN1=1851440\n"
)


def found(host: Examined) -> Finding:
    return host.findings[0]


def test_shows_who_holds_the_node_what_is_free_and_the_watermark() -> None:
    """Each letter stands for its share of the node."""
    assert draw(found(examine(membind_report(), processes=HOG))) == (
        "node 1, 7.8 GiB",
        "[AAAAAAAAAAAAAAAAAAAAAAAAAAABBBBBBBB ]",
        " A  5.9 GiB  job",
        " B  1.8 GiB  hog",
        " .  104 MiB  others and the kernel",
        "     39 MiB  free (min is 44 MiB)",
        "other nodes",
        "    3.8 GiB  free",
    )


def test_a_process_whose_place_is_not_known_is_not_drawn() -> None:
    """The task table gives sizes on all nodes together, and a victim that did not ask may lie
    elsewhere.
    """
    picture = draw(found(examine(membind_report(asker=("small", 77)))))

    assert picture[1] == "[" + "." * 35 + " ]"
    assert any(line.startswith(" ?") and "job, all nodes" in line for line in picture)


@pytest.mark.parametrize("comm", ["x" * 15, "\u202e\x1b[2J", "日本語日本語", "a b(c),d"])
def test_never_wider_than_its_columns(comm: str) -> None:
    """A name is cut, never wrapped, and in ASCII; the terminal's indent fits into 40 columns,
    too.
    """
    host = examine(membind_report(comm=comm), processes=HOG.replace("hog", comm))
    picture = draw(found(host))

    assert picture
    assert all(len(line) <= COLUMNS and line.isascii() for line in picture)
    assert all(f"  {line}\n" in to_text(report_on([host])) for line in picture)


def test_says_nothing_where_the_zones_are_lost() -> None:
    """Nothing is drawn from nothing."""
    tail = "".join(line + "\n" for line in membind_report().splitlines()[-2:])

    assert draw(found(examine(tail))) == ()


def test_a_bar_is_no_longer_than_a_bar() -> None:
    """Whatever sizes a host claims: a letter for each share of a node of 1 kB would take all memory
    there is.
    """
    node = NodeMemory(
        0, 0, 1, (Holder(Task("x", 1), 2**40, None, "numa_maps"),), hugepages_kb=2**40
    )
    picture = draw(replace(found(examine(membind_report())), memory=MemoryPicture(0, {1: node})))

    assert picture[1] == "[" + "A" * (COLUMNS - 2) + "]"
    assert max(map(len, picture)) <= COLUMNS
