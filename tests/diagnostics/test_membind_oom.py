"""membind-oom: when it fires, when it stays clear, when it cannot tell."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from diagnostics.confidence import NO_SECOND_SIGN
from diagnostics.facts.kernel_log import read_log
from diagnostics.facts.log_regions import of_text
from diagnostics.model import Confidence, Examined, Finding
from diagnostics.rules import RULES
from diagnostics.telling.picture import draw
from tests.diagnostics.kernel_logs import (
    SEED,
    bundle_of,
    examine,
    membind_report,
    node_sections,
    recorded,
)
from tests.examined import examined, examined_log

VMSTAT = "oom_kill 1\n"
CLOCK = "now 1795384570\nuptime 600.92 537.49\nbtime 1795383969\n"
UNITS = (
    "Id=job.service\nMainPID=0\nExecStart=/usr/bin/numactl -N 1 -m1 /usr/local/bin/job "
    "...\nFragmentPath=/etc/systemd/system/job.service\n"
)
NODES = node_sections(8104924, 6218712)
UP_FOR_LONG = "now 1795384570\nuptime 60000.92 537.49\n"
DISK = "/dev/vda ext4 1000 10 990 1% /\ninodes\n/dev/vda ext4 1000 10 990 1% /\n"
STEADY = "at:100.00\n400:1000\nat:102.00\n400:1000\n"
BOUND_JOB = (
    "Name:\tjob\nPid:\t400\nVmRSS:\t 1000 "
    "kB\ncgroup\t0::/system.slice/job.service\nnuma\tbind:1\tN1=1000\n"
)


def found(host: Examined) -> Finding:
    (finding,) = host.findings
    assert finding.code == "membind-oom"
    return finding


@pytest.mark.parametrize("log", [SEED, "membind-16g-6.1-short-iso.txt"])
def test_names_node_and_remedy_of_the_seed(log: str) -> None:
    """The incident that this program exists for, from its kernel log alone."""
    finding = found(examine(recorded(log)))

    assert finding.headline == "membind OOM of node 1, suggest interleave"
    assert (finding.confidence, finding.node, finding.victims) == (Confidence.LIKELY, 1, 7)
    assert finding.memory is not None
    assert finding.memory.free_elsewhere_kb == 2035976 * 4 - 44988
    assert finding.caveat is not None
    assert "Any process that may write to the log could have" in finding.caveat


@pytest.mark.parametrize("log", ["5.10-A-membind-self.txt", "6.12-A-membind-self.txt"])
def test_reads_other_kernels_by_the_shape_of_their_text(log: str) -> None:
    """5.10 and 6.12 lay the same report out differently."""
    assert found(examine(recorded(log))).node == 1


def test_is_confirmed_by_facility_and_a_second_sign() -> None:
    """The kernel's own lines, and its own counter."""
    assert found(examine(membind_report(), vmstat=VMSTAT)).confidence is Confidence.CONFIRMED


def test_is_not_confirmed_without_a_second_sign() -> None:
    """Facility alone is one sign."""
    finding = found(examine(membind_report()))

    assert finding.confidence is Confidence.LIKELY
    assert finding.caveat == NO_SECOND_SIGN


def test_is_not_confirmed_without_facility() -> None:
    """Text that a process could have written is never confirmed, whatever else agrees."""
    finding = found(
        examine(
            membind_report(prefix="[  100.000000] "),
            vmstat=VMSTAT,
            units=UNITS,
            processes=BOUND_JOB,
        )
    )

    assert finding.confidence is Confidence.LIKELY


def test_a_counter_that_is_too_low_is_no_second_sign() -> None:
    """Two kills in the log and one in the counter do not agree."""
    log = membind_report() + membind_report(pid=301)

    assert found(examine(log, vmstat=VMSTAT)).confidence is Confidence.LIKELY


def test_is_only_possible_where_the_node_was_not_full() -> None:
    """A report whose zone lines contradict it is not believed."""
    finding = found(examine(membind_report(node_free_kb=900000), vmstat=VMSTAT))

    assert finding.confidence is Confidence.POSSIBLE
    assert finding.caveat == (
        "By their own zone lines these nodes were not full, so the report does not agree "
        "with itself."
    )


