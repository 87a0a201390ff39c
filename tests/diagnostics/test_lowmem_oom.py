"""lowmem-oom: the zones that a request could use were full, others were not."""

from __future__ import annotations

from diagnostics.limit import Kind
from tests.diagnostics.kernel_logs import finding_of, limit, zone, zone_report


def test_a_kernel_object_cannot_lie_in_highmem() -> None:
    """32 bits: Normal is full, HighMem is not, the request is GFP_KERNEL."""
    zones = (*zone("Normal", 900), *zone("HighMem", 500000))

    finding = finding_of(zone_report(*zones, gfp="0xcc0(GFP_KERNEL)"))
    assert (finding.code, finding.headline) == ("lowmem-oom", "OOM of low memory")
    assert limit(zone_report(*zones)).kind is Kind.UNKNOWN  # a user's page could have lain there
