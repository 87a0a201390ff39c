"""A log that was cut anywhere: the same finding from what is left, or none with an unknown, and
never another number.
"""

from __future__ import annotations

from typing import Any

import pytest

from diagnostics.engine import diagnose, report_on
from diagnostics.rules import RULES
from diagnostics.telling.report_json import as_dict
from tests.diagnostics.kernel_logs import SEED, bundle_of, recorded
from tests.seeded import Seeded

LOG = recorded(SEED)
REPORT = LOG.index("ranker invoked oom-killer") - 20


def host_of(log: str) -> dict[str, Any]:
    hosts: Any = as_dict(report_on([diagnose(bundle_of(log))]))["hosts"]
    result: dict[str, Any] = hosts[0]
    return result


WHOLE = host_of(LOG)["findings"][0]


def cuts() -> list[int]:
    """Every eleventh byte of the first report, and some of the rest."""
    some = Seeded(7).sample(range(len(LOG)), 60)
    return sorted({*range(REPORT, REPORT + 9700, 11), *some})


def check(host: dict[str, Any], ignore: set[str]) -> None:
    assert len(host["findings"]) <= 1
    if not host["findings"]:
        assert host["unknown"]
        return
    finding = host["findings"][0]
    assert (finding["headline"], finding["node"]) == (WHOLE["headline"], WHOLE["node"])
    whole = {incident["pid"]: incident for incident in WHOLE["incidents"]}
    for incident in finding["incidents"]:
        same = whole[incident["pid"]]
        assert all(
            value in (None, same[key]) for key, value in incident.items() if key not in ignore
        )


@pytest.mark.parametrize("part", range(4))
def test_a_cut_tail_changes_no_number(part: int) -> None:
    """An unterminated last line is no value; what stands before it stays as it is, the node's
    numbers too.
    """
    for cut in cuts()[part::4]:
        host = host_of(LOG[:cut])
        check(host, ignore=set())
        for finding in host["findings"]:
            assert finding["memory"]["free_elsewhere_kb"] == WHOLE["memory"]["free_elsewhere_kb"]
            node, whole = finding["memory"]["nodes"]["1"], WHOLE["memory"]["nodes"]["1"]
            assert all(node[key] == whole[key] for key in ("free_kb", "min_kb", "managed_kb"))
            assert all(holder in whole["holders"] for holder in node["holders"])


@pytest.mark.parametrize("part", range(4))
def test_a_lost_head_changes_no_number(part: int) -> None:
    """A ring buffer loses its oldest lines, in the middle of one if a tool cuts by bytes; only line
    numbers move.
    """
    for cut in cuts()[part::4]:
        check(host_of(LOG[cut:]), ignore={"line"})


def test_a_cut_before_any_kill_is_unknown() -> None:
    """Nothing in what is left: that is no proof of health."""
    assert [entry["code"] for entry in host_of(LOG[: REPORT - 500])["unknown"]] == [
        rule.code for rule in RULES
    ]
