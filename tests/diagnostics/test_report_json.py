"""The JSON contract that other programs rely on."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnostics import engine
from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.bundle.directory import read_directory
from diagnostics.engine import diagnose, not_reached, report_on
from diagnostics.model import (
    Citation,
    Disk,
    End,
    Examined,
    Explained,
    Finding,
    Group,
    Growing,
    Holder,
    Kill,
    MemoryPicture,
    Moment,
    NodeMemory,
    NotExamined,
    ReachedLimit,
    Remedy,
    Victim,
    findings_of,
)
from diagnostics.rules import CODES, RULES, Rule
from diagnostics.telling import said as json_of
from diagnostics.telling.report_json import as_dict, to_json
from diagnostics.telling.report_reader import ReportError, from_json
from tests.conftest import ROOT
from tests.diagnostics.kernel_logs import LOGS, SEED, bundle_of, recorded
from tests.diagnostics.service_records import ended, finding_on, last_words, said
from tests.diagnostics.service_records import host_of as host_with
from tests.examined import examined
from tests.reports import Fleet, rich_fleets
from tests.test_cases import CASES, case_of

SCHEMA = json.loads((ROOT / "docs/report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
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

    codes = [
        *{f["code"] for f in host["findings"]},
        *host["clear"],
        *(entry["code"] for entry in host["unknown"]),
    ]
    assert sorted(codes) == sorted(rule.code for rule in RULES)


def test_the_seed_from_its_kernel_log() -> None:
    """What other programs check."""
    (finding,) = host_of(bundle_of(recorded(SEED)))["findings"]

    assert finding["headline"] == "membind OOM of node 1, suggest interleave"
    assert (finding["confidence"], finding["node"], finding["kills"], finding["culprit"]) == (
        "likely",
        1,
        7,
        None,
    )
    assert finding["victim"] == {
        "comm": "ranker",
        "pid": 388,
        "rss_kb": 6225436,
        "unit": "ranker.service",
    }
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
        assert (
            f"Killed process {incident['pid']} ({incident['comm']})" in lines[incident["line"] - 1]
        )


def test_the_demos_bundle_is_confirmed() -> None:
    """Kernel facility, numa_maps and units: eight kills, the other holder, the exact edit."""
    host = host_of(read_directory(DEMO))
    (finding,) = host["findings"]

    assert host["taken_at"] == "2026-11-22T21:56:10Z"
    assert (finding["confidence"], finding["kills"], finding["culprit"]) == ("confirmed", 8, None)
    assert finding["first_at"] == "2026-11-22T21:48:56Z"
    hog = finding["memory"]["nodes"]["1"]["holders"][1]
    assert (hog["comm"], hog["unit"], hog["policy"], hog["basis"]) == (
        "hog",
        "cache.service",
        "bind:1",
        "numa_maps",
    )
    assert round(hog["kb"] / 1024**2, 1) == 1.8
    assert (
        "# + ExecStart=/usr/bin/numactl --interleave=all /usr/local/bin/ranker ..."
        in finding["remedies"][0]["edit"]
    )


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

    assert [(group["code"], group["hosts"]) for group in report["groups"]] == [
        ("membind-oom", ["b", "c"]),
        ("memcg-oom", ["a"]),
    ]


def test_the_same_bundle_gives_the_same_bytes() -> None:
    """Nothing reads a clock or an unordered set."""
    assert to_json(report_on([examined(read_directory(DEMO))])) == to_json(
        report_on([examined(read_directory(DEMO))])
    )


# -- read back
# --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("directory", CASES, ids=lambda path: path.name)
def test_every_case_is_read_back_as_it_was(directory: Path) -> None:
    """Nothing of a report is lost, and what is written keeps the schema."""
    report = report_on([diagnose(read_directory(directory / case_of(directory)["bundle"]))])

    jsonschema.validate(as_dict(report), SCHEMA)
    assert from_json(to_json(report)) == report


@settings(max_examples=50, deadline=None)
@given(rich_fleets, st.integers(0, 9))
def test_any_report_is_read_back_as_it_was(fleet: Fleet, hosts: int) -> None:
    """Whatever is in it, hosts that were not reached, and findings of long ago; what is written
    keeps the schema.
    """
    report = fleet.report(hosts)

    VALIDATOR.validate(as_dict(report))
    assert from_json(to_json(report)) == report


# of the schema's objects, and what a field is called there
OF_TYPES: dict[str, tuple[type, dict[str, str]]] = {
    "finding": (Finding, {"judged": "confidence", "kills": "incidents"}),
    "incident": (Kill, {"at": "when", "task": "pid"}),
    "end": (End, {"first_at": "first", "last_at": "last"}),
    "disk": (Disk, {}),
    "limit": (ReachedLimit, {}),
    "growth": (Growing, {"task": "pid"}),
    "explained": (Explained, {}),
    "victim": (Victim, {"task": "pid"}),
    "memory": (MemoryPicture, {}),
    "node": (NodeMemory, {}),
    "holder": (Holder, {"task": "pid"}),
    "remedy": (Remedy, {"because": "why"}),
    "citation": (Citation, {}),
    "group": (Group, {}),
}
DERIVED = {  # beside the fields; of schema 1, or for whoever does not want to count
    "finding": {"caveat", "kills", "first_at", "last_at", "explains_whose"},
    "incident": {"at", "comm", "unit"},
    "disk": {"used_percent"},
    "growth": {"comm", "unit", "kb_per_s"},
    "victim": {"comm", "unit"},
    "holder": {"comm", "unit"},
    "remedy": {"because"},
}


@pytest.mark.parametrize("name", OF_TYPES)
def test_the_schema_has_each_field_of_the_types(name: str) -> None:
    """A field that is new is missed at once."""
    kind, called = OF_TYPES[name]
    fields = (
        kind._fields
        if hasattr(kind, "_fields")
        else tuple(field.name for field in dataclasses.fields(kind))
    )
    properties = set(SCHEMA["$defs"][name]["properties"])

    assert properties == {called.get(field, field) for field in fields} | DERIVED.get(name, set())


def test_the_schema_has_each_field_of_a_host() -> None:
    """Of one that was examined and of one that was not."""
    fields = {field.name for kind in (Examined, NotExamined) for field in dataclasses.fields(kind)}

    properties = SCHEMA["$defs"]["host"]["properties"]
    assert set(properties) == (fields - {"saw"}) | {"taken", "clear_because"}
    assert "saw" in properties["unknown"]["items"]["properties"]


class Kept(NamedTuple):
    """What a finding in a report of schema 1 says, for ever: none of it is compared with what
    sevbot says now.
    """

    code: str
    headline: str
    confidence: str
    victim: tuple[str, int, int | None, str | None] | None
    kills: int
    actions: tuple[str, ...]
    explains: tuple[str, ...]
    cites: tuple[str, int, int]  # the section and the line of the first, and how many


PLACEMENTS = ("interleave", "unbind", "preferred", "other-node", "two-instances", "free-the-node")
BOUND = ("membind-oom", "membind OOM of node 1, suggest interleave", "confirmed")
RAISE = ("memcg-oom", "memcg OOM, limit 100 MiB, raise the limit or shrink the job", "confirmed")
EXITS = ("application-exit", "the program exits by itself with status 1", "likely")
HUNG = ("watchdog-kill", "aborted by systemd's watchdog", "confirmed")
# when, how many causes are clear, how many unknown, the findings
OF_SCHEMA_1: dict[str, tuple[str, int, int, list[Kept]]] = {
    "disk-full-6.1": (
        "2026-11-23T08:40:10Z",
        31,
        1,
        [
            Kept(
                "disk-full",
                "a full file system",
                "likely",
                None,
                0,
                ("make-room",),
                ("application-exit", "start-limit-hit"),
                ("service-journal", 1, 4),
            ),
            Kept(
                *EXITS, None, 0, ("read-its-log",), ("start-limit-hit",), ("service-journal", 1, 5)
            ),
        ],
    ),
    "hugepages-6.1": (
        "2026-11-23T06:03:39Z",
        27,
        5,
        [
            Kept(
                "hugepages-hold-node",
                "huge pages hold much of node 1",
                "confirmed",
                ("ranker", 318, 255848, "ranker.service"),
                1,
                ("split-the-pool",),
                ("membind-oom", "cpuset-oom", "global-oom"),
                ("kernel-log", 514, 5),
            ),
            Kept(
                *BOUND,
                ("ranker", 318, 255848, "ranker.service"),
                1,
                PLACEMENTS,
                (),
                ("kernel-log", 514, 7),
            ),
        ],
    ),
    "membind-numactl-6.1": (
        "2026-11-23T05:37:01Z",
        28,
        5,
        [
            Kept(
                *BOUND,
                ("ranker", 316, 505236, "ranker.service"),
                1,
                PLACEMENTS,
                (),
                ("kernel-log", 511, 7),
            )
        ],
    ),
    "memcg-6.1": (
        "2026-11-23T05:36:52Z",
        28,
        5,
        [
            Kept(
                *RAISE,
                ("ranker", 316, 101916, "ranker.service"),
                2,
                ("raise-limit",),
                (),
                ("kernel-log", 511, 6),
            )
        ],
    ),
    "watchdog-kill-6.1": (
        "2026-11-23T06:03:35Z",
        28,
        5,
        [Kept(*HUNG, None, 0, ("find-the-hang",), ("start-limit-hit",), ("service-journal", 1, 3))],
    ),
}


def kept(finding: Finding) -> Kept:
    victim, first = finding.victim, finding.citations[0]
    return Kept(
        finding.code,
        finding.headline,
        str(finding.confidence),
        (victim.task.comm, victim.task.pid, victim.rss_kb, victim.task.unit) if victim else None,
        finding.victims,
        tuple(remedy.action for remedy in finding.remedies),
        tuple(one.code for one in finding.explains),
        (first.source, first.line, len(finding.citations)),
    )


@pytest.mark.parametrize("name", OF_SCHEMA_1)
def test_reports_of_schema_1_are_read_for_ever(name: str) -> None:
    """And say what they said when they were written, however today's sevbot words it."""
    taken_at, clear, unknown, findings = OF_SCHEMA_1[name]
    report = from_json((ROOT / f"tests/reports/schema-1/{name}.json").read_text(encoding="utf-8"))
    (host,) = report.hosts

    assert isinstance(host, Examined)
    assert host.taken_at is not None
    assert (host.host, host.taken_at.iso(), len(host.clear), len(host.unknown)) == (
        "lab",
        taken_at,
        clear,
        unknown,
    )
    assert [kept(finding) for finding in host.findings] == findings
    assert report.groups == tuple(Group(one.code, one.headline, ("lab",)) for one in findings)


