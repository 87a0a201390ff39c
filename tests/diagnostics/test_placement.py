"""Where else a job may go: whether it fits, what leads when it does not, and the change for each
kind of launcher.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from diagnostics.model import Examined, Finding, Remedy
from tests.diagnostics.kernel_logs import examine, membind_report, node_sections

NODES = node_sections(8104924, 6218712)
UNIT = """\
Id=job.service
FragmentPath=/etc/systemd/system/job.service
ExecStart={exec_start}
{more}
"""
COPY = (
    "Name:\tjob\nPid:\t400\nVmHWM:\t {hwm} kB\nVmRSS:\t 100 "
    "kB\ncgroup\t0::{cgroup}\nnuma\tbind:1\tN1=100\n"
)
HOG = (
    "Name:\thog\nPid:\t373\nVmRSS:\t 1851400 "
    "kB\ncgroup\t0::/system.slice/cache.service\nnuma\tbind:1\tN1=1851440\n"
)
NUMACTL = "interleave\nlocalalloc\nmembind\npreferred\npreferred-many\nweighted-interleave\n"
GIB = 1024 * 1024


def found(host: Examined) -> Finding:
    return next(finding for finding in host.findings if finding.code == "membind-oom")


def remedy(host: Examined, action: str) -> Remedy:
    return next(remedy for remedy in found(host).remedies if remedy.action == action)


def actions(host: Examined) -> list[str]:
    return [remedy.action for remedy in found(host).remedies]


def unit(exec_start: str, more: str = "") -> str:
    return UNIT.format(exec_start=exec_start, more=more)


def test_interleave_fits_where_the_peak_is_expected_and_there_is_room() -> None:
    """The inventory knows the peak; page tables are added to it."""
    host = examine(membind_report(), **NODES, inventory=f"job {11 * GIB}\n")

    assert remedy(host, "interleave").fits is True
    assert found(host).headline == "membind OOM of node 1, suggest interleave"
    assert (
        "Its peak is 11.0 GiB (expected_peak in the inventory). So it fits."
        in remedy(host, "interleave").because
    )


def test_interleave_does_not_fit_a_peak_that_is_too_big_for_the_machine() -> None:
    """It held less than the room when it was killed, but its peak is more."""
    host = examine(membind_report(), **NODES, inventory=f"job {13 * GIB + GIB // 2}\n")

    assert remedy(host, "interleave").fits is False
    assert found(host).headline == "membind OOM of node 1, interleave does not fit"


def test_a_peak_counts_by_the_name_of_the_unit_too() -> None:
    """A service of the inventory is job.service on the host, whatever its process is called."""
    log = membind_report(comm="python3")

    assert remedy(examine(log, **NODES, inventory=f"job {11 * GIB}\n"), "interleave").fits is True
    assert remedy(examine(log, **NODES, inventory=f"other {11 * GIB}\n"), "interleave").fits is None


def test_an_expected_peak_below_the_size_at_death_is_not_believed() -> None:
    """It held 5.9 GiB, so 4 GiB is not its peak."""
    interleave = remedy(
        examine(membind_report(), **NODES, inventory=f"job {4 * GIB}\n"), "interleave"
    )

    assert interleave.fits is None
    assert "the 4.0 GiB of expected_peak in the inventory is not its peak" in interleave.because


@pytest.mark.parametrize(("hwm_kb", "fits"), [(9 * GIB, True), (3 * GIB, None)])
def test_a_copy_that_was_not_killed_shows_a_peak_if_it_outgrew_the_dead_one(
    hwm_kb: int, fits: bool | None
) -> None:
    """A copy that is still smaller is still growing."""
    copy = COPY.format(hwm=hwm_kb, cgroup="/system.slice/job.service")

    assert remedy(examine(membind_report(), **NODES, processes=copy), "interleave").fits is fits


def test_memory_peak_of_the_cgroup_is_a_peak() -> None:
    """cgroup v2 keeps it, in bytes."""
    cgroups = f"/sys/fs/cgroup/system.slice/job.service/memory.peak:{9 * GIB * 1024}\n"

    interleave = remedy(examine(membind_report(), **NODES, cgroups=cgroups), "interleave")

    assert (interleave.fits, "memory.peak" in interleave.because) == (True, True)


def test_the_next_best_leads_where_interleave_does_not_fit() -> None:
    """Both nodes are nearly full, but another process could be moved away."""
    host = examine(membind_report(), **node_sections(50000, 4900000), processes=HOG)

    assert actions(host)[:2] == ["free-the-node", "interleave"]
    assert found(host).remedies[0].fits is None
    assert found(host).remedies[1].fits is False


def test_the_other_node_is_judged_by_its_own_room() -> None:
    """7 GiB fit on node 0 alone, 9 GiB only on both."""
    small = remedy(examine(membind_report(), **NODES, inventory=f"job {7 * GIB}\n"), "other-node")
    big = remedy(examine(membind_report(), **NODES, inventory=f"job {9 * GIB}\n"), "other-node")

    assert (small.fits, big.fits) == (True, False)
    assert small.headroom_kb is not None
    assert small.headroom_kb.keys() == {0}


def test_two_instances_need_room_on_both_nodes() -> None:
    """Half of it must fit on the fuller of the two."""
    fits = remedy(
        examine(membind_report(), **NODES, inventory=f"job {9 * GIB}\n"), "two-instances"
    ).fits
    full = remedy(examine(membind_report(), **node_sections(8104924, 400000)), "two-instances").fits

    assert (fits, full) == (True, False)


@pytest.mark.parametrize(
    ("uname", "numactl", "offered"),
    [
        ("Linux 6.12.1 x86_64\n", NUMACTL, True),
        ("Linux 6.1.0 x86_64\n", NUMACTL, False),
        ("Linux 6.12.1 x86_64\n", "membind\n", False),
    ],
)
def test_weights_are_offered_only_where_kernel_and_numactl_know_them(
    uname: str, numactl: str, offered: bool
) -> None:
    """And where the nodes are of different size."""
    unequal = node_sections(8104924, 6218712, total_kb=(16445776, 8222888))

    assert (
        "weighted-interleave"
        in actions(examine(membind_report(), **unequal, uname=uname, numactl=numactl))
    ) is offered
    assert "weighted-interleave" not in actions(
        examine(membind_report(), **NODES, uname=uname, numactl=numactl)
    )
    # a node without memory has no size to differ
    of_devices = node_sections(8104924, 6218712, 0, total_kb=(8222888, 8222888, 0))
    assert "weighted-interleave" not in actions(
        examine(membind_report(), **of_devices, uname=uname, numactl=numactl)
    )


@pytest.mark.parametrize(
    ("uname", "offered"), [("Linux 5.15.0 x86_64\n", True), ("Linux 5.10.0 x86_64\n", False)]
)
def test_several_preferred_nodes_need_a_kernel_that_knows_them(uname: str, offered: bool) -> None:
    """One preferred node is as old as the policies."""
    log = membind_report(constraint="CONSTRAINT_MEMORY_POLICY,nodemask=1,3", mems_allowed="0-3")

    assert ("preferred-many" in actions(examine(log, uname=uname, numactl=NUMACTL))) is offered
    assert "preferred" in actions(examine(membind_report()))


def test_numa_policy_of_the_unit_is_changed_by_a_drop_in() -> None:
    """systemd sets the policy itself; a drop-in wins over the unit file."""
    host = examine(
        membind_report(),
        units=unit("/usr/local/bin/job ...", "NUMAPolicy=bind\nNUMAMask=1"),
        **NODES,
    )

    assert remedy(host, "interleave").edit == (
        "mkdir -p /etc/systemd/system/job.service.d\n"
        "if printf '[Service]\\nNUMAPolicy=interleave\\nNUMAMask=all\\n' | tee "
        "/etc/systemd/system/job.service.d/50-numa.conf\n"
        "then\n"
        "systemctl daemon-reload\n"
        "systemctl restart job.service\n"
        "fi"
    )
    assert "NUMAPolicy=bind of job.service" in remedy(host, "interleave").because


def test_numactl_inside_wins_over_the_units_policy() -> None:
    """It runs last, so changing the unit's policy would change nothing."""
    edit = remedy(
        examine(
            membind_report(),
            units=unit("/usr/bin/numactl -m 1 /usr/bin/job ...", "NUMAPolicy=bind"),
        ),
        "interleave",
    ).edit

    assert edit is not None
    assert "numactl -i all /usr/bin/job" in edit


