"""The other facts: each from its section, or Missing with the reason."""

from __future__ import annotations

import json

import pytest

from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.bundle.directory import read_directory
from diagnostics.facts import (
    clock,
    counters,
    kernel_log,
    nodes,
    processes,
    read_evidence,
    service_journal,
    units,
)
from diagnostics.facts.kernel_log import KernelLog
from diagnostics.model import Moment
from tests.conftest import ROOT
from tests.diagnostics.kernel_logs import (
    SEED,
    bundle_of,
    examine,
    membind_report,
    node_sections,
    recorded,
)

DEMO = read_directory(ROOT / "tests/cases/membind-oom-16g-6.1")
EMPTY = Bundle("web1", {})


def only(name: str, text: str, code: int = 0, notes: str = "") -> Bundle:
    return Bundle("web1", {name: Section(name, text, exit=code, notes=notes)})


def test_every_fact_of_an_empty_bundle_is_missing() -> None:
    """Not collected is not nothing."""
    evidence = read_evidence(EMPTY)

    assert all(isinstance(fact, Missing) for fact in evidence.facts.values())


def test_the_clock_tells_when_the_host_booted() -> None:
    """Now less uptime."""
    fact = clock.read(DEMO)

    assert isinstance(fact, clock.Clock)
    assert fact.taken_at.iso() == "2026-11-22T21:56:10Z"
    assert fact.booted is not None
    assert fact.booted.isoformat(timespec="seconds") == "2026-11-22T21:46:09+00:00"


def test_a_kernel_that_does_not_count_kills_gives_none() -> None:
    """Before 4.14 vmstat has no oom_kill: that is not zero."""
    assert counters.read(only("vmstat", "numa_hit 5\n")) == counters.Counters(None, None)


def test_nodes_come_with_their_watermarks() -> None:
    """meminfo of each node, and the sum of its zones' high watermarks from zoneinfo."""
    fact = nodes.read(DEMO)

    assert isinstance(fact, nodes.Nodes)
    assert {n: (node.total_kb, node.free_kb) for n, node in fact.by_number.items()} == {
        0: (8190396, 8104924),
        1: (8222888, 3218712),
    }
    assert fact.by_number[1].high_kb == 67736


@pytest.mark.parametrize(("page_kb", "high_kb"), [(4, 4 * 1000), (64, 64 * 1000), (32, None)])
def test_watermarks_are_in_pages_of_the_size_that_fits(page_kb: int, high_kb: int | None) -> None:
    """zoneinfo does not say it: 64 KiB on many arm64 and ppc64 machines; a size that no kernel has
    is not believed.
    """
    sections = {
        name.replace("_", "-"): text
        for name, text in node_sections(4000000, page_kb=page_kb, total_kb=(8222848,)).items()
    }
    sections["zoneinfo"] = sections["zoneinfo"].replace("high     0", "high     1000")
    fact = nodes.read(
        Bundle("web1", {name: Section(name, text) for name, text in sections.items()})
    )

    assert isinstance(fact, nodes.Nodes)
    assert fact.by_number[0].high_kb == high_kb


def test_a_kernel_without_numa_has_no_nodes_and_says_so() -> None:
    """The directory is not there."""
    assert nodes.read(only("node-meminfo", "", code=1)) == Missing(
        "this kernel shows no NUMA nodes (/sys/devices/system/node is empty or hidden)"
    )


def test_processes_come_largest_first_with_policy_and_unit() -> None:
    """The policy under which most of the memory lies is the process'."""
    fact = processes.read(DEMO)

    assert isinstance(fact, processes.Processes)
    assert [(p.task.comm, p.task.unit, p.policy, p.bound_to) for p in fact.all] == [
        ("ranker", "ranker.service", "bind:1", frozenset({1})),
        ("hog", "cache.service", "bind:1", frozenset({1})),
    ]


def test_a_region_of_its_own_policy_is_not_the_process() -> None:
    """mbind on a small area does not bind the rest."""
    text = (
        "Name:\tvm\nPid:\t7\nVmRSS:\t 900 kB\nnuma\tbind:1\tN1=100\nnuma\tdefault\tN0=400 N1=400\n"
    )
    fact = processes.read(only("processes", text))

    assert isinstance(fact, processes.Processes)
    assert (fact.all[0].policy, fact.all[0].bound_to, fact.all[0].on_node_kb(1)) == (
        "default",
        None,
        500,
    )


