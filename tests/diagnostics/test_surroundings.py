"""What is said beside a full node: each where it applies, and nothing where it does not."""

from __future__ import annotations

from tests.diagnostics.kernel_logs import finding_of, membind_report, node_sections
from tests.diagnostics.service_records import BOOT

UNIT = (
    "Id=job.service\nMainPID=400\nMemoryMax={limit}\nExecStart=/usr/bin/numactl {flags} "
    "/usr/local/bin/job ...\n\n"
)
PROCESS = "Name:\tjob\nPid:\t400\nVmRSS:\t 3000 kB\ncgroup\t0::/system.slice/job.service\n"


def story(**sections: str) -> str:
    return " ".join(finding_of(BOOT + membind_report(), **sections).story)


def test_settings_of_the_kernel_that_make_it_worse() -> None:
    """Each only where it is set."""
    on = "/proc/sys/vm/zone_reclaim_mode:1\n/proc/sys/vm/oom_kill_allocating_task:1\n"
    assert "zone_reclaim_mode is set" in story(sysctls=on)
    assert "oom_kill_allocating_task is set" in story(sysctls=on)
    assert "is set" not in story(sysctls=on.replace(":1", ":0"))
    assert "is set" not in story(sysctls="/proc/sys/vm/zone_reclaim_mode:x\n")


def test_a_limit_that_is_larger_than_the_nodes() -> None:
    """It cannot be reached."""
    flags = "--membind=1"
    assert "MemoryMax= is 12.0 GiB, and these nodes have 7.8 GiB" in story(
        units=UNIT.format(limit=12 << 30, flags=flags)
    )
    for limit in (4 << 30, "infinity", (1 << 64) - 1):
        assert "MemoryMax= is" not in story(units=UNIT.format(limit=limit, flags=flags))


def test_flags_for_cpus_are_no_memory_policy() -> None:
    """--cpunodebind is often taken for one."""
    for flags in ("--cpunodebind=1", "-N 1", "-N1"):
        assert "bind CPUs only" in story(units=UNIT.format(limit="infinity", flags=flags))
    for flags in ("--cpunodebind=1 --membind=1", "-N1 -m1", "--interleave=all"):
        assert "bind CPUs only" not in story(units=UNIT.format(limit="infinity", flags=flags))


def test_a_program_that_binds_regions_only() -> None:
    """No launcher can undo that."""
    regions = PROCESS + "numa\tbind:1\tN1=1000\nnuma\tdefault\tN0=1000 N1=1000\n"
    assert "(1000 kB under bind:1): the program does so itself, by mbind" in story(
        processes=regions
    )
    assert "by mbind" not in story(
        processes=PROCESS + "numa\tbind:1\tN1=2000\nnuma\tdefault\tN1=1000\n"
    )
    assert "by mbind" not in story(processes=regions.replace("Name:\tjob", "Name:\tweb"))


def test_memory_without_cpus() -> None:
    """Interleaving over all nodes uses it."""
    nodes = node_sections(4000000, 4000000)
    assert "without CPUs (node 1)" in story(nodes="/sys/devices/system/node/has_cpu:0\n", **nodes)
    assert "without CPUs" not in story(nodes="/sys/devices/system/node/has_cpu:0-1\n", **nodes)
    assert "without CPUs" not in story(**nodes)


def test_what_moves_or_joins_pages_by_itself() -> None:
    """Settings, and numad where it runs."""
    mm = "/sys/kernel/mm"
    on = (
        f"/proc/sys/kernel/numa_balancing:1\n{mm}/transparent_hugepage/enabled:[always] madvise "
        f"never\n{mm}/lru_gen/enabled:0x0007\n"
    )
    assert "by themselves: NUMA balancing, transparent huge pages, MGLRU." in story(sysctls=on)
    off = (
        on.replace(":1", ":0")
        .replace("[always] madvise", "always [madvise]")
        .replace("0x0007", "0x0000")
    )
    assert "policies allow" not in story(sysctls=off)
    assert "numad runs here" in story(units="Id=numad.service\nActiveState=active\n\n")
    assert "numad runs here" not in story(units="Id=numad.service\nActiveState=inactive\n\n")