@pytest.mark.parametrize(
    ("flags", "changed"), [("-N 1 -m 1", "-N 1 -m 0"), ("-C 0-7 -m 0-7", "-C 0-7 -m 0")]
)
def test_the_command_changes_the_flag_that_the_comment_shows(
    flags: str, changed: str, tmp_path: Path
) -> None:
    """A value that stands there twice is changed in its own flag only."""
    edit = remedy(
        examine(
            membind_report(), units=unit(f"/usr/bin/numactl {flags} /usr/bin/job ..."), **NODES
        ),
        "other-node",
    ).edit
    assert edit is not None
    file = tmp_path / "job.service"
    file.write_text(f"ExecStart=/usr/bin/numactl {flags} /usr/bin/job -m 1 x\n", encoding="utf-8")
    line = next(line for line in edit.split("\n") if line.startswith("if sed"))
    command = line.removeprefix("if ").replace("/etc/systemd/system", str(tmp_path))
    subprocess.run(["sh", "-c", command], check=True)

    assert (
        file.read_text(encoding="utf-8")
        == f"ExecStart=/usr/bin/numactl {changed} /usr/bin/job -m 1 x\n"
    )
    assert f"# + ExecStart=/usr/bin/numactl {changed} /usr/bin/job ..." in edit


def test_a_script_is_named_as_the_place_to_look() -> None:
    """What it says never leaves the host."""
    host = examine(membind_report(), units=unit("/usr/local/bin/start-job.sh ..."))

    assert remedy(host, "interleave").edit == (
        "grep -n numactl /usr/local/bin/start-job.sh   # put --interleave=all in place of "
        "--membind there"
    )