def test_is_only_possible_where_the_report_lost_its_head() -> None:
    """Summary and kill line survive a ring buffer, zones and asker do not."""
    tail = "".join(line + "\n" for line in membind_report().splitlines()[-2:])

    finding = found(examine(tail, vmstat=VMSTAT))

    assert (finding.confidence, finding.memory) == (Confidence.POSSIBLE, None)


def test_names_the_asker_as_culprit_of_a_collateral_kill() -> None:
    """The kernel kills the biggest task that may use the node, not the one that asked."""
    finding = found(examine(membind_report(asker=("small", 77))))

    assert finding.culprit is not None
    assert (finding.culprit.comm, finding.culprit.pid) == ("small", 77)
    assert "small, pid 77, asked for memory" in finding.story[1]


def test_a_thread_that_asks_is_not_another_process() -> None:
    """The header gives a thread id; one that the task table does not list belongs to some process,
    maybe the victim.
    """
    log = membind_report(asker=("job-worker", 999))
    log = "".join(line + "\n" for line in log.splitlines() if "[    999]" not in line)

    assert found(examine(log)).culprit is None


def test_gives_the_exact_edit_of_execstart() -> None:
    """Only the memory policy changes, CPU flags stay, in the spelling that is there."""
    finding = found(examine(membind_report(), units=UNITS))

    assert finding.remedies[0].edit == (
        "# /etc/systemd/system/job.service\n"
        "# - ExecStart=/usr/bin/numactl -N 1 -m1 /usr/local/bin/job ...\n"
        "# + ExecStart=/usr/bin/numactl -N 1 -i all /usr/local/bin/job ...\n"
        "if sed -i.bak '/^ExecStart=/s| -m1 | -i all |' /etc/systemd/system/job.service\n"
        "then\n"
        "if cmp -s /etc/systemd/system/job.service /etc/systemd/system/job.service.bak\n"
        "then echo nothing was changed\n"
        "else\n"
        "systemctl daemon-reload\n"
        "systemctl restart job.service\n"
        "fi\n"
        "fi"
    )


def test_the_edit_is_what_a_shell_makes_of_the_unit_file(tmp_path: Path) -> None:
    """The line that people paste changes the real file, arguments that never left the host
    included.
    """
    file = tmp_path / "job.service"
    file.write_text(
        "[Service]\nExecStart=/usr/bin/numactl -N 1 -m1 /usr/local/bin/job --token=x -m1 y\n",
        encoding="utf-8",
    )
    for remedy in found(examine(membind_report(), units=UNITS)).remedies[:1]:
        assert remedy.edit is not None
        line = next(line for line in remedy.edit.split("\n") if line.startswith("if sed"))
        command = line.removeprefix("if ").replace("/etc/systemd/system", str(tmp_path))
        subprocess.run(["sh", "-c", command], check=True)

    assert file.read_text(encoding="utf-8").endswith(
        "ExecStart=/usr/bin/numactl -N 1 -i all /usr/local/bin/job --token=x -m1 y\n"
    )


@pytest.mark.parametrize(
    ("line", "sed", "restarted"),
    [
        ("ExecStart=/usr/bin/numactl -N 1 -m1 /usr/local/bin/job", None, True),
        ("ExecStart=/usr/local/bin/job", None, False),
        ("ExecStart=/usr/bin/numactl -N 1 -m1 /usr/local/bin/job", "#!/bin/sh\nexit 4\n", False),
    ],
)
def test_nothing_is_restarted_where_the_edit_changed_nothing(
    line: str, sed: str | None, restarted: bool, tmp_path: Path
) -> None:
    """All of its lines, as they are pasted into a shell; systemctl notes what it is asked. Nor
    where sed cannot write.
    """
    file, asked, systemctl = (tmp_path / name for name in ("job.service", "asked", "systemctl"))
    file.write_text(f"[Service]\n{line}\n", encoding="utf-8")
    if sed is not None:
        (tmp_path / "sed").write_text(sed, encoding="utf-8")
        (tmp_path / "sed").chmod(0o700)
    systemctl.write_text(f'#!/bin/sh\necho "$@" >>{asked}\n', encoding="utf-8")
    systemctl.chmod(0o700)
    edit = found(examine(membind_report(), units=UNITS)).remedies[0].edit or ""
    subprocess.run(
        ["sh"],
        input=edit.replace("/etc/systemd/system", str(tmp_path)).encode(),
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=True,
    )

    said = asked.read_text(encoding="utf-8") if asked.exists() else ""
    assert said == ("daemon-reload\nrestart job.service\n" if restarted else "")


