"""global-oom: every zone was full, or somebody asked for it by hand; never where a node had
room.
"""

from __future__ import annotations

import pytest

from diagnostics.memory.limit import Kind
from tests.diagnostics.kernel_logs import (
    examine,
    finding_of,
    limit,
    membind_report,
    recorded,
    zone,
    zone_report,
)


def test_the_whole_machine_is_full_when_every_zone_is() -> None:
    """Two nodes, each at its watermark, and no constraint."""
    finding = finding_of(recorded("5.10-K-membind-both.txt"))

    assert (finding.code, finding.headline) == ("global-oom", "OOM of the whole machine")


def test_a_reserve_is_no_room() -> None:
    """Node 0's DMA zone looks free, but its lowmem_reserve keeps it from the request."""
    log = zone_report(*zone("DMA", 4484, reserve=951), *zone("Normal", 900))

    assert limit(log).kind is Kind.GLOBAL


def test_room_on_one_node_is_never_box_wide() -> None:
    """MGLRU prints CONSTRAINT_NONE for a single node."""
    assert (
        limit(zone_report(*zone("Normal", 900, node=0), *zone("Normal", 90000, node=1))).kind
        is Kind.UNKNOWN
    )
    assert examine(recorded("6.1-mglru-membind.txt")).findings == ()


def test_a_kill_by_hand_is_told_as_that() -> None:
    """sysrq-f has order -1; memory need not be short."""
    finding = finding_of(zone_report(*zone("Normal", 500000), order=-1))

    assert finding.headline == "OOM kill asked for by hand (sysrq-f)"


def test_a_kill_by_hand_and_a_real_one_are_two_findings() -> None:
    """What the first report says is not told of the others."""
    log = zone_report(*zone("Normal", 500000), order=-1) + zone_report(
        *zone("Normal", 900)
    ).replace("300", "301")

    assert [(finding.headline, finding.victims) for finding in examine(log).findings] == [
        ("OOM kill asked for by hand (sysrq-f)", 1),
        ("OOM of the whole machine", 1),
    ]


def test_a_report_that_hides_nodes_is_never_the_whole_machines() -> None:
    """The line with the constraint is lost, only the bound node is shown, and the total says that
    3.8 GiB were free.
    """
    log = "".join(f"{line}\n" for line in membind_report().splitlines() if "oom-kill:" not in line)
    host = examine(log)

    assert host.findings == ()
    assert "shows some nodes only" in host.unknown["global-oom"]


@pytest.mark.parametrize("lost", range(60))
def test_no_lost_line_of_mglrus_report_makes_it_box_wide(lost: int) -> None:
    """kswapd1 asked for node 1; whatever line is gone, node 0 had room."""
    lines = recorded("6.1-mglru-membind.txt").splitlines(keepends=True)

    assert "global-oom" not in {
        finding.code for finding in examine("".join(lines[:lost] + lines[lost + 1 :])).findings
    }
    assert "global-oom" not in {finding.code for finding in examine("".join(lines[lost:])).findings}


@pytest.mark.parametrize(
    ("free_kb", "kind", "sure"),
    [
        ((1100, 1800), Kind.GLOBAL, "likely"),
        ((1100, 2200), Kind.UNKNOWN, None),
        ((1100, 90000), Kind.UNKNOWN, None),
    ],
)
def test_a_kill_for_kswapd_is_box_wide_only_where_no_node_had_room(
    free_kb: tuple[int, int], kind: Kind, sure: str | None
) -> None:
    """MGLRU's min_ttl_ms: kswapd0 asks while memory is at the high watermarks (1500 kB here), not
    below the low ones.
    """
    zones = (*zone("Normal", free_kb[0], node=0), *zone("Normal", free_kb[1], node=1))
    log = (
        zone_report(*zones)
        .replace("job invoked", "kswapd0 invoked")
        .replace("mems_allowed=0,", "mems_allowed=0-1,")
    )
    found = [
        str(finding.confidence) for finding in examine(log).findings if finding.code == "global-oom"
    ]

    assert limit(log).kind is kind
    assert found == ([sure] if sure else [])
