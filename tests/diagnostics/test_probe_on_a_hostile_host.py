"""The real script as an account that is not root, on a host where others chose the names and the
files: what it starts is traced.
"""

from __future__ import annotations

import fcntl
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import pytest

from diagnostics.bundle import TIMED_OUT, Bundle, Missing, Section
from diagnostics.bundle.copies import LOCK
from diagnostics.bundle.framing import another_probe, unframe
from diagnostics.probe import PROBE, SECTIONS
from tests.conftest import ROOT
from tests.examined import examined
from tests.probing import TRACED_TO

SCRIPT = ROOT / "diagnostics/probe.sh"
NOBODY = 65534
AS_NOBODY = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups"]
pytestmark = [
    pytest.mark.needs("root"),  # for mounts of their own, and to become another user
    pytest.mark.needs("mounts"),
    pytest.mark.needs("setpriv"),
]

# What somebody may call a file, a service or a process; each would start `id` or write the canary
# if it became program text
NAMES = [
    "a|e;#",
    "x;id;#",
    "$(id)",
    "`id`",
    "-e id",
    "--expression=1e id",
    "w canary",
    "'; id; '",
    '"; id; "',
    "&id&",
    "%s%n",
    "\\x3bid",
    "a\nid\n",
    "*",
    "\x1b[2J",
    "=end kernel-log 0",
]
CONTENT = ";id >&2; touch canary; #\n=end runner-logs 0\n=done\n1e id\n"


def readmes_programs() -> dict[str, set[str]]:
    """The programs of each item of README's list; sections that are read together share one."""
    page = (ROOT / "README.md").read_text(encoding="utf-8")
    told = page.partition("\n## What it runs on your hosts\n")[2].partition("\n## ")[0]
    items = re.findall(r"^- \*\*(.+?)\*\*: (.+?)\.\s+\*Reads\*\s", told, re.DOTALL | re.MULTILINE)
    return {
        " ".join(name.split()): set(re.findall(r"`([a-z0-9-]+)`", programs))
        for name, programs in items
    }


def started(trace: Path) -> list[str]:
    """The programs in a trace of execve (`strace -f`), by name; what was not found is not counted.

    Where processes run at once, a call and its result are two lines.
    """
    names: dict[str, str] = {}
    found = []
    for line in trace.read_text(errors="replace").splitlines():
        pid, _, said = line.partition(" ")
        if call := re.match(r' *execve\("([^"]+)", ', said):
            names[pid] = call[1].rpartition("/")[2]
        if re.search(r"execve(?:\(| resumed>).* = 0$", said):
            found.append(names[pid])
    return found


def script_of(section: str) -> str:
    """The text of a section's program, or of the variable of that name, without comments."""
    line = re.search(
        rf"^(?:section|numbers) (?:[a-z0-9 -]* )?{section} .*$", PROBE, flags=re.MULTILINE
    )
    variable = (
        section
        if line is None
        else "NUMBERS"
        if line[0].startswith("numbers")
        else line[0].split()[5].strip('"$')
    )
    found = re.search(rf"^{variable}='(.*?)'$", PROBE, flags=re.MULTILINE | re.DOTALL)
    assert found is not None
    return re.sub(r"(?m)(?:^|\s)#.*$", "", found[1])


def words_of(text: str, programs: set[str]) -> set[str]:
    """Which of `programs` a shell text starts, as far as its words show it."""
    return {name for name in programs if re.search(rf"(?<![\w./\"'-]){name}(?=\s)", text)}


def test_readmes_table_is_what_the_script_runs() -> None:
    """Each section's row names the programs that its part of the script starts, and no other; there
    is no row too many.
    """
    table = readmes_programs()
    programs = set().union(*table.values())
    itself = table.pop("(itself)")
    assert sorted(section for row in table for section in row.split(", ")) == sorted(SECTIONS)
    for row, named in table.items():
        assert words_of(script_of(row.split(", ")[0]), programs) == named, row
    own = (
        PROBE.partition("# -- launcher words")[0]
        + PROBE.partition("# -- everything that runs")[2]
        + script_of("LARGEST")
    )
    # what `framed` starts by a variable
    readers = set(re.findall(r"(?m)^section \S+ (head|tail) ", PROBE))
    assert (
        words_of(
            re.sub(r"(?m)(?:^|\s)#.*$|^unset (?:.*\\\n)*.*$|^(?:section|numbers) .*$", "", own),
            programs,
        )
        | readers
        == itself
    )