def test_a_word_that_a_chat_shows_in_another_way_is_dots() -> None:
    """The rest of the change stands there, and can be made by hand."""
    units = UNITS.replace("/usr/local/bin/job", "/opt/a&b/job")
    edit = found(examine(membind_report(), units=units)).remedies[0].edit

    assert edit is not None
    assert "# + ExecStart=/usr/bin/numactl -N 1 -i all ... ..." in edit


def test_a_packaged_unit_is_edited_by_systemctl() -> None:
    """What lies in /usr/lib is overwritten by the next upgrade."""
    edit = (
        found(examine(membind_report(), units=UNITS.replace("/etc/systemd", "/usr/lib/systemd")))
        .remedies[0]
        .edit
    )

    assert edit is not None
    assert "systemctl edit --full job.service" in edit
    assert "sed" not in edit


def test_says_where_to_look_when_the_launcher_is_not_known() -> None:
    """No edit is better than a guessed one."""
    remedy = found(examine(membind_report())).remedies[0]

    assert remedy.edit is None
    assert "look for numactl in “systemctl cat job.service”" in remedy.because


def test_offers_no_edit_with_an_odd_unit_name() -> None:
    """A name that could mean something to a shell is not put on a line to copy."""
    units = UNITS.replace("job.service", "job;reboot.service")
    log = membind_report(task_memcg="/system.slice/job;reboot.service")

    assert found(examine(log, units=units)).remedies[0].edit is None


def test_a_size_at_death_never_proves_that_interleave_fits() -> None:
    """It is the least that the job needs; the text gives the ceiling."""
    remedy = found(examine(membind_report(), **NODES)).remedies[0]

    assert remedy.fits is None
    assert remedy.headroom_kb == {
        0: 8104924 - int(0.04 * 8222888),
        1: 6218712 - int(0.04 * 8222888),
    }
    assert "room for about 13.0 GiB" in remedy.because


def test_says_when_interleave_does_not_fit() -> None:
    """The other node is full too: less room than the job already held."""
    finding = found(examine(membind_report(), **node_sections(50000, 400000)))

    assert finding.headline == "membind OOM of node 1, interleave does not fit"
    assert finding.remedies[0].fits is False


def test_a_cpuset_that_allows_no_other_node_rules_interleave_out() -> None:
    """numactl would refuse nodes outside the cpuset."""
    finding = found(examine(membind_report(mems_allowed="1")))

    assert finding.headline == "membind OOM of node 1, interleave does not fit"


def test_names_who_fills_the_node() -> None:
    """Another bound process and its size on the node, later copies of the victim left out."""
    hog = (
        "Name:\thog\nPid:\t373\nVmRSS:\t 1851400 "
        "kB\ncgroup\t0::/system.slice/cache.service\nnuma\tbind:1\tN1=1851440\n"
    )

    memory = found(examine(membind_report(), processes=hog + BOUND_JOB)).memory

    assert memory is not None
    assert [(holder.task.comm, holder.kb, holder.basis) for holder in memory.nodes[1].holders] == [
        ("job", 6225436, "kill line"),
        ("hog", 1851440, "numa_maps"),
    ]


def test_each_set_of_nodes_is_a_finding_of_its_own() -> None:
    """Two launchers on two nodes are two causes."""
    log = membind_report() + membind_report(
        pid=301, constraint="CONSTRAINT_MEMORY_POLICY,nodemask=0,2"
    ).replace("Node 1 ", "Node 0 ")

    assert [finding.headline for finding in examine(log).findings] == [
        "membind OOM of node 1, suggest interleave",
        "membind OOM of nodes 0 and 2, suggest interleave",
    ]


def test_stays_clear_when_all_nodes_were_full() -> None:
    """--membind over every node is no constraint to the kernel, and the box was full."""
    host = examine(recorded("5.10-K-membind-both.txt"))

    assert [finding.code for finding in host.findings] == ["global-oom"]
    assert "membind-oom" in host.clear