def test_a_binding_that_only_numa_maps_shows_is_said_to_be_that() -> None:
    """With where to look for what set it."""
    copy = COPY.format(hwm=100, cgroup="/system.slice/job.service")
    interleave = remedy(
        examine(membind_report(), processes=copy, units=unit("/usr/bin/job ...")), "interleave"
    )

    assert interleave.edit is None
    assert (
        "It is bound now (its numa_maps), but who set that is not in what was collected"
        in interleave.because
    )
    assert "systemctl cat job.service" in interleave.because


def test_a_domain_of_libvirt_is_changed_by_virsh() -> None:
    """Its cgroup names the domain."""
    copy = COPY.format(hwm=100, cgroup="/machine.slice/machine-qemu\\x2d3\\x2dweb.scope").replace(
        "Name:\tjob", "Name:\tqemu-system-x86"
    )
    log = membind_report(
        comm="qemu-system-x86", task_memcg="/machine.slice/machine-qemu\\x2d3\\x2dweb.scope"
    )

    edit = remedy(examine(log, processes=copy), "interleave").edit

    assert (
        edit
        == "virsh numatune web --mode interleave --nodeset 0,1 --config   # from its next start on"
    )


def test_a_cpuset_that_forbids_the_nodes_is_widened_first() -> None:
    """By a drop-in where it is AllowedMemoryNodes=."""
    units = unit("/usr/bin/numactl -m 1 /usr/bin/job ...", "AllowedMemoryNodes=1")
    host = examine(membind_report(mems_allowed="1"), units=units, **NODES)

    assert actions(host)[0] == "widen-cpuset"
    assert "AllowedMemoryNodes=0,1" in (found(host).remedies[0].edit or "")
    assert remedy(host, "interleave").fits is False


def test_where_the_asker_is_another_its_own_size_and_launcher_count() -> None:
    """The collateral victim's unit needs no change."""
    log = membind_report(asker=("small", 77))
    processes = (
        "Name:\tsmall\nPid:\t77\nVmRSS:\t 100 "
        "kB\ncgroup\t0::/system.slice/small.service\nnuma\tbind:1\tN1=100\n"
    )
    units = unit("/usr/bin/numactl -m 1 /usr/bin/small ...").replace("job.service", "small.service")

    edit = remedy(examine(log, processes=processes, units=units), "interleave").edit

    assert edit is not None
    assert "small.service" in edit


def test_a_node_without_memory_is_not_widened_to() -> None:
    """systemd would be refused such a node in AllowedMemoryNodes=."""
    of_devices = node_sections(8104924, 6218712, 0, total_kb=(8222888, 8222888, 0))
    host = examine(
        membind_report(mems_allowed="1"),
        units=unit("/usr/bin/job ...", "AllowedMemoryNodes=1"),
        **of_devices,
    )

    edit = remedy(host, "widen-cpuset").edit or ""
    assert "AllowedMemoryNodes=0,1\\n" in edit


def test_room_that_only_the_report_shows_never_proves_that_it_fits() -> None:
    """The other node's watermarks are not in it."""
    log = membind_report(total_free_pages=4000000)
    peak, more = f"job {9 * GIB}\n", f"job {90 * GIB}\n"

    assert remedy(examine(log, inventory=peak), "interleave").fits is None
    assert remedy(examine(log, inventory=more), "interleave").fits is False
    without_watermarks = {"node_meminfo": NODES["node_meminfo"]}
    assert remedy(examine(log, **without_watermarks, inventory=peak), "interleave").fits is None


@pytest.mark.parametrize("word", ["$(id)", "`id`", "a\nb", "x;y", "a&b", "~root", "{a,b}"])
def test_a_word_that_a_shell_reads_as_more_is_not_in_what_is_copied(word: str) -> None:
    """Not even behind a `#`, which some shells do not heed."""
    start = f"/usr/bin/numactl --membind=1 /usr/bin/job {word} ..."
    host = examine(membind_report(), units=unit(start), **NODES)
    edits = [one.edit or "" for finding in host.findings for one in finding.remedies]

    assert any(edits)
    assert [edit for edit in edits if word in edit] == []


@pytest.mark.parametrize("path", ["/etc/../home/x/job.service", "/etc/systemd/../x/job.service"])
def test_a_path_that_leads_elsewhere_gets_no_command(path: str) -> None:
    """What a host names as its unit's file is not trusted."""
    one = unit("/usr/bin/numactl --membind=1 /usr/bin/job ...").replace(
        "/etc/systemd/system/job.service", path
    )
    assert path in one
    edit = remedy(examine(membind_report(), units=one, **NODES), "interleave").edit
    assert edit is None or path not in edit