def test_no_sed_program_holds_a_variable_and_awk_ones_are_the_scripts_own() -> None:
    """What the trace below sees is this script with those names; this holds for each sed, awk and
    find that anybody adds.
    """
    text = re.sub(r"(?m)(?:^|\s)#.*$|^unset (?:.*\\\n)*.*$", "", PROBE)
    seds = re.findall(r"(?<![\w./-])sed (?:-n )?(\"(?:[^\"\\]|\\.)*\"|'|\S+)", text)
    awks = re.findall(r"(?<![\w./-])awk (?:-v nothing=\S+ )?(\"[^\"]*\"|'|\S+)", text)
    finds = re.findall(r"(?<![\w./-])find ((?:\\\n|[^|\n])*)", text)
    assert not [
        program for program in (*seds, *finds) if re.search(r"(?<!\\)\$[A-Za-z{(@*0-9]", program)
    ]
    assert seds
    assert all(program.startswith('"') for program in seds)  # else this would not have seen its end
    assert awks
    assert any("-exec" in words for words in finds)
    assert set(awks) <= {"'", '"$1"', '"$2"', '"$program"', '"length(\\$0) < 3000"'}


@contextmanager
def host(root: Path) -> Iterator[list[str]]:
    """A host whose /etc/sevbot/logs, /run/service, /var/log and a mount are somebody else's; yields
    the words that run a command in it.
    """
    etc, run, log, mount = (root / name for name in ("etc", "run", "log", "m"))
    shutil.copytree(
        "/etc", etc, symlinks=True, ignore=shutil.ignore_patterns("ssh", "shadow", "ssl")
    )
    (etc / "sevbot/logs").mkdir(parents=True)
    for directory in (run / "service", log / "supervisor", mount):
        directory.mkdir(parents=True)
    for name in NAMES:
        (etc / "sevbot/logs" / name).write_text(CONTENT)
        (run / "service" / name / "supervise").mkdir(parents=True)
    (etc / "sevbot/logs/runner.log").write_text(f"job ranker ended: signal 9\n{CONTENT}")
    (log / "supervisor/supervisord.log").write_text(
        "2026-11-22 21:47:49,123 INFO exited: $(id) (terminated by SIGKILL; not expected)\n"
    )
    odd = mount / "$(id);id"
    odd.mkdir()
    mounts = [
        f"mount --bind {root}/{name} {place}"
        for name, place in (("etc", "/etc"), ("run", "/run"), ("log", "/var/log"))
    ]
    mounts.append(f"mount -t tmpfs 'x;id' '{odd}'")
    for path in (root, etc, run, log):
        path.chmod(0o755)
    yield ["unshare", "--mount", "sh", "-ec", f'{" && ".join(mounts)}; exec "$@"', "sh"]


@pytest.mark.needs("strace")
@pytest.mark.needs("s6-svdt")
def test_no_name_that_others_chose_starts_a_program(tmp_path: Path) -> None:
    """Nothing but what README's list names is started, nothing is written.

    What cannot be named plainly is counted.
    """
    root = tmp_path / "host"
    root.mkdir()
    trace = tmp_path / "trace"
    place = tmp_path / "place"  # where the account could write
    place.mkdir()
    place.chmod(0o777)
    comms = [subprocess.Popen(["python3", "-c", NAMED, name]) for name in NAMES]
    try:
        with host(root) as inside:
            done = subprocess.run(
                [*inside, *TRACED_TO, trace, *AS_NOBODY, "sh", SCRIPT],
                capture_output=True,
                check=True,
                cwd=place,
            )
    finally:
        for process in comms:
            process.kill()
            process.wait()
    bundle = unframe(done.stdout, "host")
    assert isinstance(bundle, Bundle)
    assert set(bundle.sections) == set(SECTIONS)
    assert set(started(trace)) <= set().union(*readmes_programs().values()) | {"setpriv"}
    assert list(place.iterdir()) == []
    logs = bundle.get("runner-logs")
    assert isinstance(logs, Section)
    assert re.findall(r"(?m)^/etc/sevbot/logs/([^:]*):job", logs.text) == ["runner.log"]
    assert {line.partition(":")[0] for line in logs.text.splitlines()} <= {
        "/etc/sevbot/logs/runner.log",
        "/var/log/supervisor/supervisord.log",
    }
    assert (
        examined(bundle).not_seen["runner-logs"].startswith(f"passed over: {2 * len(NAMES)} names")
    )


NAMED = """
import ctypes, sys, time
held = bytearray(40 << 20)
ctypes.CDLL(None).prctl(15, sys.argv[1].encode())
time.sleep(60)
"""