def test_cannot_tell_when_the_kernel_says_box_wide_but_one_node_had_room() -> None:
    """MGLRU: kswapd1 calls the killer for node 1 without a nodemask."""
    host = examine(recorded("6.1-mglru-membind.txt"))

    assert host.findings == ()
    assert "node 0 had room" in host.unknown["membind-oom"]


def test_tmpfs_on_the_node_is_told_and_drawn() -> None:
    """It is nobody's RSS, and stays when the processes die."""
    line = (
        "Node 1 active_anon:4kB inactive_anon:6000000kB mapped:0kB shmem:1536000kB shmem_thp: "
        "0kB all_unreclaimable? yes"
    )
    finding = found(examine(membind_report(node_lines=(line,))))

    assert finding.memory is not None
    assert finding.memory.nodes[1].shmem_kb == 1536000
    assert any(
        "tmpfs and shared memory hold 1.5 GiB of node 1" in sentence for sentence in finding.story
    )
    assert " s  1.5 GiB  tmpfs, shared" in draw(finding)


def test_a_pool_of_huge_pages_on_the_node_is_told_and_drawn() -> None:
    """Used or not, no other request can have it; every size of page counts."""
    lines = [
        f"Node 1 hugepages_total={n} hugepages_free={n} hugepages_surp=0 hugepages_size={kb}kB"
        for n, kb in ((512, 2048), (0, 1048576))
    ]
    finding = found(examine(membind_report(node_lines=tuple(lines))))

    assert finding.memory is not None
    assert finding.memory.nodes[1].hugepages_kb == 512 * 2048
    assert any(
        "pool of huge pages keeps 1.0 GiB of node 1, used or not" in sentence
        for sentence in finding.story
    )
    assert " h  1.0 GiB  huge pages" in draw(finding)


def test_two_causes_in_one_log_are_two_findings() -> None:
    """A cgroup's limit and a full node, one after the other."""
    memcg = "".join(
        f"kern  :warn  : {line}\n" for line in recorded("5.10-D-memcg.txt").splitlines()
    )
    host = examine(memcg + membind_report(pid=901))

    assert [finding.code for finding in host.findings] == ["membind-oom", "memcg-oom"]
    assert not {kill.task.pid for kill in host.findings[0].kills} & {
        kill.task.pid for kill in host.findings[1].kills
    }


MGLRU = "6.1-mglru-membind.txt"
RANKER = (
    "Name:\tranker\nPid:\t500\nVmRSS:\t 1000 "
    "kB\ncgroup\t0::/system.slice/ranker.service\nnuma\t{policy}\tN1=1000\n"
)


def test_mglru_with_the_victims_binding_seen_is_likely() -> None:
    """The kernel names no constraint, but a live copy is bound to the node that was short."""
    finding = found(examine(recorded(MGLRU), processes=RANKER.format(policy="bind:1")))

    assert (finding.headline, finding.confidence) == (
        "membind OOM of node 1, suggest interleave",
        Confidence.LIKELY,
    )
    assert (finding.culprit, finding.victims) == (None, 2)
    assert "MGLRU" in (finding.caveat or "")


@pytest.mark.parametrize("policy", ["default", "interleave:0-1", "bind:0"])
def test_mglru_without_the_victims_binding_stays_unknown(policy: str) -> None:
    """Never the whole machine's, and no membind where none is seen."""
    host = examine(recorded(MGLRU), processes=RANKER.format(policy=policy))

    assert host.findings == ()
    assert "kswapd1" in host.unknown["membind-oom"]
    assert "global-oom" in host.unknown


def test_cannot_tell_from_a_bare_kill_line() -> None:
    """Rate limiting drops reports; what limited the process is then unknown."""
    log = (
        "[    1.000000] Out of memory: Killed process 9 (a) total-vm:1kB, anon-rss:1kB, "
        "file-rss:0kB, shmem-rss:0kB\n"
    )

    assert "without its report" in examine(log).unknown["membind-oom"]


def test_cannot_tell_from_a_log_that_was_rotated() -> None:
    """Absence is not health: the log begins a day after boot."""
    host = examine("kern  :info  : [86400.000000] eth0: link up\n", clock=CLOCK)

    assert "rotated" in host.unknown["membind-oom"]