def test_a_report_of_schema_1_keeps_its_times_and_its_nodes() -> None:
    """As far as they were written."""
    report = from_json(
        (ROOT / "tests/reports/schema-1/membind-numactl-6.1.json").read_text(encoding="utf-8")
    )
    (finding,) = findings_of(report.hosts[0])

    assert finding.kills[0].at == Moment(wall=datetime(2026, 11, 23, 5, 36, 57, tzinfo=UTC))
    assert finding.memory is not None
    assert (finding.memory.free_elsewhere_kb, list(finding.memory.nodes)) == (549940, [1])
    assert {
        path.stem for path in (ROOT / "tests/reports/schema-1").glob("*.json")
    } == OF_SCHEMA_1.keys()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a report of sevbot"),
        ("[]", "the report is no object"),
        ("{}", "`schema` is missing"),
        ('{"schema": 3, "hosts": [], "groups": []}', "upgrade sevbot"),
        ('{"schema": 0, "hosts": [], "groups": []}', "upgrade sevbot"),
        ('{"schema": true, "hosts": [], "groups": []}', "`schema` is no whole number"),
        ('{"schema": 2.0, "hosts": [], "groups": []}', "`schema` is no whole number"),
        ('{"schema": 2, "hosts": [{}], "groups": []}', "or it is damaged"),
        ('{"schema": 2, "hosts": "", "groups": []}', "`hosts` is no list"),
        ('{"schema": 2, "hosts": [], "groups": ""}', "`groups` is no list"),
        (
            '{"schema": 2, "hosts": [], "groups": [{"code": 1, "headline": "x", "hosts": []}]}',
            "`code` is no text",
        ),
        (
            (
                '{"schema": 2, "hosts": [], "groups": [{"code": "x", "headline": "x", "hosts": '
                '"abc"}]}'
            ),
            "`hosts` is no list",
        ),
        (
            '{"schema": 2, "hosts": [], "groups": [{"code": "x", "headline": "x", "hosts": [1]}]}',
            "`hosts` is no text",
        ),
        ('{"schema": 2, "hosts": [], "groups": [], "x": NaN}', "NaN"),
        ('{"schema": 2, "hosts": [], "groups": [], "x": ' + "9" * 5000 + "}", "or it is damaged"),
        ("[" * 100_000, "nested too deeply"),
        (
            '{"schema": 2, "hosts": [], "groups": [], "x": ' + "[" * 33 + "]" * 33 + "}",
            "nested too deeply",
        ),
    ],
    ids=lambda text: text[:60],
)
def test_what_is_no_report_is_refused(text: str, says: str) -> None:
    """With what would help."""
    with pytest.raises(ReportError, match=says):
        from_json(text)