def test_unreadable_numa_maps_are_not_an_absent_policy() -> None:
    """An unprivileged probe sees sizes, but no policies."""
    fact = processes.read(
        only("processes", "Name:\tjob\nPid:\t7\nVmRSS:\t 900 kB\nnuma-error\tPermission denied\n")
    )

    assert isinstance(fact, processes.Processes)
    assert not fact.numa_readable
    assert fact.all[0].numa_error == "Permission denied"


def test_units_show_the_launchers_words() -> None:
    """ExecStart as the probe left it."""
    fact = units.read(DEMO)

    assert isinstance(fact, units.Units)
    assert fact.by_name["ranker.service"].exec_start == (
        "/usr/bin/numactl",
        "--membind=1",
        "/usr/local/bin/ranker",
        "...",
    )


def test_a_host_without_systemd_says_why() -> None:
    """What systemctl wrote to stderr is the reason."""
    bundle = only(
        "units", "", code=1, notes="System has not been booted with systemd as init system (PID 1)."
    )

    assert units.read(bundle) == Missing(
        "System has not been booted with systemd as init system (PID 1)."
    )


def test_only_process_1_speaks_for_systemd() -> None:
    """A service that logs systemd's words is not believed."""
    record = {
        "_PID": "1",
        "_TRANSPORT": "journal",
        "UNIT": "job.service",
        "MESSAGE_ID": service_journal.UNIT_OOM,
    }
    forged = [{**record, "_PID": "77"}, {**record, "_TRANSPORT": "stdout"}]

    fact = service_journal.read(
        only(
            "service-journal",
            "".join(json.dumps(r) + "\n" for r in [record, *forged]) + "{broken\n",
        )
    )

    assert isinstance(fact, service_journal.ServiceJournal)
    assert [event.citation.line for event in fact.events] == [1]


def test_a_report_in_both_kernel_logs_counts_once() -> None:
    """dmesg and the journal overlap; the fuller copy is kept."""
    lines = [
        line.removeprefix("[  100.000000] ")
        for line in membind_report(prefix="[  100.000000] ").splitlines()
    ]
    fields = {
        "_TRANSPORT": "kernel",
        "SYSLOG_FACILITY": "0",
        "_SOURCE_MONOTONIC_TIMESTAMP": "100000000",
    }
    journal = "".join(json.dumps({"MESSAGE": line, **fields}) + "\n" for line in lines)
    tail = "".join(line + "\n" for line in membind_report().splitlines()[-2:])

    fact = kernel_log.read(bundle_of(tail, kernel_journal=journal))

    assert isinstance(fact, KernelLog)
    assert [sourced.source for sourced in fact.reports] == ["kernel-journal"]


def test_two_copies_of_one_log_in_one_text_count_once() -> None:
    """Somebody sent syslog and dmesg in one file; the first copy lost its zones. What comes again
    at another time is another kill.
    """
    dmesg = membind_report(prefix="[  100.000000] ")
    syslog = "".join(
        line
        for line in membind_report(
            prefix="Nov 22 20:01:00 web1 kernel: [  100.000000] "
        ).splitlines(True)
        if "free:" not in line
    )
    again = membind_report(prefix="[  200.000000] ")

    fact = kernel_log.read(bundle_of(syslog + dmesg + again))
    assert isinstance(fact, KernelLog)
    assert [sourced.report.kills[0].at for sourced in fact.reports] == [
        Moment(100.0),
        Moment(200.0),
    ]
    assert fact.reports[0].report.zones


def test_a_refused_dmesg_names_the_cure() -> None:
    """The most common trouble of an unprivileged probe."""
    bundle = only(
        "kernel-log", "", code=1, notes="dmesg: read kernel buffer failed: Operation not permitted"
    )

    fact = kernel_log.read(bundle)

    assert isinstance(fact, Missing)
    assert "systemd-journal" in fact.because


def test_forged_lines_are_remembered_as_not_the_kernels() -> None:
    """Somebody wrote an OOM report to /dev/kmsg: it is no report, and it is said."""
    forged = membind_report(prefix="user  :crit  : [  100.000000] ")
    fact = kernel_log.read(bundle_of(forged))

    assert (
        "3 lines that read like an OOM report were not written by the kernel"
        in examine(forged).unknown["membind-oom"]
    )
    assert isinstance(fact, KernelLog)
    assert fact.reports == ()
    assert fact.forged == 3


def test_the_end_of_a_cut_log_is_no_log_since_boot() -> None:
    """A section whose head was cut away does not go back to boot."""
    section = Section("kernel-log", recorded(SEED), cut=True)

    fact = kernel_log.read(Bundle(None, {"kernel-log": section}))

    assert isinstance(fact, KernelLog)
    assert not fact.since_boot