def test_cannot_tell_when_counter_and_log_disagree() -> None:
    """The kernel counted a kill that the log no longer shows."""
    host = examine(
        "kern  :info  : [    0.000000] Linux version 6.1\n", clock=CLOCK, vmstat="oom_kill 3\n"
    )

    assert "oom_kill 3" in host.unknown["membind-oom"]


def test_a_file_without_a_kill_is_no_proof_of_health() -> None:
    """A file does not say whether it reaches up to the incident."""
    host = examine("[    0.000000] Linux version 6.1\n[    1.000000] hello\n")

    assert "up to the incident" in host.unknown["membind-oom"]


def test_stays_clear_on_a_whole_log_without_a_kill() -> None:
    """Read from boot to now, and nothing in it."""
    rest = {
        "daemons_journal": "",
        "filesystems": DISK,
        "growth": STEADY,
        "processes": BOUND_JOB,
        **NODES,
    }
    log = "kern  :info  : [    0.000000] Linux version 6.1\n"
    host = examine(log, clock=UP_FOR_LONG, service_journal="", units=UNITS, **rest)

    assert set(host.clear) == {rule.code for rule in RULES}


def test_is_not_confirmed_by_one_report_for_the_kills_of_another() -> None:
    """The second report states no facility, so anybody may have written it."""
    log = membind_report() + membind_report(pid=301, prefix="[  100.000000] ")
    bundle = bundle_of(log, vmstat="oom_kill 2\n")
    as_file = examined_log(read_log("kernel-log", of_text(log)))

    # in dmesg -x the kernel's own lines state theirs
    assert [finding.victims for finding in examined(bundle).findings] == [1]
    assert [(finding.victims, finding.confidence) for finding in as_file.findings] == [
        (2, Confidence.LIKELY)
    ]


def test_a_users_record_of_which_the_head_was_cut_is_not_the_kernels() -> None:
    """The section's cap took the line that names the user; what is left is indented, and states
    kern.
    """
    indented = "".join(f"{' ' * 32}{line}\n" for line in membind_report().splitlines())

    assert (
        examined(
            bundle_of(f"{indented}kern  :info  : [  101.000000] hello\n", vmstat="oom_kill 1\n")
        ).findings
        == ()
    )


def test_one_line_without_a_facility_is_enough_to_doubt_a_report() -> None:
    """A zone line that somebody slipped in."""
    log = membind_report().replace(
        "kern  :warn  : [  100.000000] Node 1 Normal free", "[  100.000000] Node 1 Normal free"
    )
    (report,) = read_log("kernel-log", of_text(log)).reports

    assert not report.report.from_kernel


def test_a_kill_of_another_name_is_not_joined_to_a_report() -> None:
    """The report's own kill line is lost; the next kill, without its report, is another's."""
    log = "".join(f"{line}\n" for line in membind_report().splitlines() if "Killed" not in line)
    host = examine(
        log
        + (
            "kern  :err   : [  200.000000] Out of memory: Killed process 999 (postgres) "
            "total-vm:1kB, anon-rss:1kB, file-rss:0kB\n"
        )
    )

    assert [(kill.task.comm, kill.task.pid) for kill in found(host).kills] == [("job", 300)]
    assert [kill.task.comm for kill in host.unexplained] == ["postgres"]


def test_a_pid_that_is_used_again_is_another_kill() -> None:
    """A day later, and in the second of two boots."""
    again = membind_report(prefix="kern  :warn  : [90100.000000] ")
    boot2 = membind_report(pid=41, prefix="kern  :warn  : [   50.000000] ")

    assert found(examine(membind_report() + again)).victims == 2
    told = found(examine(membind_report() + boot2))
    assert (
        told.victim.task.pid if told.victim else None,
        "in more than one boot" in told.story[0],
    ) == (300, True)


@pytest.mark.parametrize(
    "words",
    [
        "Out of memory: Killed process 500 (a) anon-rss:1kB",
        "Memory cgroup out of memory, killed process 500",
    ],
)
def test_a_kill_in_words_that_are_not_known_is_never_clear(words: str) -> None:
    """It cannot be read, so it cannot be denied."""
    host = examine(
        f"kern  :info  : [    0.000000] Linux version 6.1\nkern  :err   : [  100.000000] {words}\n",
        clock=CLOCK,
    )

    assert (
        "line 2 says that a process was killed, in words that sevbot does not know"
        in host.unknown["membind-oom"]
    )
