"""The script that runs on hosts, run for real: under each shell and awk, with programs that hang,
flood, lie or are missing.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from diagnostics.bundle import TIMED_OUT, Bundle, Section
from diagnostics.bundle.framing import unframe
from diagnostics.probe import (
    CAPS,
    KEEPS_END,
    MAX_OUTPUT_BYTES,
    MAX_SCRIPT_BYTES,
    PROBE,
    SECTIONS,
    VERSION,
    digest,
)
from tests.conftest import ROOT
from tests.examined import examined
from tests.probing import moved, write_program
from tests.yardstick import in_time

# a probe with trouble, beside its limits, in times of one without
TIMES = 10.0
BUSYBOX_TIMES = 12.0
JOURNALS = ("service-journal", "kernel-journal")
AWKS = [
    pytest.param("mawk", marks=pytest.mark.needs("mawk")),
    pytest.param("gawk", marks=pytest.mark.needs("gawk")),
    pytest.param("busybox", marks=pytest.mark.needs("busybox")),
]
SHELLS = [
    pytest.param(["sh"]),
    pytest.param(["dash"], marks=pytest.mark.needs("dash")),
    pytest.param(["bash", "--posix"], marks=pytest.mark.needs("bash")),
    pytest.param(["busybox", "sh"], marks=pytest.mark.needs("busybox")),
]


def run(command: Sequence[str | Path], **environment: str) -> bytes:
    """What `command` printed; it must not complain."""
    done = subprocess.run(
        command, capture_output=True, check=True, input=b"id\n", env={**os.environ, **environment}
    )
    assert done.stderr == b""
    return done.stdout


def bundle_of(output: bytes, late: tuple[str, ...] = ()) -> Bundle:
    """The bundle in a probe's output, which must be all there, in its order; `late` are those that
    had to be asked for by themselves.
    """
    assert output.startswith(f"=sevbot-probe {VERSION} ".encode())
    assert output.endswith(b"=done\n")
    assert len(output) < MAX_OUTPUT_BYTES
    bundle = unframe(output, "host-1")
    assert isinstance(bundle, Bundle)
    assert tuple(name for name in bundle.sections if name not in late) == tuple(
        name for name in SECTIONS if name not in late
    )
    assert (set(bundle.sections), dict(bundle.missing)) == (set(SECTIONS), {})
    return bundle


def section_of(bundle: Bundle, name: str) -> Section:
    """A section that must be there."""
    section = bundle.get(name)
    assert isinstance(section, Section)
    return section


def with_programs(root: Path, **programs: str) -> Bundle:
    """The probe's output on this machine with some programs replaced; only its PATH line is changed
    for that.
    """
    for name, script in programs.items():
        write_program(root, name, script)
    return bundle_of(run(["sh", "-c", PROBE.replace("\nPATH=", f"\nPATH={root}/bin:", 1)]))


def run_the_probe() -> None:
    """With nothing in its way: what the time of others is compared with."""
    bundle_of(run(["sh", "-c", PROBE]))


def program(name: str) -> str:
    """The text of a program that the probe keeps in a variable."""
    found = re.search(rf"^{name}='(.*?)'$", PROBE, flags=re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[1]


def use_awk(root: Path, awk: str) -> None:
    """Make `awk` the awk that the probe's programs find."""
    write_program(root, "awk", f'exec {shutil.which(awk)} {"awk " if awk == "busybox" else ""}"$@"')


def run_section(root: Path, name: str, *arguments: str) -> str:
    """What a section's own program prints where `root` stands for the host."""
    return run(
        in_section(root, name, *arguments),
        PATH=f"{root}/bin:{os.environ['PATH']}",
        LC_ALL="C",
        LIMIT="",
    ).decode()


def in_section(root: Path, name: str, *arguments: str) -> list[str]:
    """The command that is a section's own program, in a host that `root` stands for; awk programs
    name places of the host, too.
    """
    keeping = re.search(r"^keeping\(\) .*$", PROBE, flags=re.MULTILINE)
    assert keeping is not None
    own = root / "proc/self/cmdline"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text("awk\0BEGIN\0")
    if not (root / "proc/uptime").exists():
        (root / "proc/uptime").write_text("100.00 100.00\n")
    return [
        "sh",
        "-c",
        f"{keeping[0]}\n{moved(program(name), root)}",
        "sh",
        *(moved(argument, root) for argument in arguments),
    ]


# -- the script as a whole --


def test_it_is_one_constant_that_fits_into_an_exec_request() -> None:
    """No placeholder, no control character, and smaller than the limit that the collector
    states.
    """
    assert len(PROBE.encode()) < MAX_SCRIPT_BYTES
    assert PROBE.isascii()
    assert PROBE.replace("\n", "").isprintable()


def test_its_sections_and_caps_are_those_of_the_table() -> None:
    """Order, size and which end is kept are stated twice, in the script and in probe.py; here they
    meet.
    """
    lines = [
        line.split() for line in PROBE.splitlines() if re.match("section [a-z]|numbers [a-z]", line)
    ]
    caps: list[tuple[str, int]] = []
    for line in lines:
        names = line[1::2] if line[0] == "numbers" else line[1:2]
        sizes = line[2::2] if line[0] == "numbers" else line[3:4]
        caps.extend(zip(names, map(int, sizes), strict=True))
    assert caps == list(CAPS.items())
    assert {line[1] for line in lines if line[2] == "tail"} == KEEPS_END
    limits_s = [line[4].split("+") for line in lines if line[0] == "section"]  # `3`, or `2+8`
    assert max(sum(map(int, parts)) for parts in limits_s) <= 10


@pytest.mark.needs("shellcheck")
def test_it_is_posix_sh() -> None:
    """Shellcheck knows what dash and ash do not."""
    run(["shellcheck", "-s", "sh", ROOT / "diagnostics/probe.sh"])


@pytest.mark.parametrize("shell", SHELLS)
def test_it_runs_as_one_string_under_every_shell(shell: list[str]) -> None:
    """As sshd runs it without a forced command."""
    bundle = bundle_of(run([*shell, "-c", PROBE]))
    assert section_of(bundle, "clock").text.startswith("now ")
    assert section_of(bundle, "meminfo").text.startswith("MemTotal:")
    assert section_of(bundle, "processes").text.startswith("Name:\t")


def test_it_runs_as_a_file() -> None:
    """As sshd runs it with a forced command."""
    bundle_of(run(["sh", ROOT / "diagnostics/probe.sh"]))


def header_of(command: Sequence[str | Path], cwd: Path | None = None) -> str:
    """What stands behind the version in the first line."""
    done = subprocess.run(command, capture_output=True, check=True, cwd=cwd)
    assert done.stderr == b""
    bundle_of(done.stdout)
    return done.stdout.partition(b"\n")[0].decode().removeprefix(f"=sevbot-probe {VERSION} ")


@pytest.mark.parametrize("shell", SHELLS)
def test_a_copy_tells_the_digest_of_its_own_text(tmp_path: Path, shell: list[str]) -> None:
    """That of ours is ours, and of one that was changed it is another; by whatever name the shell
    was told.
    """
    copy = tmp_path / "a $(id) copy"
    copy.write_text(PROBE, encoding="utf-8")
    assert header_of([*shell, copy]) == digest()
    assert header_of([*shell, "./a $(id) copy"], cwd=tmp_path) == digest()
    with copy.open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    copy.chmod(0o755)
    assert header_of([copy]) == hashlib.sha256(copy.read_bytes()).hexdigest()[:16] != digest()