def test_what_is_longer_than_any_report_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is read."""
    monkeypatch.setattr(json_of, "MOST_CHARACTERS", 10)

    with pytest.raises(ReportError, match="longer than"):
        from_json('{"schema": 2}' + " " * 10)


def _places(value: object, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    """Where in the JSON there is anything, the whole first."""
    yield path
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, under in inside:
        yield from _places(under, *path, key)


ODD: tuple[object, ...] = (
    None,
    True,
    -1,
    0.5,
    10**30,
    1e300,
    "",
    "x",
    "\ud800",
    [],
    ["x"],
    [None],
    {},
    {"x": 1},
    {"boot_s": "x", "wall": 1},
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_anything_that_is_wrong_is_told_and_nothing_else_is_raised(data: st.DataObject) -> None:
    """Whatever value stands in a place, or is gone from it: a report comes, or ReportError."""
    said = json.loads(to_json(report_on([diagnose(read_directory(DEMO))])))
    *path, last = data.draw(st.sampled_from(list(_places(said))[1:]))
    inside = reduce(lambda found, key: found[key], path, said)
    inside[last] = data.draw(st.sampled_from(ODD))
    if data.draw(st.booleans()):
        del inside[last]

    with contextlib.suppress(ReportError):
        read = from_json(json.dumps(said))
        assert from_json(to_json(read)) == read


@pytest.mark.parametrize(
    "case",
    [
        "memcg-6.1",
        "disk-full-6.1",
        "watchdog-kill-6.1",
        "memory-growth-live-6.1",
        "membind-oom-16g-6.1",
    ],
)
def test_keys_that_are_new_are_passed_over(case: str) -> None:
    """In every object: a later sevbot may add them within a schema."""
    report = report_on([diagnose(read_directory(ROOT / "tests/cases" / case))])

    def with_more(value: object, name: str = "") -> object:
        if isinstance(value, list):
            return [with_more(one) for one in value]
        if not isinstance(value, dict):
            return value
        added = {} if name in ("nodes", "headroom_kb") else {"added": [1]}
        return {key: with_more(under, key) for key, under in value.items()} | added

    assert from_json(json.dumps(with_more(as_dict(report)))) == report


# -- data
# --------------------------------------------------------------------------------------------------


def findings_in(case: str) -> dict[str, Finding]:
    host = examined(read_directory(ROOT / "tests/cases" / case))
    return {finding.code: finding for finding in host.findings}


def test_an_end_says_which_unit_when_how_and_who_told_it() -> None:
    """Of a case whose JSON held nothing but prose before."""
    (end,) = findings_in("watchdog-kill-6.1")["watchdog-kill"].ends

    assert (end.unit, end.how, end.teller, end.times, end.restarts) == (
        "web.service",
        "SIGABRT",
        "systemd",
        3,
        3,
    )
    assert end.last_at is not None
    assert end.last_at.iso() == "2026-11-23T06:03:35Z"
    assert end.every_s == pytest.approx(3.6, abs=0.01)


def test_a_record_that_is_no_end_itself_takes_the_nearest_one() -> None:
    """Of a service that comes again every few seconds, in more than one way."""
    hung = said("Watchdog timeout (limit 2s)!", 104, unit="web.service")
    host = host_with(ended(9, 98) + hung + ended(6, 104, code="dumped") + ended(9, 109))
    (finding,) = (finding for finding in host.findings if finding.code == "watchdog-kill")

    assert [(end.how, end.times) for end in finding.ends] == [("SIGABRT", 1)]


def test_every_finding_has_data_of_what_it_is_about() -> None:
    """Kills, ends, limits, or a process; a restart of the machine is of none."""
    for directory in CASES:
        host = examined(read_directory(directory / case_of(directory)["bundle"]))
        for finding in host.findings:
            whose = finding.victim or finding.culprit
            has = bool(finding.kills or finding.ends or finding.limits or whose)
            assert has == (finding.code != "host-rebooted"), (directory.name, finding.code)


def test_limits_disks_and_growth_have_their_numbers() -> None:
    """As fields, with their units."""
    (limit,) = findings_in("memcg-6.1")["memcg-oom"].limits
    assert (limit.what, limit.unit, limit.whose) == (
        "memory.max",
        "kB",
        "/system.slice/ranker.service",
    )
    assert limit.limit is not None
    assert limit.used is not None
    assert limit.used <= limit.limit
    (rlimit,) = findings_in("rlimit-memory-6.1")["rlimit-memory"].limits
    assert (rlimit.what, rlimit.unit) == ("RLIMIT_AS", "kB")
    (pids,) = findings_in("pids-limit-6.1")["pids-limit"].limits
    assert (pids.what, pids.unit) == ("pids.max", "tasks")
    (disk,) = findings_in("disk-full-6.1")["disk-full"].disks
    assert (disk.what, disk.used_percent >= 99.9) == ("space", True)
    growth = findings_in("memory-growth-live-6.1")["memory-growth"].growth
    assert growth is not None
    assert growth.kb_per_s == int((growth.after_kb - growth.before_kb) / growth.seconds) > 1024


def test_each_limit_that_was_met_is_there() -> None:
    """Of a cgroup whose limit was raised between two kills both, of two services one each."""
    limits = findings_in("memory-growth-6.1")["memcg-oom"].limits
    assert [(limit.limit, limit.used) for limit in limits] == [(102400, 102400), (204800, 204800)]

    units = "Id=a.service\nLimitAS=104857600\n\nId=b.service\nLimitAS=209715200\n\n"
    words = "".join(
        last_words("mmap: Cannot allocate memory", unit=unit) for unit in ("a.service", "b.service")
    )
    ends = "".join(ended(1, code="exited", unit=unit) for unit in ("a.service", "b.service"))
    finding = finding_on("rlimit-memory", host_with(ends, units=units, last_words=words))
    assert [(limit.whose, limit.limit) for limit in finding.limits] == [
        ("a.service", 102400),
        ("b.service", 204800),
    ]


def test_broken_memory_ends_a_program_too() -> None:
    """By a signal, told by the kernel."""
    (end,) = findings_in("hardware-memory-error-made")["hardware-memory-error"].ends
    assert (end.unit, end.how, end.teller, end.times) == ("ranker", "SIGBUS", "the kernel", 1)


def test_what_explains_another_names_it_and_whose() -> None:
    """And the engine takes no name of what is no cause."""
    for directory in CASES:
        host = examined(read_directory(directory / case_of(directory)["bundle"]))
        assert not [because for because in host.unknown.values() if "failed on it" in because], (
            directory.name
        )
        for finding in host.findings:
            assert {one.code for one in finding.explains} <= CODES
            if finding.ends:
                assert {unit for one in finding.explains for unit in one.units} <= {
                    end.unit for end in finding.ends
                }


def test_a_cause_that_explains_what_is_no_cause_is_a_defect(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is told as one, and not as a finding."""
    wrong = replace(
        findings_in("watchdog-kill-6.1")["watchdog-kill"],
        explains=(Explained(code="start-limit-hitt"),),
    )
    rule = Rule("watchdog-kill", lambda _: (wrong,), "")
    monkeypatch.setattr(engine, "RULES", (rule,))
    host = examined(read_directory(ROOT / "tests/cases/watchdog-kill-6.1"))

    assert host.findings == ()
    assert "start-limit-hitt, which is no cause" in host.unknown["watchdog-kill"]