# Runs a command and prints the most kB that one program of it held; from a small process, since a
# child begins with its parent's
MEASURED = [
    "/usr/bin/python3",
    "-Sc",
    (
        "import resource as r, subprocess, sys; subprocess.run(sys.argv[1:]); "
        "print(r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)"
    ),
]


@pytest.mark.parametrize(
    "kind", ["/dev/zero", "/etc/passwd", "/proc/self/environ", "fifo", "sparse"]
)
def test_a_log_that_is_none_costs_little_memory_and_its_own_lines_only(
    tmp_path: Path, kind: str
) -> None:
    """A link to a device or to what the system keeps for itself, a FIFO without end, a file of
    gigabytes without a line.
    """
    root = tmp_path / "host"
    root.mkdir()
    with host(root) as inside:
        place = root / "etc/sevbot/logs/a.log"
        if kind == "fifo":
            os.mkfifo(place, 0o666)
        elif kind == "sparse":
            with place.open("wb") as file:
                file.truncate(8 << 30)
        else:
            place.symlink_to(kind)
        done = subprocess.run(
            [*inside, *MEASURED, *AS_NOBODY, "sh", SCRIPT], capture_output=True, check=True, cwd="/"
        )
    bundle = unframe(done.stdout, "host")
    assert isinstance(bundle, Bundle)
    logs = bundle.get("runner-logs")
    assert isinstance(logs, Section)
    assert "/etc/sevbot/logs/runner.log:job ranker ended: signal 9\n" in logs.text
    assert "root:" not in logs.text
    assert "PATH=" not in logs.text
    assert logs.exit == 0
    assert int(done.stderr) < 64 * 1024


# -- one at a time --


@contextmanager
def home(root: Path, mode: int = 0o700) -> Iterator[list[str]]:
    """The account's home as docs/deploy/hosts.md makes it; yields the words that run a command on
    such a host as that account.
    """
    root.chmod(0o755)
    place = root / "lib"
    (place / "sevbot-probe").mkdir(parents=True)
    (place / "sevbot-probe").chmod(mode)
    os.chown(place / "sevbot-probe", NOBODY, NOBODY)
    yield ["unshare", "--mount", "sh", "-ec", f'mount --bind {place} /var/lib; exec "$@"', "sh"]


def read(output: bytes) -> Bundle | Missing:
    return unframe(output, "host")


@pytest.mark.needs("flock")
def test_of_twenty_probes_at_once_one_runs(tmp_path: Path) -> None:
    """The others say at once that another one is running; afterwards one runs again."""
    with home(tmp_path) as inside:
        command = [*inside, *AS_NOBODY, "sh", str(SCRIPT)]
        probes = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(20)]
        found = [read(probe.communicate()[0]) for probe in probes]
        again = read(subprocess.run(command, capture_output=True, check=True).stdout)
    ran = [bundle for bundle in found if isinstance(bundle, Bundle)]
    assert {bundle.because for bundle in found if isinstance(bundle, Missing)} == {another_probe()}
    assert ran
    spans = sorted((begun_at(bundle), ended_at(bundle)) for bundle in ran)
    assert all(before[1] <= after[0] for before, after in pairwise(spans)), (
        "never two at the same time"
    )
    assert isinstance(again, Bundle)
    assert again.missing == {}


def begun_at(bundle: Bundle) -> float:
    """Seconds since boot at the first section."""
    return float(re.findall(r"^uptime (\S+)", bundle.sections["clock"].text, re.MULTILINE)[0])


def ended_at(bundle: Bundle) -> float:
    """Seconds since boot at the last section."""
    return float(re.findall(r"^at:(\S+)", bundle.sections["growth"].text, re.MULTILINE)[-1])


def running(program: Path) -> list[int]:
    """The processes that run this very file, whatever its name is to them."""
    found = []
    for link in Path("/proc").glob("[0-9]*/exe"):
        with suppress(OSError):  # most often it ended meanwhile, or is the kernel's own
            if link.samefile(program):
                found.append(int(link.parent.name))
    return found


@pytest.mark.needs("flock")
@pytest.mark.needs("cc")
def test_a_child_that_cannot_be_killed_blocks_no_later_probe(tmp_path: Path) -> None:
    """A program of root's that lives on stands in for one in an uninterruptible sleep: the account
    can end neither.
    """
    source = tmp_path / "stuck.c"
    source.write_text(
        '#include <unistd.h>\nint main(void) { setuid(0); write(1, "stuck\\n", 6); '
        "sleep(45); return 0; }\n"
    )
    root = tmp_path / "host"
    root.mkdir()
    with home(root) as inside:
        stuck = root / "lib/dmesg"
        subprocess.run(["cc", "-o", stuck, source], check=True)
        stuck.chmod(0o4755)
        script = PROBE.replace("\nPATH=", "\nPATH=/var/lib:", 1)
        command = [*inside, *AS_NOBODY, "sh", "-c", script]
        try:
            first = read(subprocess.run(command, capture_output=True, check=True).stdout)
            alive = running(stuck)
            later = read(
                subprocess.run(
                    [*inside, *AS_NOBODY, "sh", str(SCRIPT)], capture_output=True, check=True
                ).stdout
            )
        finally:
            for pid in running(stuck):
                os.kill(pid, signal.SIGKILL)
    assert alive
    assert isinstance(first, Bundle)
    assert first.missing == {}
    assert isinstance(later, Bundle), later


