"""fragmentation-oom: enough was free, but not in one piece."""

from __future__ import annotations

from diagnostics.memory.limit import Kind
from tests.diagnostics.kernel_logs import NO_CONSTRAINT, finding_of, limit, zone, zone_report


def test_adjacent_pages_ran_out_while_enough_was_free() -> None:
    """Order 3, and no block of 32 kB or more."""
    log = zone_report(
        *zone("Normal", 80000, blocks="20000*4kB (UM) 0*8kB 0*16kB 0*32kB 0*64kB"), order=3
    )

    finding = finding_of(log)
    assert (finding.code, finding.headline) == (
        "fragmentation-oom",
        "OOM for lack of adjacent pages",
    )
    assert "needed 8 adjacent pages" in finding.story[1]


def test_a_block_that_was_there_is_no_fragmentation() -> None:
    """Then why it failed is not in the report."""
    assert (
        limit(
            zone_report(
                *zone("Normal", 80000, blocks="19000*4kB (UM) 0*8kB 0*16kB 100*32kB 0*64kB"),
                order=3,
            )
        ).kind
        is Kind.UNKNOWN
    )


def test_a_bound_node_that_had_room_was_in_pieces_and_not_full() -> None:
    """Kept to node 1, but not short of pages there: interleave is no answer to this."""
    bound = NO_CONSTRAINT.replace(
        "CONSTRAINT_NONE,nodemask=(null)", "CONSTRAINT_MEMORY_POLICY,nodemask=1"
    ).replace("=0,global", "=0-1,global")
    pieces = zone("Normal", 80000, node=1, blocks="20000*4kB (UM) 0*8kB 0*16kB 0*32kB 0*64kB")
    whole = zone("Normal", 80000, node=1, blocks="19000*4kB (UM) 0*8kB 0*16kB 100*32kB 0*64kB")
    full = zone("Normal", 900, node=1)

    assert limit(zone_report(*pieces, order=3, summary=bound)).kind is Kind.FRAGMENTATION
    assert limit(zone_report(*whole, order=3, summary=bound)).kind is Kind.UNKNOWN
    assert limit(zone_report(*full, order=3, summary=bound)).kind is Kind.MEMORY_POLICY