@pytest.mark.parametrize("shell", SHELLS)
def test_a_text_that_was_sent_tells_no_digest(tmp_path: Path, shell: list[str]) -> None:
    """Its `$0` is the shell's name, or whatever the caller said: a program, a script that is no
    probe, a FIFO, nothing.
    """
    (tmp_path / "sh").write_text('#!/bin/sh\neval "$SSH_ORIGINAL_COMMAND"\n')
    os.mkfifo(tmp_path / "fifo")
    for name in ("sh", "./sh", "/bin/sh", "./fifo", ".", "-sh", "", "$(id)"):
        assert header_of([*shell, "-c", PROBE, name], cwd=tmp_path) == "sent", name


@pytest.mark.parametrize(
    "said",
    ["exit 1", "echo rubbish", "echo ABCDEF0123456789", "printf '12345\\n=done\\n'", "sleep 60"],
)
def test_where_the_digest_fails_it_is_unknown(tmp_path: Path, said: str) -> None:
    """The first line is the probe's own words, whatever that program says."""
    write_program(tmp_path, "sha256sum", said)
    copy = tmp_path / "copy"
    copy.write_text(PROBE.replace("\nPATH=", f"\nPATH={tmp_path}/bin:", 1), encoding="utf-8")
    assert header_of(["sh", copy]) == "unknown"


