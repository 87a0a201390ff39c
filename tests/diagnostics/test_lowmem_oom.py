"""lowmem-oom: the zones that a request could use were full, others were not."""

from __future__ import annotations

from diagnostics.memory.limit import Kind
from tests.diagnostics.kernel_logs import finding_of, limit, zone, zone_report


def test_a_kernel_object_cannot_lie_in_highmem() -> None:
    """32 bits: Normal is full, HighMem is not, the request is GFP_KERNEL."""
    zones = (*zone("Normal", 900), *zone("HighMem", 500000))

    finding = finding_of(zone_report(*zones, gfp="0xcc0(GFP_KERNEL)"))
    assert (finding.code, finding.headline) == ("lowmem-oom", "OOM of low memory")
    assert limit(zone_report(*zones)).kind is Kind.UNKNOWN  # a user's page could have lain there


def test_what_is_free_in_the_cma_area_is_out_of_reach_of_the_kernel() -> None:
    """Contiguous memory for devices may be lent to movable pages only."""
    normal, reserve = zone("Normal", 400000)
    with_cma = normal.replace("managed", "free_cma:399500kB managed"), reserve

    finding = finding_of(zone_report(*with_cma, gfp="0xcc0(GFP_KERNEL)"))
    assert finding.code == "lowmem-oom"
    assert "of the CMA area" in finding.story[1]
    assert limit(zone_report(*zone("Normal", 900), gfp="0xcc0(GFP_KERNEL)")).kind is Kind.GLOBAL