@pytest.mark.needs("flock")
def test_a_probe_whose_output_nobody_reads_gives_the_lock_back(tmp_path: Path) -> None:
    """A connection that broke: its shell waits in a write, with no section under way. It ends, and
    leaves nothing.
    """
    with home(tmp_path) as inside:
        command = [*inside, *AS_NOBODY, "sh", str(SCRIPT)]
        reading, writing = os.pipe()
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
        with subprocess.Popen(command, stdout=writing) as stalled:
            os.close(writing)
            time.sleep(5)
            during = read(subprocess.run(command, capture_output=True, check=True).stdout)
            stalled.wait(timeout=40)
        later = read(subprocess.run(command, capture_output=True, check=True).stdout)
        os.close(reading)
    assert isinstance(during, Missing)
    assert isinstance(later, Bundle)


@pytest.mark.needs("flock")
def test_a_home_that_others_can_open_is_not_locked(tmp_path: Path) -> None:
    """Else anybody could keep the probe out by holding the lock."""
    with home(tmp_path, mode=0o755) as inside:
        holder = subprocess.Popen([*inside, "flock", "/var/lib/sevbot-probe", "sleep", "30"])
        try:
            time.sleep(0.5)
            found = read(
                subprocess.run(
                    [*inside, *AS_NOBODY, "sh", str(SCRIPT)], capture_output=True, check=True
                ).stdout
            )
        finally:
            holder.kill()
            holder.wait()
    assert isinstance(found, Bundle)
    assert examined(found).not_seen["lock"] == LOCK["directory"]


def test_a_home_that_cannot_be_read_is_no_end() -> None:
    """dash ends where it may not open what it redirects from: nothing would be printed at all."""
    with tempfile.TemporaryDirectory() as root, home(Path(root), mode=0o300) as inside:
        done = subprocess.run(
            [*inside, *AS_NOBODY, "sh", str(SCRIPT)], capture_output=True, check=True
        )
    found = read(done.stdout)
    assert isinstance(found, Bundle)
    assert examined(found).not_seen["lock"] == LOCK["directory"]


@pytest.mark.needs("flock")
def test_a_home_as_the_documents_make_it_is_locked(tmp_path: Path) -> None:
    """And nothing is said of it, nor of a copy that is ours."""
    with home(tmp_path) as inside:
        found = read(
            subprocess.run(
                [*inside, *AS_NOBODY, "sh", str(SCRIPT)], capture_output=True, check=True
            ).stdout
        )
    assert isinstance(found, Bundle)
    assert found.remarks == {}


# -- what it costs --


@pytest.mark.needs("strace")
def test_it_starts_few_programs_and_needs_little_cpu(tmp_path: Path) -> None:
    """On a host with 300 more processes: at most 150 programs, at most 6 of them for the processes;
    a second of CPU at most.
    """
    sleepers = [subprocess.Popen(["sleep", "60"]) for _ in range(300)]
    trace = tmp_path / "trace"
    try:
        strace = [
            "strace",
            "-f",
            "-qq",
            "-e",
            "trace=execve,write",
            "-s",
            "60",
            "-e",
            "signal=none",
            "-o",
            str(trace),
        ]
        subprocess.run([*strace, "sh", SCRIPT], capture_output=True, check=True)
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        output = subprocess.run(["sh", SCRIPT], capture_output=True, check=True).stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    finally:
        for sleeper in sleepers:
            sleeper.kill()
            sleeper.wait()
    bundle = read(output)
    assert isinstance(bundle, Bundle)
    assert {
        name for name, section in bundle.sections.items() if section.exit not in TIMED_OUT
    } == set(SECTIONS)
    assert len(started(trace)) <= 150
    between = tmp_path / "between"
    between.write_text(
        trace.read_text(errors="replace")
        .partition("=begin processes")[2]
        .partition("=end processes")[0]
    )
    assert 1 <= len(started(between)) <= 6
    assert after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime < 1.0