def test_it_says_where_there_is_no_flock(tmp_path: Path) -> None:
    """Right behind its first line, with why; and where flock can lock nothing, too. Where another
    one is running it is busy.
    """
    (tmp_path / "bin").mkdir()
    for name in ("sh", "timeout", "head", "tail", "sed", "awk", "date", "ls"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    script = re.sub(r"\nPATH=.*", f"\nPATH={tmp_path}/bin", PROBE, count=1)
    assert run(["sh", "-c", script]).startswith(
        b"=sevbot-probe 2 sent\n=unlocked flock\n=begin clock\n"
    )
    script = PROBE.replace("\nPATH=", f"\nPATH={tmp_path}/bin:", 1).replace(
        "/var/lib/sevbot-probe", str(tmp_path / "home")
    )
    (tmp_path / "home").mkdir(mode=0o700)
    write_program(tmp_path, "flock", "exit 71")  # EX_OSERR: the file system knows no locks
    assert run(["sh", "-c", script]).startswith(
        b"=sevbot-probe 2 sent\n=unlocked flock\n=begin clock\n"
    )
    write_program(tmp_path, "flock", "exit 1")
    assert run(["sh", "-c", script]) == b"=sevbot-probe 2\n=busy\n=done\n"


def busybox_host(root: Path) -> list[str]:
    """The command that runs a shell string on a machine whose only program is busybox; its mounts
    end with it.
    """
    (root / "bin").mkdir()
    busybox = shutil.which("busybox")
    assert busybox is not None
    shutil.copy(busybox, root / "bin/busybox")
    for applet in run([busybox, "--list"]).decode().split():
        if applet != "busybox":
            (root / "bin" / applet).symlink_to("busybox")
    for directory in ("proc", "sys", "dev"):
        (root / directory).mkdir()
    mounts = " && ".join(f"mount --rbind /{name} {root}/{name}" for name in ("proc", "sys", "dev"))
    unshare = (
        ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--mount", "--map-root-user"]
    )
    return [*unshare, "sh", "-c", f'{mounts} && exec chroot {root} /bin/sh -c "$1"', "sh"]


@pytest.mark.needs("busybox")
@pytest.mark.needs("mounts")
def test_a_host_with_nothing_but_busybox_answers_too(tmp_path: Path) -> None:
    """What it has no program for is 127, everything else is there, and it does not take longer for
    that.
    """
    host = busybox_host(tmp_path)
    bundle = in_time(
        lambda: bundle_of(run([*host, PROBE])), run_the_probe, waits_s=0, times=BUSYBOX_TIMES
    )
    status = {name: section.exit for name, section in bundle.sections.items()}
    assert [name for name, code in status.items() if code == 127] == [*JOURNALS, "units"]
    assert section_of(bundle, "kernel-journal").notes.endswith("journalctl: not found")
    assert "\nargv\t" in section_of(bundle, "processes").text


@pytest.mark.needs("busybox")
@pytest.mark.needs("mounts")
def test_a_command_that_hangs_on_a_busybox_host_costs_its_own_section_only(tmp_path: Path) -> None:
    """Its own timeout is not used there; the status is that of the signal."""
    host = busybox_host(tmp_path)
    hang = "trap '' TERM; sleep 60; sleep 60"
    write_program(
        tmp_path,
        "journalctl",
        f'case "$*" in *"-n 0"*) exit ;; *-k*) ;; *) exit ;; esac; echo before; {hang}',
    )
    write_program(tmp_path, "systemctl", hang)
    bundle = in_time(
        lambda: bundle_of(run([*host, PROBE])),
        run_the_probe,
        waits_s=9,  # 3 and 5 s, and for what ignores its end another one
        times=BUSYBOX_TIMES,
    )
    assert section_of(bundle, "kernel-journal").text == "before\n"
    assert {section_of(bundle, name).exit for name in ("kernel-journal", "units")} <= TIMED_OUT
    assert section_of(bundle, "cgroups").ended


@pytest.mark.needs("setpriv")
@pytest.mark.needs("root")  # others run every test without privileges already
def test_without_privileges_it_says_what_it_may_not_read() -> None:
    """Nothing is silently empty: the reason is in the notes, or in numa-error."""
    user = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
    bundle = bundle_of(run([*user, "sh", "-c", PROBE]))
    kernel_log = section_of(bundle, "kernel-log")
    assert kernel_log.exit == 0 or "not permitted" in kernel_log.notes
    assert "numa-error\tPermission denied" in section_of(bundle, "processes").text


def test_what_the_caller_says_does_not_reach_it(tmp_path: Path) -> None:
    """Neither arguments nor input nor environment: not even the programs are looked for where the
    caller says.
    """
    write_program(tmp_path, "uname", "echo owned")
    write_program(tmp_path, "awk", "echo owned")
    hostile = {
        "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
        "SSH_ORIGINAL_COMMAND": "echo owned",
        "ENV": str(tmp_path / "bin/uname"),
        "IFS": "/",
        "CDPATH": "/tmp",  # noqa: S108 -- a name that cd would print
        "TZ": "Asia/Tokyo",
        "LC_ALL": "de_DE.UTF-8",
        "GREP_OPTIONS": "--color=always",
        "POSIXLY_CORRECT": "1",
        "SYSTEMD_COLORS": "1",
        "COLUMNS": "10",
    }
    output = run(["sh", "-c", PROBE, "owned", "--owned"], **hostile)
    bundle = bundle_of(output)
    assert (
        section_of(bundle, "uname").text
        == " ".join((os.uname().sysname, os.uname().release, os.uname().machine)) + "\n"
    )
    assert all(
        "owned" not in section_of(bundle, name).text for name in SECTIONS if name != "kernel-log"
    )


def test_a_file_called_like_the_shell_is_not_read(tmp_path: Path) -> None:
    """Of a text that was sent, `$0` is the shell's name; where somebody put a file of that name,
    its first line may have no end.
    """
    with (tmp_path / "sh").open("wb") as file:
        file.truncate(1 << 40)
    done = subprocess.run(
        ["sh", "-c", PROBE], capture_output=True, check=True, cwd=tmp_path, timeout=15
    )
    assert done.stdout.startswith(f"=sevbot-probe {VERSION} sent\n".encode())


def test_it_writes_no_file(tmp_path: Path) -> None:
    """Not in its home, not for temporary use, not where it stands; and no program that it starts
    can make a file grow.
    """
    home = tmp_path / "home"
    home.mkdir()
    write_program(tmp_path, "dmesg", f"echo to be written > {tmp_path}/grown; echo went on")
    script = PROBE.replace("\nPATH=", f"\nPATH={tmp_path}/bin:", 1)
    places = {name: str(home) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR")}
    done = subprocess.run(
        ["sh", "-c", script],
        capture_output=True,
        check=True,
        cwd=home,
        env={**os.environ, **places},
    )
    bundle_of(done.stdout)
    assert list(home.iterdir()) == []
    assert (tmp_path / "grown").stat().st_size == 0


# -- one section going wrong --


def test_where_the_largest_processes_are_not_found_it_says_so() -> None:
    """On a host with very many processes the choice may not end in time; no process is then not the
    same as none.
    """
    script = PROBE.replace('limited 3 1 sh -c "$LARGEST"', 'limited 3 1 false "$LARGEST"')
    assert script != PROBE
    bundle = bundle_of(run(["sh", "-c", script]))
    assert section_of(bundle, "processes") == Section(
        "processes", "", 1, "which processes are the largest was not found out within 3 s"
    )
    assert (
        examined(bundle)
        .not_seen["processes"]
        .startswith("its command said: which processes are the largest")
    )


def test_functions_in_the_environment_are_none_of_the_probes() -> None:
    """bash takes them from there, and a function would go before a program of that name."""
    hostile = {
        f"BASH_FUNC_{name}%%": "() { echo owned; }"
        for name in (
            "awk",
            "timeout",
            "sed",
            "head",
            "tail",
            "read",
            "ls",
            "flock",
            "printf",
            "command",
            "find",
            "date",
            "uname",
            "ulimit",
        )
    }
    bundle = bundle_of(run(["bash", "--posix", "-c", PROBE], **hostile))
    assert all("owned" not in section.text for section in bundle.sections.values())


def test_content_that_looks_like_frames_stays_content(tmp_path: Path) -> None:
    """A log line can say what it likes: each line stands behind a bar."""
    lines = (
        "=end kernel-log 0\n=done\n=sevbot-probe 1\n=begin clock\n!note\n\n|\n||x\n\tx \\n "
        "%s $(id)\n"
    )
    (tmp_path / "log").write_text(lines)
    bundle = with_programs(tmp_path, dmesg=f"cat {tmp_path}/log")
    assert section_of(bundle, "kernel-log") == Section("kernel-log", lines, exit=0)
    assert section_of(bundle, "clock").text.startswith("now ")


def test_a_last_line_without_its_end_is_known_as_a_fragment(tmp_path: Path) -> None:
    """It is dropped, and the section counts as cut."""
    section = section_of(with_programs(tmp_path, dmesg="printf 'whole\\nfragm'"), "kernel-log")
    assert (section.text, section.cut, section.exit) == ("whole\n", True, 0)


def test_status_and_last_words_of_a_failing_command_are_kept(tmp_path: Path) -> None:
    """Its exit status is its own, not head's or sed's; of much that it complains the end is
    kept.
    """
    script = "seq 5000 >&2; printf '=end kernel-log 0\\n7' >&2; echo content; exit 41"
    section = section_of(with_programs(tmp_path, dmesg=script), "kernel-log")
    assert (section.text, section.exit) == ("content\n", 41)
    assert section.notes.endswith("\n5000\n=end kernel-log 0\n7")
    assert len(section.notes) <= 1000


def test_a_command_that_hangs_costs_its_own_section_only(tmp_path: Path) -> None:
    """124 is the time-out, what was printed before is kept, and all later sections come."""
    bundle = in_time(
        lambda: with_programs(tmp_path, dmesg="echo before; sleep 60"),
        run_the_probe,
        waits_s=3,
        times=TIMES,
    )
    section = section_of(bundle, "kernel-log")
    assert (section.text, section.exit) == ("before\n", 124)
    assert section_of(bundle, "processes").exit == 0


def test_a_command_that_ignores_its_end_is_killed(tmp_path: Path) -> None:
    """137 is timeout's own status for that."""
    section = section_of(
        with_programs(tmp_path, dmesg="trap '' TERM; echo before; sleep 60; sleep 60"), "kernel-log"
    )
    assert (section.text, section.exit) == ("before\n", 137)


def test_a_process_that_cannot_be_killed_is_not_waited_for(tmp_path: Path) -> None:
    """One that left its session stands in for one in an uninterruptible sleep: it keeps both pipes
    open.
    """
    bundle = in_time(
        lambda: with_programs(tmp_path, dmesg="setsid sleep 12 & echo lost; exit 0"),
        run_the_probe,
        waits_s=6,
        times=TIMES,
    )
    assert section_of(bundle, "kernel-log").exit == 124
    assert section_of(bundle, "processes").exit == 0


def test_when_everything_hangs_it_still_ends(tmp_path: Path) -> None:
    """The time of all sections is limited too; what was not started says so."""
    names = ("date", "uname", "grep", "cat", "dmesg", "journalctl", "systemctl", "find")
    bundle = in_time(
        lambda: with_programs(tmp_path, **dict.fromkeys(names, "sleep 60")),
        run_the_probe,
        waits_s=20,
        times=TIMES,
    )
    # these two find nothing to run here
    hang = [name for name in SECTIONS if name not in ("runner-logs", "containers")]
    assert {section_of(bundle, name).exit for name in hang} == {124}
    assert (
        section_of(bundle, "cgroups").notes == "not started: the probe had used up its 20 seconds"
    )


def test_a_missing_tool_is_127_with_its_name(tmp_path: Path) -> None:
    """Not a section that is silently empty."""
    (tmp_path / "bin").mkdir()
    for name in ("sh", "timeout", "head", "tail", "sed", "awk", "date"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    script = re.sub(r"\nPATH=.*", f"\nPATH={tmp_path}/bin", PROBE, count=1)
    bundle = bundle_of(run(["sh", "-c", script]), late=("uname",))
    for name, tool in {
        "kernel-log": "dmesg",
        "kernel-journal": "journalctl",
        "filesystems": "df",
        "uname": "uname",
    }.items():
        section = section_of(bundle, name)
        assert (section.exit, section.text) == (127, "")
        assert tool in section.notes
    assert section_of(bundle, "meminfo").exit == 0


def test_without_any_limiter_nothing_is_run(tmp_path: Path) -> None:
    """A command that may hang is not started without a limit; every section says what is
    missing.
    """
    (tmp_path / "bin").mkdir()
    for name in ("sh", "env", "sed", "head", "tail", "cat", "date", "uname", "dmesg"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    script = re.sub(r"\nPATH=.*", f"\nPATH={tmp_path}/bin", PROBE, count=1)
    bundle = unframe(
        subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout, None
    )
    assert isinstance(bundle, Bundle)
    assert {section.text for section in bundle.sections.values()} == {""}
    assert 0 not in {section.exit for section in bundle.sections.values()}


def test_endless_output_is_cut_at_the_cap(tmp_path: Path) -> None:
    """A log that never ends keeps its end until its time is over, everything else stops at its
    beginning at once.
    """
    bundle = with_programs(tmp_path, dmesg="exec yes 0123456789", date="exec yes 0123456789")
    for name in ("kernel-log", "clock"):
        section = section_of(bundle, name)
        assert section.cut
        assert CAPS[name] - 30 < len(section.text) <= CAPS[name]
        assert set(section.text.split()) == {"0123456789"}


# -- command lines --

# command line; what is shown of it; what is shown where its words were joined by blanks, if that
# differs
SHOWN: list[tuple[list[str], str] | tuple[list[str], str, str]] = [
    (["/usr/local/bin/ranker"], "/usr/local/bin/ranker"),
    (["/usr/local/bin/ranker", "12000"], "/usr/local/bin/ranker ..."),
    (
        ["/usr/bin/numactl", "--membind=1", "/usr/local/bin/ranker", "12000"],
        "/usr/bin/numactl --membind=1 /usr/local/bin/ranker ...",
    ),
    (["numactl", "-m", "0,1", "--", "java", "-jar", "x"], "numactl -m 0,1 -- java ..."),
    (["numactl", "-m1", "-N", "1", "app"], "numactl -m1 -N 1 app"),
    (["numactl", "--mem", "1", "--cpunode=1", "app"], "numactl --mem 1 --cpunode=1 app"),
    (["numactl", "--pref=1", "app"], "numactl ..."),
    (["numactl", "-al", "app", "-m", "1"], "numactl -a -l app ..."),
    (["numactl", "-lm", "!0-1", "app"], "numactl -l -m !0-1 app"),
    (["numactl", "--weighted-interleave=0-3", "app"], "numactl --weighted-interleave=0-3 app"),
    (["numactl", "-i", "netdev:eth0", "app"], "numactl -i netdev:eth0 app"),
    (["numactl", "-C", "0-7", "-P", "+0", "app"], "numactl -C 0-7 -P +0 app"),
    (["numactl", "-m"], "numactl ..."),
    (["numactl", "--unheard-of", "1", "app"], "numactl ..."),
    (
        ["numactl", "-m", "1", "taskset", "-c", "0-3", "app", "x"],
        "numactl -m 1 taskset -c 0-3 app ...",
    ),
    (["taskset", "0xff", "app"], "taskset 0xff app"),
    (["taskset", "-p", "0xff", "1234"], "taskset ..."),
    (
        ["systemd-run", "--scope", "-p", "MemoryMax=10G", "app", "x"],
        "systemd-run --scope -p MemoryMax=10G app ...",
    ),
    (
        ["systemd-run", "-pNUMAPolicy=bind", "--property=NUMAMask=1", "--", "app"],
        "systemd-run -pNUMAPolicy=bind --property=NUMAMask=1 app",
    ),
    (
        ["systemd-run", "--user", "--unit=x", "-G", "/usr/bin/numactl", "-m", "1", "app"],
        "systemd-run --user /usr/bin/numactl -m 1 app",
        "systemd-run --user /usr/bin/numactl -m 1 ...",
    ),
    (["systemd-run", "--slice", "a", "/usr/bin/app"], "systemd-run /usr/bin/app"),
    (
        ["docker", "run", "-d", "--rm", "--cpuset-mems=1", "-m", "4g", "image", "-m", "2g"],
        "docker run --cpuset-mems=1 -m 4g ...",
    ),
    (
        ["docker", "run", "--name", "x", "--cpuset-mems", "0-1", "--memory=1g", "image"],
        "docker run --cpuset-mems 0-1 --memory=1g ...",
    ),
    (
        ["podman", "run", "--network", "host", "--cpuset-cpus=0,2", "image"],
        "podman run --cpuset-cpus=0,2 ...",
    ),
    (["docker", "login", "-u", "me"], "docker ..."),
    (
        ["env", "A=1", "B=2", "numactl", "-m", "1", "app"],
        "env numactl -m 1 app",
        "env numactl -m 1 ...",
    ),
    (["env", "A=1", "app"], "env app", "env ..."),
    (["env", "-u", "A", "/usr/bin/app"], "env /usr/bin/app"),
    (["env", "-S", "app x"], "env ..."),
    (["nice", "-n", "5", "ionice", "-c2", "-n7", "/usr/bin/app"], "nice ionice /usr/bin/app"),
    (["nice", "-5", "app"], "nice app"),
    (
        ["sudo", "-u", "db", "-E", "/usr/bin/numactl", "-m", "0", "app"],
        "sudo /usr/bin/numactl -m 0 app",
        "sudo /usr/bin/numactl -m 0 ...",
    ),
    (["sudo", "--unheard-of", "x", "app"], "sudo ..."),
    (["timeout", "-k", "5", "1h", "/usr/bin/app"], "timeout /usr/bin/app"),
    (["stdbuf", "-oL", "/opt/x/app"], "stdbuf /opt/x/app"),
    (["chrt", "-f", "50", "app"], "chrt app"),
    (["setsid", "-w", "nohup", "app", "x"], "setsid nohup app ..."),
    (
        ["/bin/sh", "-c", "exec numactl --membind=1 app $OPTIONS"],
        "/bin/sh -c exec numactl --membind=1 app ...",
    ),
    (
        ["bash", "-euo", "pipefail", "-c", "numactl -m 1 /usr/bin/app"],
        "bash -c numactl -m 1 /usr/bin/app",
    ),
    (["sh", "-c", "app --fast"], "sh -c ..."),
    (["sh", "/etc/init.d/app", "start"], "sh ..."),
    (["sh", "-c", "sh -c 'numactl -m 1 app'"], "sh -c sh -c numactl -m 1 app"),
    (["sh", "-c", "numactl -m 1 app; rm -r x"], "sh -c numactl -m 1 ..."),
    (["busybox", "sh", "-c", "exec app"], "busybox sh -c exec app"),
    (["nginx: worker process"], "...", "nginx: ..."),
    (["/opt/My App/run", "x"], "...", "/opt/My ..."),
    (["\x1b[2J", "x"], "..."),
    (["-bash"], "..."),
]

SECRETS = [
    "xoxb-1234567890-abcdefghij",
    "xapp-1-A012-345-deadbeef",
    "xoxe.xoxp-1-Mi0yLTEy",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "glpat-ABCdef123456",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBg\n-----END PRIVATE KEY-----",
    "postgres://user:hunter2@db.example/main",
    "hunter2",
    "correct horse battery staple",
    "/secretpart/abc+def==",
    "c2VjcmV0IHdpdGggc2xhc2g/Lw==",
    "0123456789abcdef0123456789abcdef",
    "6f1ed002-ab59-4f5c-9a52-0b0e1f3c2d4a",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "p@ss:w0rd;id",
    "$ecret`id`",
    "'quoted secret' \"and more\"",
    "two\nlines\tof\x01secret",
    "sudo exec secretword",
    "--option=secretvalue",
    "-m secretvalue",
    "\u5bc6\u7801\u5bc6\u7801",
]

PLACES: list[list[str]] = [  # where {} is the secret
    ["/usr/bin/app", "--password={}"],
    ["app", "-p", "{}"],
    ["curl", "-H", "Authorization: Bearer {}", "http://x"],
    ["postgres://user:{}@host/db"],
    ["app\n{}"],
    ["env", "TOKEN={}", "/usr/bin/app"],
    ["env", "TOKEN=first {}", "app"],
    ["env", "-u", "{}", "app"],
    ["env", "-S", "TOKEN={} app"],
    ["sh", "-c", "TOKEN={} exec /usr/bin/app"],
    ["sh", "-c", "exec env TOKEN='{} {}' /usr/bin/app {}"],
    ["sh", "-c", "export A={}; numactl -m 1 app"],
    ["sh", "-c", "numactl -H\n{} x"],
    ["bash", "-lc", "numactl -m 1 app {}"],
    ["bash", "-c", "cd / && curl {}"],
    ["bash", "-c", "exec sudo -p '{}' app"],
    ["systemd-run", "--setenv=TOKEN={}", "-p", "Environment=TOKEN={}", "/usr/bin/app"],
    ["systemd-run", "--description", "of {} and", "/usr/bin/app", "{}"],
    ["systemd-run", "-p", "MemoryMax={}", "-E", "A={}", "app"],
    ["systemd-run", "-p", "{}", "--unit={}", "app"],
    ["docker", "run", "-e", "TOKEN={}", "--cpuset-mems", "1", "image", "{}"],
    ["docker", "run", "--memory={}", "--cpuset-mems={}", "-m{}", "image"],
    ["podman", "run", "--env", "A={}", "--unheard-of", "{}", "image"],
    ["docker", "{}", "run"],
    ["numactl", "--membind=1", "app", "{}"],
    ["numactl", "--membind={}", "app"],
    ["numactl", "--file={}", "--membind", "1", "app"],
    ["taskset", "-c", "0-3", "app", "{}"],
    ["nice", "-n", "{}", "app"],
    ["sudo", "-u", "db", "-p", "{}", "app"],
    ["sudo", "TOKEN={}", "app"],
    ["timeout", "5", "mysql", "-p{}"],
    ["timeout", "-s", "{}", "5", "app"],
]


def leaked(secret: str, shown: str) -> list[str]:
    """The parts of `secret` that can be read in `shown`; launchers' names and our own options are
    no secrets.
    """
    parts = [part for part in re.split(r"[\s'\"=\x01]+", secret) if len(part) > 3]
    return [part for part in parts if part in shown and part not in ("sudo", "exec")]


def shown_of_processes(root: Path, command_lines: Sequence[Sequence[str]]) -> list[str]:
    """What the section `processes` shows of command lines, each one that of a process."""
    for number, words in enumerate(command_lines, 1):
        process = root / "proc" / str(number)
        process.mkdir(parents=True)
        (process / "status").write_text(f"Name:\tx\nPid:\t{number}\n")
        (process / "cmdline").write_bytes("".join(f"{word}\0" for word in words).encode())
    pids = " ".join(str(number + 1) for number in range(len(command_lines)))
    text = run_section(root, "PROCESSES", pids, program("LAUNCHER") + program("PROCESS"))
    return [line.removeprefix("argv\t") for line in text.split("\n") if line.startswith("argv\t")]


def shown_of_units(root: Path, command_lines: Sequence[Sequence[str]]) -> list[str]:
    """What the section `units` shows of command lines, each one that of a unit whose words
    systemctl has joined.
    """
    units = (
        (
            f"Id={number}.service\nNRestarts=1\nExecStart={{ path=/x ; argv[]={' '.join(words)} "
            f"; ignore_errors=no ; pid=0 }}\n"
        )
        for number, words in enumerate(command_lines, 1)
    )
    (root / "shown").write_bytes("\n".join(units).encode())
    write_program(root, "systemctl", f"cat {root}/shown")
    text = run_section(root, "UNITS", program("LAUNCHER") + program("UNITS_KEPT"), "")
    return [
        line.removeprefix("ExecStart=")
        for line in text.split("\n")
        if line.startswith("ExecStart=")
    ]


@pytest.mark.parametrize("awk", AWKS)
def test_of_a_command_line_the_launchers_words_are_shown(tmp_path: Path, awk: str) -> None:
    """Both from /proc, where words are told apart, and from systemctl, which joins them."""
    use_awk(tmp_path, awk)
    command_lines = [shown[0] for shown in SHOWN]
    assert shown_of_processes(tmp_path, command_lines) == [shown[1] for shown in SHOWN]
    assert shown_of_units(tmp_path, command_lines) == [shown[-1] for shown in SHOWN]


@pytest.mark.parametrize("awk", AWKS)
def test_no_secret_on_a_command_line_is_shown(tmp_path: Path, awk: str) -> None:
    """24 shapes of secrets at 33 places, in both inputs: nothing of them, and no control
    character.
    """
    use_awk(tmp_path, awk)
    placed = [
        (secret, [word.replace("{}", secret) for word in place])
        for place in PLACES
        for secret in SECRETS
    ]
    for read in (shown_of_processes, shown_of_units):
        shown = read(tmp_path, [words for _, words in placed])
        leaks = [
            (said, leaked(secret, said)) for said, (secret, _) in zip(shown, placed, strict=True)
        ]
        assert [leak for leak in leaks if leak[1]] == []
        assert all(said.isascii() and said.isprintable() for said in shown)


# -- processes, units, cgroups --

NUMA_MAPS = """\
00400000 bind:1 file=/usr/local/bin/ranker mapped=1 active=0 N1=1 kernelpagesize_kB=4
7f0000000000 bind:1 anon=3 dirty=3 active=0 N0=1 N1=2 kernelpagesize_kB=2048
7f1000000000 bind:1 file=/dev/hugepages/N0=9\\040x huge dirty=1 N10=1 kernelpagesize_kB=1048576
7f2000000000 prefer (many):0-1 anon=5 N0=5 kernelpagesize_kB=4
7f3000000000 weighted interleave:0-1 anon=7 N0=3 N1=4 kernelpagesize_kB=4
7f4000000000 bind=static:1 anon=250000000 N1=250000000 kernelpagesize_kB=4096
7f5000000000 default heap anon=2 N0=2
7ffea33df000 interleave:0-1
"""
SUMMED = """\
numa\tbind:1\tN0=2048 N1=4100 N10=1048576
numa\tbind=static:1\tN1=1024000000000
numa\tdefault\tN0=8
numa\tinterleave:0-1\t
numa\tprefer (many):0-1\tN0=20
numa\tweighted interleave:0-1\tN0=12 N1=16
"""


def process(root: Path, pid: int, **files: str) -> None:
    """A process of the host that `root` stands for."""
    directory = root / "proc" / str(pid)
    directory.mkdir(parents=True)
    for name, text in files.items():
        (directory / name).write_text(text)


@pytest.mark.parametrize("awk", AWKS)
def test_numa_maps_is_summed_by_policy_and_node(tmp_path: Path, awk: str) -> None:
    """Huge pages count with their size, policies with a blank in their name are whole, one without
    pages is named too.
    """
    use_awk(tmp_path, awk)
    process(
        tmp_path, 7, status="Name:\tx\nPid:\t7\nVmRSS:\t 1 kB\n", cmdline="x\0", numa_maps=NUMA_MAPS
    )
    text = run_section(tmp_path, "PROCESSES", "7", program("LAUNCHER") + program("PROCESS"))
    assert text == f"Name:\tx\nPid:\t7\nVmRSS:\t 1 kB\nargv\tx\n{SUMMED}"


@pytest.mark.parametrize("awk", AWKS)
def test_numa_maps_that_cannot_be_read_says_why(tmp_path: Path, awk: str) -> None:
    """Whoever may not open it is told so by the kernel; there is no other reason while the process
    is there.
    """
    use_awk(tmp_path, awk)
    for pid in ("7", "self"):
        (tmp_path / "proc" / pid).mkdir(parents=True)
    (tmp_path / "proc/7/status").write_text("Name:\tx\nPid:\t7\n")
    (tmp_path / "proc/self/numa_maps").write_text("")
    write_program(
        tmp_path,
        "cat",
        (
            'case $* in */numa_maps) echo "cat: $*: Permission denied" >&2; exit 1;; *) '
            '/bin/cat "$@";; esac'
        ),
    )
    text = run_section(tmp_path, "PROCESSES", "7", program("LAUNCHER") + program("PROCESS"))
    assert text == "Name:\tx\nPid:\t7\nnuma-error\tPermission denied\n"


@pytest.mark.parametrize("part", ["cmdline", "numa_maps"])
@pytest.mark.parametrize("awk", AWKS)
def test_a_process_that_blocks_whoever_reads_it_costs_its_own_rows_only(
    tmp_path: Path, awk: str, part: str
) -> None:
    """A FIFO that brings nothing stands in for a process whose memory is locked; a Pid in a name is
    not the place where it stopped.
    """
    use_awk(tmp_path, awk)
    for pid in (7, 8, 9):
        process(
            tmp_path,
            pid,
            status=f"Name:\tPid:\t7\nPid:\t{pid}\n",
            cmdline="app\0",
            numa_maps=NUMA_MAPS.splitlines(keepends=True)[0],
        )
    (tmp_path / "proc/8" / part).unlink()
    os.mkfifo(tmp_path / "proc/8" / part)
    command = in_section(tmp_path, "PROCESSES", "7 8 9", program("LAUNCHER") + program("PROCESS"))
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    environment = {"PATH": path, "LC_ALL": "C", "LIMIT": "timeout -k 1 1"}
    text = subprocess.run(
        ["timeout", "-k", "8", "2", *command],
        capture_output=True,
        check=False,
        text=True,
        env=environment,
    ).stdout
    whole = "Name:\tPid:\t7\nPid:\t{}\nargv\tapp\nnuma\tbind:1\tN1=4\n"
    first, blocked, last = text.partition(whole.format(7))[2].partition(whole.format(9))
    assert text.startswith(whole.format(7))
    assert first.startswith("Name:\tPid:\t7\nPid:\t8\n")
    assert "numa-error\ttimed out\n" in first or part == "cmdline"
    assert ("argv\tapp\n" in first) == (part == "numa_maps")
    assert (blocked, last) == (whole.format(9), "")


def test_the_largest_processes_come_first_and_those_that_vanished_are_passed_over(
    tmp_path: Path,
) -> None:
    """24 of them; a kernel thread holds no memory."""
    for pid in range(1, 41):
        process(
            tmp_path,
            pid,
            status=f"Name:\tx\nPid:\t{pid}\n" + (f"VmRSS:\t{pid % 30:8} kB\n" if pid != 29 else ""),
        )
    largest = run_section(tmp_path, "LARGEST", program("TOP")).split(" ")[:-1]
    assert largest[:3] == ["28:28", "27:27", "26:26"]
    assert len(largest) == 24
    shutil.rmtree(tmp_path / "proc/28")
    text = run_section(tmp_path, "PROCESSES", "28 27", program("LAUNCHER") + program("PROCESS"))
    assert text.startswith("Name:\tx\nPid:\t27\n")


@pytest.mark.parametrize("awk", AWKS)
def test_one_user_cannot_take_all_places(tmp_path: Path, awk: str) -> None:
    """A page that is mapped a thousand times makes a process look large; the largest of the others
    are still among the 24.
    """
    use_awk(tmp_path, awk)
    for pid in range(1, 41):
        process(
            tmp_path,
            pid,
            status=f"Name:\tx\nUid:\t1000\t1000\t1000\t1000\nVmRSS:\t{900_000 + pid:8} kB\n",
        )
    for pid in range(101, 121):
        process(tmp_path, pid, status=f"Name:\tx\nUid:\t0\t0\t0\t0\nVmRSS:\t{pid:8} kB\n")
    largest = run_section(tmp_path, "LARGEST", program("TOP")).split()
    assert [entry.partition(":")[0] for entry in largest] == [
        *map(str, range(40, 24, -1)),
        *map(str, range(120, 112, -1)),
    ]


@pytest.mark.parametrize("awk", AWKS)
def test_many_groups_of_a_user_do_not_hide_the_services(tmp_path: Path, awk: str) -> None:
    """The section is cut at its end, and those nearest to the root come first."""
    use_awk(tmp_path, awk)
    groups = [f"user{n % 20}.slice/user-1000.slice/user@1000.service/{n}" for n in range(400)]
    # in whatever order find meets them
    for name in ["system.slice/a.service", *groups, "system.slice/zz.service", "z.slice/z.service"]:
        file = tmp_path / "sys/fs/cgroup" / name / "memory.max"
        file.parent.mkdir(parents=True)
        file.write_text("1073741824\n")
    shown = run_section(tmp_path, "CGROUPS", program("CGROUPS_KEPT")).replace(
        f"{tmp_path}/sys/fs/cgroup/", ""
    )
    assert {line.partition(".slice")[0] for line in shown.splitlines()[:3]} == {"system", "z"}
    assert len(shown.splitlines()) == 403


def test_a_log_that_blocks_costs_its_own_lines_only(tmp_path: Path) -> None:
    """One that was swapped for a FIFO after it was looked at."""
    given = tmp_path / "etc/sevbot/logs"
    given.mkdir(parents=True)
    for name in ("a.log", "b.log"):
        (given / name).write_text("job ranker ended: signal 9\n")
    write_program(
        tmp_path, "tail", 'case "$*" in *a.log) exec sleep 60 ;; esac; exec /usr/bin/tail "$@"'
    )
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    command = in_section(tmp_path, "RUNNER_LOGS", program("LAST_LINES"))
    text = (
        run(["timeout", "20", *command], PATH=path, LC_ALL="C", LIMIT="timeout -k 1 1")
        .decode()
        .replace(str(tmp_path), "")
    )
    assert text == "/etc/sevbot/logs/b.log:job ranker ended: signal 9\n"


def test_of_cgroups_those_that_place_memory_are_shown(tmp_path: Path) -> None:
    """The unified one, and of version 1 memory, cpuset and systemd's own."""
    lines = [
        "12:pids:/a",
        "11:cpuset:/b",
        "5:cpu,cpuacct:/c",
        "4:memory:/d:e",
        "1:name=systemd:/f",
        "0::/g",
    ]
    process(
        tmp_path,
        7,
        status="Name:\tx\n",
        cgroup="".join(f"{line}\n" for line in lines),
        numa_maps="",
    )
    text = run_section(tmp_path, "PROCESSES", "7", program("LAUNCHER") + program("PROCESS"))
    kept = ["11:cpuset:/b", "4:memory:/d:e", "1:name=systemd:/f", "0::/g"]
    assert text == "Name:\tx\n" + "".join(f"cgroup\t{line}\n" for line in kept)


PLAIN = {
    "MainPID": "10",
    "NRestarts": "0",
    "ActiveState": "active",
    "SubState": "running",
    "NUMAPolicy": "n/a",
    "MemoryMax": "infinity",
}
INTERESTING = [
    {"NRestarts": "3"},
    {"ActiveState": "failed"},
    {"SubState": "auto-restart"},
    {"NUMAPolicy": "bind"},
    {"AllowedMemoryNodes": "1"},
    {"MemoryMax": "1073741824"},
    {"MainPID": "4711"},
    {"ExecStart": "{ path=/bin/sh ; argv[]=/bin/sh -c true ; ignore_errors=no ; }"},
    {
        "ExecStart": (
            "{ path=/usr/bin/numactl ; argv[]=/usr/bin/numactl -m 1 x ; ignore_errors=no ; }"
        )
    },
]


@pytest.mark.parametrize("awk", AWKS)
def test_units_of_interest_are_kept_and_others_are_not(tmp_path: Path, awk: str) -> None:
    """Most services of a host are in order, and none of our business; systemctl's status is the
    section's.
    """
    use_awk(tmp_path, awk)
    units = [
        PLAIN,
        *({**PLAIN, **more} for more in INTERESTING),
        {**PLAIN, "MemoryMax": "18446744073709551615", "NUMAPolicy": ""},
    ]
    shown = "\n".join(
        "".join(f"{key}={value}\n" for key, value in {"Id": f"{n}.service", **unit}.items())
        for n, unit in enumerate(units)
    )
    (tmp_path / "shown").write_text(shown)
    write_program(tmp_path, "systemctl", f"cat {tmp_path}/shown; echo complaint >&2; exit 4")
    path = f"{tmp_path}/bin:{os.environ['PATH']}"
    command = in_section(
        tmp_path, "UNITS", program("LAUNCHER") + program("UNITS_KEPT"), "1 4711 12 "
    )
    done = subprocess.run(
        command, capture_output=True, check=False, text=True, env={"PATH": path, "LC_ALL": "C"}
    )
    assert re.findall(r"^Id=(\d+)", done.stdout, flags=re.MULTILINE) == [
        str(n + 1) for n in range(len(INTERESTING))
    ]
    assert (done.returncode, done.stderr) == (4, "complaint\n")


@pytest.mark.parametrize("awk", AWKS)
def test_an_argument_with_newlines_cannot_bring_words_in(tmp_path: Path, awk: str) -> None:
    """systemctl prints it as it is; what follows the newline is neither words nor properties, and
    odd values are not shown.
    """
    use_awk(tmp_path, awk)
    (tmp_path / "shown").write_text(
        "Id=a.service\nNRestarts=1\nExecStart={ path=/bin/sh ; argv[]=/bin/sh -c numactl -m "
        "1\nsecret\nId=secret\nFragmentPath=x secret=1\n"
        "Result=tab\tsecret\nnumactl secret ; ignore_errors=no ; }\n"
    )
    write_program(tmp_path, "systemctl", f"cat {tmp_path}/shown")
    text = run_section(tmp_path, "UNITS", program("LAUNCHER") + program("UNITS_KEPT"), "")
    assert text == (
        "Id=a.service\nNRestarts=1\nFragmentPath=...\nResult=...\nExecStart=/bin/sh -c "
        "numactl -m 1 ...\n\n"
    )


@pytest.mark.parametrize("awk", AWKS)
def test_limits_and_moved_counters_of_cgroups_are_shown(tmp_path: Path, awk: str) -> None:
    """Of both versions; what is unlimited or zero is left out, and names may hold colons and
    backslashes.
    """
    use_awk(tmp_path, awk)
    files = {
        "a.slice/x\\x2dy.service/memory.events": "low 0\nhigh 0\nmax 12\noom 0\noom_kill 3\n",
        "a.slice/x\\x2dy.service/memory.max": "max\n",
        "cri:containerd:abc.scope/memory.max": "1073741824\n",
        "memory/d/memory.limit_in_bytes": "536870912\n",
        "memory/d/memory.failcnt": "7\n",
        "memory/d/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
        "memory/e/memory.limit_in_bytes": "9223372036854771712\n",
        "memory/e/memory.failcnt": "0\n",
        "1/2/3/4/5/6/memory.max": "1\n",
    }
    for name, text in files.items():
        file = tmp_path / "sys/fs/cgroup" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    shown = run_section(tmp_path, "CGROUPS", program("CGROUPS_KEPT")).replace(
        f"{tmp_path}/sys/fs/cgroup/", ""
    )
    assert sorted(shown.splitlines()) == [
        "a.slice/x\\x2dy.service/memory.events:max 12",
        "a.slice/x\\x2dy.service/memory.events:oom_kill 3",
        "cri:containerd:abc.scope/memory.max:1073741824",
        "memory/d/memory.failcnt:7",
        "memory/d/memory.limit_in_bytes:536870912",
        "memory/d/memory.oom_control:oom_kill 2",
    ]


@pytest.mark.parametrize("awk", AWKS)
def test_of_systemds_words_those_on_ends_are_kept_and_stay_json(tmp_path: Path, awk: str) -> None:
    """journalctl prints fields in any order; its cursor, which is half of a record, is left out
    wherever it stands.
    """
    use_awk(tmp_path, awk)
    ended = {
        "MESSAGE": 'web.service: Main process exited, "x"',
        "MESSAGE_ID": "98e322203f7a4ed290d09fe03c09fe15",
    }
    cursor = {"__CURSOR": "s=1;i=2;b=3"}
    told = [
        {**cursor, **ended},
        {**ended, **cursor},
        {"MESSAGE": "a State 'stop-sigterm' timed out. Killing.", **cursor, "UNIT": "a"},
    ]
    other = {"MESSAGE": "Started web.service.", "MESSAGE_ID": "39f53479d3a045ac8e11786248231fbf"}
    (tmp_path / "said").write_text(
        "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in [*told, other])
    )
    write_program(
        tmp_path, "journalctl", f'case "$*" in *"-n 0"*) ;; *) cat {tmp_path}/said ;; esac'
    )
    lines = run_section(
        tmp_path, "SERVICE_JOURNAL", program("OLDEST") + program("SERVICE_KEPT"), "99"
    ).splitlines()

    assert [json.loads(line) for line in lines] == [
        ended,
        ended,
        {"MESSAGE": told[2]["MESSAGE"], "UNIT": "a"},
    ]


# -- journals, containers, logs, disks, growth --


@pytest.mark.parametrize("awk", AWKS)
def test_of_daemons_words_those_on_kills_are_kept_without_command_lines(
    tmp_path: Path, awk: str
) -> None:
    """They stay JSON; what a container said among docker's words is left out, and so is every other
    command of sudo's.
    """
    use_awk(tmp_path, awk)
    killed = 'sending SIGTERM to process 388 uid 0 "ranker": badness 905, VmRSS 3276 MiB'
    told = [
        {
            "MESSAGE": f'{killed}, cmdline "ranker --token=\\"hunter2\\" x"',
            "_SYSTEMD_UNIT": "earlyoom.service",
        },
        {
            "_EXE": "/usr/bin/sudo",
            "MESSAGE": "web : PWD=/ ; USER=root ; COMMAND=/usr/bin/kill -9 388",
        },
        {
            "MESSAGE": "Container failed to exit within 10s of signal 15 - using the force",
            "_SYSTEMD_UNIT": "docker.service",
        },
    ]
    podman = {"_EXE": "/usr/bin/podman", "_SYSTEMD_UNIT": "web.service"}
    warning = (
        'time="2026-11-23T08:40:12Z" level=warning msg="StopSignal SIGTERM failed to stop '
        'container web in 2 seconds, resorting to SIGKILL"'
    )
    told.append({"MESSAGE": warning, **podman})
    other = [
        {"MESSAGE": f"hunter2 {warning}", **podman},
        {"MESSAGE": killed, "CONTAINER_ID": "4f1c", "_SYSTEMD_UNIT": "docker.service"},
        {
            "_EXE": "/usr/bin/sudo",
            "MESSAGE": "web : PWD=/ ; USER=root ; COMMAND=/usr/bin/mysql -phunter2",
        },
        {
            "_EXE": "/usr/bin/sudo",
            "MESSAGE": "web : PWD=/ ; USER=root ; COMMAND=/usr/bin/kill -9 388; echo hunter2",
        },
        {"MESSAGE": "mem avail: 100 of 3900 MiB", "_SYSTEMD_UNIT": "earlyoom.service"},
    ]
    (tmp_path / "said").write_text(
        "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in [*told, *other])
    )
    write_program(tmp_path, "journalctl", f"cat {tmp_path}/said")
    lines = run_section(
        tmp_path, "DAEMONS_JOURNAL", program("OLDEST") + program("DAEMONS_KEPT")
    ).splitlines()

    # container engines are asked by themselves
    asked_twice = [{**told[0], "MESSAGE": killed}, *told[1:]] * 2
    assert [json.loads(line) for line in lines] == asked_twice


@pytest.mark.parametrize("awk", AWKS)
def test_where_older_records_were_left_out_the_oldest_is_told(tmp_path: Path, awk: str) -> None:
    """As a record of ours, in both journals."""
    use_awk(tmp_path, awk)
    (tmp_path / "said").write_text(
        "".join(
            f'{{"__MONOTONIC_TIMESTAMP":"{number}000000","MESSAGE":"a"}}\n'
            for number in range(1, 2001)
        )
    )
    write_program(
        tmp_path, "journalctl", f'case "$*" in *kubelet*) ;; *) cat {tmp_path}/said ;; esac'
    )
    oldest = '{"SEVBOT_OLDEST":"1","__MONOTONIC_TIMESTAMP":"1000000"}\n'
    assert (
        run_section(tmp_path, "DAEMONS_JOURNAL", program("OLDEST") + program("DAEMONS_KEPT"))
        == oldest
    )
    assert (
        run_section(tmp_path, "SERVICE_JOURNAL", program("OLDEST") + program("SERVICE_KEPT"), "99")
        == oldest
    )


def test_the_last_words_of_services_that_ended_are_asked_for(tmp_path: Path) -> None:
    """By unit, those that ended most often first; a name that journalctl could take for something
    else is left out.
    """
    ends = ["web.service"] * 3 + ["db.service", "x y.service", "--vacuum-size=1"]
    (tmp_path / "ends").write_text("".join(f'{{"UNIT":"{unit}"}}\n' for unit in ends))
    write_program(
        tmp_path,
        "journalctl",
        f'case "$*" in *MESSAGE_ID*) cat {tmp_path}/ends ;; *) echo "$*" ;; esac',
    )

    assert (
        run_section(tmp_path, "LAST_WORDS", program("MOST_OFTEN"))
        .rstrip()
        .endswith("_PID,_TRANSPORT _SYSTEMD_UNIT=web.service _SYSTEMD_UNIT=db.service")
    )


def test_containers_are_asked_for_where_dockerd_runs(tmp_path: Path) -> None:
    """Of this machine's own, by its socket; nothing is started, and podman, whose commands write,
    is not asked.
    """
    write_program(
        tmp_path,
        "docker",
        (
            'case "$3" in ps) echo 4f1c4f1c4f1c; echo "; id"; echo 5a2d5a2d5a2d ;; inspect) '
            'echo "$*" ;; esac'
        ),
    )
    write_program(tmp_path, "podman", "echo asked")

    assert run_section(tmp_path, "CONTAINERS", "FORMAT") == ""
    (tmp_path / "run").mkdir()
    (tmp_path / "run/docker.pid").write_text("388")
    assert (
        run_section(tmp_path, "CONTAINERS", "FORMAT")
        == "docker -H unix:///run/docker.sock inspect --format FORMAT 4f1c4f1c4f1c 5a2d5a2d5a2d\n"
    )


def test_of_supervisors_logs_the_lines_on_ends_are_shown(tmp_path: Path) -> None:
    """Of what an administrator gave us each line, and s6's tally."""
    ended = "2026-11-22 21:47:49,123 INFO exited: web (terminated by SIGKILL; not expected)"
    logs = tmp_path / "var/log/supervisor"
    logs.mkdir(parents=True)
    (logs / "supervisord.log").write_text(
        f"2026-11-22 21:47:48,123 INFO spawned: 'web' with pid 388\n{ended}\n"
    )
    given = tmp_path / "etc/sevbot/logs"
    given.mkdir(parents=True)
    (given / "runner.log").write_text("job ranker ended: signal 9\n" + "x" * 2000 + "\n")
    (tmp_path / "run/service/web/supervise").mkdir(parents=True)
    write_program(tmp_path, "s6-svdt", "echo @400000006b036f2a12345678 signal SIGKILL")
    text = run_section(tmp_path, "RUNNER_LOGS", program("LAST_LINES")).replace(str(tmp_path), "")

    assert text.splitlines() == [
        f"/var/log/supervisor/supervisord.log:{ended}",
        "/etc/sevbot/logs/runner.log:job ranker ended: signal 9",
        f"/etc/sevbot/logs/runner.log:{'x' * 1000}",
        "/run/service/web:@400000006b036f2a12345678 signal SIGKILL",
    ]


def test_sizes_are_read_twice(tmp_path: Path) -> None:
    """One that is gone meanwhile has no second size; the first sizes are those that it was
    given.
    """
    process(tmp_path, 7, status="Name:\tx\nVmRSS:\t   300 kB\n")
    (tmp_path / "proc/uptime").write_text("131.90 1.00\n")

    text = run_section(tmp_path, "GROWTH", "at:129.87 7:200 8:100").replace(str(tmp_path), "")
    assert text == "at:129.87\n7:200\n8:100\nat:131.90\n7:300\n"


def test_disks_are_shown_in_space_and_inodes() -> None:
    """As df prints them, on whatever this runs."""
    text = section_of(bundle_of(run(["sh", "-c", PROBE])), "filesystems").text
    assert re.search(r"^\S+ +\S+ +\d+ +\d+ +-?\d+ +\d+% /$", text, re.MULTILINE)
    assert "\ninodes\n" in text
