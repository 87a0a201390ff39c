"""tmpfs-holds-memory: tmpfs and shared memory on a full node."""

from __future__ import annotations

from tests.diagnostics.held_reports import assert_clear_or_unknown, assert_explains_the_kill

CODE = "tmpfs-holds-memory"


def test_fires_where_it_held_a_quarter_of_a_full_node() -> None:
    """And explains the kill beside it."""
    assert_explains_the_kill(
        CODE, "Node 1 active_anon:4kB inactive_anon:456804kB shmem:2097152kB shmem_thp:0kB"
    )


def test_stays_clear_of_less_and_cannot_tell_without_zones() -> None:
    """The picture of the node still shows it."""
    assert_clear_or_unknown(
        CODE, "Node 1 active_anon:4kB inactive_anon:456804kB shmem:1048576kB shmem_thp:0kB"
    )
