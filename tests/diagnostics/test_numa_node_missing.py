"""numa-node-missing: a unit names a node that the host does not have."""

from __future__ import annotations

from tests.diagnostics.kernel_logs import ONE_LINE, examine, node_sections
from tests.diagnostics.service_records import ended, finding_on, host_of

CODE = "numa-node-missing"
UNIT = "Id=web.service\nExecStart=/usr/bin/numactl {flags} /usr/bin/web ...\n\n"
NODES = node_sections(8104924, 6218712)


def test_fires_where_a_unit_that_exits_names_a_node_that_is_not_there() -> None:
    """It explains the exit status."""
    host = host_of(ended(1, code="exited"), units=UNIT.format(flags="--membind=0,7"), **NODES)
    finding = finding_on(CODE, host)

    assert (finding.headline, str(finding.confidence)) == (
        "placed on node 7, which this host does not have",
        "confirmed",
    )
    assert "application-exit" in {one.code for one in finding.explains}
    assert host.findings[0].code == CODE


def test_fires_on_systemds_own_mask() -> None:
    """NUMAPolicy= with a mask; systemd exits with 242."""
    unit = "Id=web.service\nNUMAPolicy=bind\nNUMAMask=7\nExecStart=/usr/bin/web ...\n\n"

    assert finding_on(CODE, host_of(ended(242, code="exited"), units=unit, **NODES)).code == CODE


def test_stays_clear_where_the_node_is_there_or_nothing_failed() -> None:
    """A wrong unit that did not fail is no cause of anything."""
    assert (
        CODE
        in host_of(ended(1, code="exited"), units=UNIT.format(flags="--membind=1"), **NODES).clear
    )
    assert CODE in host_of("", units=UNIT.format(flags="--membind=7"), **NODES).clear
    assert CODE in host_of(ended(9), units=UNIT.format(flags="--membind=7"), **NODES).clear


def test_cannot_tell_without_units_or_nodes() -> None:
    """All three are needed."""
    assert CODE in host_of(ended(1, code="exited"), **NODES).unknown
    assert CODE in host_of(ended(1, code="exited"), units=UNIT.format(flags="--membind=7")).unknown
    assert CODE in examine(ONE_LINE).unknown
