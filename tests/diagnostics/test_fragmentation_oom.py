"""fragmentation-oom: enough was free, but not in one piece."""

from __future__ import annotations

from diagnostics.limit import Kind
from tests.diagnostics.kernel_logs import finding_of, limit, zone, zone_report


def test_adjacent_pages_ran_out_while_enough_was_free() -> None:
    """Order 3, and no block of 32 kB or more."""
    log = zone_report(*zone("Normal", 80000, blocks="20000*4kB (UM) 0*8kB 0*16kB 0*32kB 0*64kB"), order=3)

    finding = finding_of(log)
    assert (finding.code, finding.headline) == ("fragmentation-oom", "OOM for lack of adjacent pages")
    assert "needed 8 adjacent pages" in finding.story[1]


def test_a_block_that_was_there_is_no_fragmentation() -> None:
    """Then why it failed is not in the report."""
    assert limit(zone_report(*zone("Normal", 80000, blocks="19000*4kB (UM) 0*8kB 0*16kB 100*32kB 0*64kB"), order=3)).kind is Kind.UNKNOWN
