"""The JSON contract that other programs rely on."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.bundle.directory import read_directory
from diagnostics.engine import not_reached, report_on
from diagnostics.rules import RULES
from diagnostics.telling.report_json import as_dict, to_json
from tests.conftest import ROOT
from tests.diagnostics.kernel_logs import LOGS, SEED, bundle_of, recorded
from tests.examined import examined

SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text(encoding="utf-8"))
DEMO = ROOT / "tests/cases/membind-oom-16g-6.1"


def host_of(bundle: Bundle) -> dict[str, Any]:
    report: Any = as_dict(report_on([examined(bundle)]))
    jsonschema.validate(report, SCHEMA)
    host: dict[str, Any] = report["hosts"][0]
    return host


@pytest.mark.parametrize("log", sorted(path.name for path in LOGS.glob("*.txt")))
def test_every_report_keeps_the_contract(log: str) -> None:
    """And names each code exactly once."""
    host = host_of(bundle_of(recorded(log)))

    codes = [*{f["code"] for f in host["findings"]}, *host["clear"], *(entry["code"] for entry in host["unknown"])]
    assert sorted(codes) == sorted(rule.code for rule in RULES)


def test_the_seed_from_its_kernel_log() -> None:
    """What other programs check."""
    (finding,) = host_of(bundle_of(recorded(SEED)))["findings"]

    assert finding["headline"] == "membind OOM of node 1, suggest interleave"
    assert (finding["confidence"], finding["node"], finding["kills"], finding["culprit"]) == ("likely", 1, 7, None)
    assert finding["victim"] == {"comm": "ranker", "pid": 388, "rss_kb": 6225436, "unit": "ranker.service"}
    assert finding["first_at"] == {"boot_s": 178.280424}
    assert all(6224784 <= incident["anon_rss_kb"] <= 6228080 for incident in finding["incidents"])
    assert finding["memory"]["free_elsewhere_kb"] == 8098916


def test_citations_are_the_lines_that_they_name() -> None:
    """Source, line and text agree with the log."""
    lines = recorded(SEED).splitlines()
    (finding,) = host_of(bundle_of(recorded(SEED)))["findings"]

    for citation in finding["citations"]:
        assert lines[citation["line"] - 1] == citation["text"]
    for incident in finding["incidents"]:
        assert f"Killed process {incident['pid']} ({incident['comm']})" in lines[incident["line"] - 1]


def test_the_demos_bundle_is_confirmed() -> None:
    """Kernel facility, numa_maps and units: eight kills, the other holder, the exact edit."""
    host = host_of(read_directory(DEMO))
    (finding,) = host["findings"]

    assert host["taken_at"] == "2026-11-22T21:56:10Z"
    assert (finding["confidence"], finding["kills"], finding["culprit"]) == ("confirmed", 8, None)
    assert finding["first_at"] == "2026-11-22T21:48:56Z"
    hog = finding["memory"]["nodes"]["1"]["holders"][1]
    assert (hog["comm"], hog["unit"], hog["policy"], hog["basis"]) == ("hog", "cache.service", "bind:1", "numa_maps")
    assert round(hog["kb"] / 1024**2, 1) == 1.8
    assert "# + ExecStart=/usr/bin/numactl --interleave=all /usr/local/bin/ranker ..." in finding["remedies"][0]["edit"]


def test_a_host_that_was_not_reached_has_every_code_unknown() -> None:
    """An error is no answer to any question."""
    report: Any = as_dict(report_on([not_reached("web1", Missing("no answer"))]))
    jsonschema.validate(report, SCHEMA)

    host = report["hosts"][0]
    assert (host["reached"], host["error"], host["clear"]) == (False, "no answer", [])
    assert len(host["unknown"]) == len(RULES)


def test_hosts_with_the_same_finding_are_one_group() -> None:
    """The largest group first."""
    bundles = [
        Bundle(name, {"kernel-log": Section("kernel-log", recorded(log))})
        for name, log in (("a", "5.10-D-memcg.txt"), ("b", SEED), ("c", SEED))
    ]
    report: Any = as_dict(report_on([examined(bundle) for bundle in bundles]))

    assert [(group["code"], group["hosts"]) for group in report["groups"]] == [("membind-oom", ["b", "c"]), ("memcg-oom", ["a"])]


def test_the_same_bundle_gives_the_same_bytes() -> None:
    """Nothing reads a clock or an unordered set."""
    assert to_json(report_on([examined(read_directory(DEMO))])) == to_json(report_on([examined(read_directory(DEMO))]))
