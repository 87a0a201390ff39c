"""hugepages-hold-node: a pool of huge pages on a full node."""

from __future__ import annotations

from tests.diagnostics.held_reports import assert_clear_or_unknown, assert_explains_the_kill

CODE = "hugepages-hold-node"


def test_fires_where_it_held_a_quarter_of_a_full_node() -> None:
    """And explains the kill beside it."""
    assert_explains_the_kill(
        CODE,
        "Node 1 hugepages_total=1024 hugepages_free=1024 hugepages_surp=0 hugepages_size=2048kB",
    )


def test_stays_clear_of_less_and_cannot_tell_without_zones() -> None:
    """The picture of the node still shows it."""
    assert_clear_or_unknown(
        CODE, "Node 1 hugepages_total=512 hugepages_free=512 hugepages_surp=0 hugepages_size=2048kB"
    )
