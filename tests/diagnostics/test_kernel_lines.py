"""The kernel's other lines: a log file is read for them by the same rules as a host's log, once."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.bundle import Bundle, Section
from diagnostics.confidence import OF_A_FILE
from diagnostics.facts.kernel_events import Wording
from diagnostics.facts.kernel_log import KernelLog, read_file
from diagnostics.facts.log_regions import MOST_SAID, of_stream, of_text
from diagnostics.facts.log_window import SHORT_BYTES, WINDOW_BYTES, Words
from diagnostics.kernel_lines import TOO_MANY
from diagnostics.model import Confidence, Report
from diagnostics.rules import KERNEL_SAYS
from diagnostics.rules.segfault import FAULT
from diagnostics.telling.cause_names import name_of
from diagnostics.telling.words import tell
from tests.conftest import ROOT
from tests.diagnostics.kernel_logs import KILL
from tests.diagnostics.service_records import ended, host_of
from tests.examined import examined, examined_log

LINES = {
    "hardware-memory-error": (
        "Memory failure: 0x12345: Sending SIGBUS to ranker:4242 due to hardware memory corruption"
    ),
    "pids-limit": "cgroup: fork rejected by pids controller in /system.slice/a.service",
    "disk-full": "EXT4-fs (vdb): Remounting filesystem read-only",
    "segfault": "job[388]: segfault at 0 ip 000055d0c0a0113d sp 00007ffd4f5f8e50 error 6 in job",
    "illegal-instruction": "traps: job[388] trap invalid opcode ip:401136 sp:7ffd4f5f8e50 error:0",
    "seccomp-kill": (
        'audit: type=1326 audit(1795384138.021:12): auid=4 uid=0 gid=0 ses=4 pid=388 comm="job" '
        'exe="/usr/bin/job" sig=31 arch=c000003e syscall=41 compat=0 ip=0x7f code=0x80000000'
    ),
}
MIB = 1 << 20
NOISE = "[    7.000000] usb 1-1: new high-speed USB device number 2 using xhci_hcd\n"


def log_of(text: str) -> KernelLog:
    return read_file(of_text(text, KERNEL_SAYS), KERNEL_SAYS)


@pytest.mark.parametrize("prefix", ["[  100.000000] ", "Nov 22 20:01:00 web1 kernel: ", ""])
@pytest.mark.parametrize("code", LINES)
def test_a_log_file_gives_the_finding_that_the_hosts_log_gives(code: str, prefix: str) -> None:
    """At most `likely`, and it cites the line."""
    text = f"{NOISE * 3}{prefix}{LINES[code]}\n{NOISE}"
    (finding,) = examined_log(log_of(text)).findings

    assert finding.code == code
    assert finding.judged.confidence is Confidence.LIKELY
    assert finding.judged.caveat == OF_A_FILE
    assert [(c.line, c.text) for c in finding.citations] == [(4, f"{prefix}{LINES[code]}")]


@pytest.mark.parametrize("code", LINES)
def test_who_wrote_it_is_looked_at(code: str) -> None:
    """A file is never proof, even where its lines state the kernel; another's line is nothing."""
    kernels, users = (f"{who}  :err   : [  100.000000] {LINES[code]}\n" for who in ("kern", "user"))

    (finding,) = examined_log(log_of(kernels)).findings
    assert finding.judged.confidence is Confidence.LIKELY
    assert examined_log(log_of(kernels.replace("kern  :", "daemon:") + users)).findings == ()
    unstated = f"[  100.000000] {LINES[code]}\n"
    assert examined_log(log_of(f"kern  :info  : {NOISE}{unstated}")).findings == ()


def test_a_processs_lines_name_it() -> None:
    """By the last number in brackets in front of the words: a name may look like one."""
    name = "[1]: segfault "
    text = f"[  100.000000] {name}[388]: segfault at 0 ip 0 sp 0 error 6 in job\n"
    (finding,) = examined_log(log_of(text)).findings

    assert finding.story[0] == f"{name} crashed by SIGSEGV (pid 388 at 100.0 s after boot): once."
    assert [(end.unit, end.how, end.teller) for end in finding.ends] == [
        (name, "SIGSEGV", "the kernel")
    ]


@pytest.mark.parametrize(
    "line",
    [
        "general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP",
        LINES["seccomp-kill"].replace("sig=31", "sig=0"),
        "Memory failure: 0x1a2b3: recovery action for clean LRU page: Recovered",
    ],
)
def test_what_ends_no_process_is_no_finding(line: str) -> None:
    """The kernel's own fault, a call that was only logged, a page that was saved in time."""
    assert examined_log(log_of(f"[  100.000000] {line}\n")).findings == ()


def test_on_a_host_whose_journal_nobody_could_read_the_kernels_line_is_likely() -> None:
    """The kernel wrote it, but nobody saw whether a service ended."""
    for code, line in LINES.items():
        section = Section("kernel-log", f"kern  :err   : [  100.000000] {line}\n")
        (finding,) = examined(Bundle("web1", {"kernel-log": section})).findings
        proven = code in ("hardware-memory-error", "pids-limit")

        assert finding.code == code
        assert (finding.judged.confidence is Confidence.CONFIRMED) is proven


def test_a_crash_of_what_is_no_service_is_not_clear() -> None:
    """systemd's journal has no such end, and the kernel has the crash."""
    host = host_of("", f"kern  :err   : [  100.000000] {LINES['segfault']}\n")

    assert host.findings == ()
    assert host.unknown["segfault"] == (
        "the kernel logged that job, pid 388, met it (line 2), but no end of a service by it was "
        "recorded"
    )


def test_what_no_log_can_show_is_one_line_with_the_command_that_helps() -> None:
    """And the causes of which the log has no line are another."""
    report = Report((examined_log(log_of(NOISE)),), ())
    (part,) = tell(report).parts

    hosts = [said for said in part.not_checked if "no kernel log shows this" in said]
    lines = [said for said in part.not_checked if "no line in the log says so" in said]
    assert len(hosts) == len(lines) == 1
    assert "`sevbot diagnose HOST`" in hosts[0]
    assert len(part.not_checked) == 3
    assert all(name_of(code) in lines[0] for code in LINES)


def test_a_bare_kill_tells_its_size_and_what_would_help() -> None:
    """The line is all there is."""
    kill = KILL.replace("anon-rss:1kB", "anon-rss:8388608kB")
    (part,) = tell(Report((examined_log(log_of(f"[  100.000000] {kill}\n")),), ())).parts

    assert "job, pid 300, 8.0 GiB, line 1" in part.story[1]
    assert any("40 lines before it" in said and "`dmesg -x`" in said for said in part.not_checked)


def test_words_that_nobody_looked_for_are_an_error() -> None:
    """A cause that forgets to declare its words must not be told clear."""
    log = log_of(NOISE)
    with pytest.raises(LookupError, match="not searched for 'blue moon'"):
        log.others.saying(Wording("blue moon", re.compile("blue moon")))
    assert log.others.saying(FAULT) == ()


def test_each_word_is_declared_by_the_cause_that_looks_for_it() -> None:
    """And a line with it is found."""
    assert len(KERNEL_SAYS) == len(set(KERNEL_SAYS)) > len(LINES)
    for words in KERNEL_SAYS:
        assert len(log_of(f"[  100.000000] {words}\n").others.all) == 1


@pytest.mark.parametrize("padding", [0, 70_000, WINDOW_BYTES - 120, WINDOW_BYTES + 900_000])
def test_a_line_is_found_wherever_the_window_stands(padding: int) -> None:
    """With its number and with what stands below it."""
    above = NOISE * (padding // len(NOISE))
    below = [f"[  100.{n:06}] below {n}\n" for n in range(60)]
    text = f"{above}[  100.000000] {LINES['segfault']}\n{''.join(below)}{above}"
    (event,) = read_file(of_stream(io.BytesIO(text.encode()), KERNEL_SAYS), KERNEL_SAYS).others.all

    assert event.citation.line == above.count("\n") + 1
    assert event.below == tuple(f"below {n}" for n in range(40))


def test_of_very_many_lines_the_last_ones_are_kept() -> None:
    """The last ones are those of the SEV."""
    lines = [f"[{n:12}.000000] {LINES['segfault']}\n" for n in range(3 * MOST_SAID)]
    events = log_of("".join(lines)).others.all

    assert len(events) == MOST_SAID
    assert events[-1].citation.line == 3 * MOST_SAID


def test_one_users_crashes_hide_no_line_of_another_cause() -> None:
    """Each words have a place of their own; where these were too many nothing is called clear."""
    memory = f"kern  :err   : [   99.000000] {LINES['hardware-memory-error']}\n"
    crash = f"kern  :info  : [  100.000000] {LINES['segfault']}\n"
    named = f"kern  :info  : [  100.000000] {LINES['segfault']} in Memory failure: 0x1\n"

    assert "hardware-memory-error" in {
        finding.code for finding in host_of("", memory + crash * (2 * MOST_SAID)).findings
    }
    assert (
        host_of("", memory + named * (2 * MOST_SAID)).unknown["hardware-memory-error"] == TOO_MANY
    )


FORGED = {  # what a user may call a program, or a cgroup that is his
    "hardware-memory-error": (
        "Memory failure: 0x1f3a2: Sending SIGBUS to mysqld:388 due to hardware memory corruption"
    ),
    "pids-limit": "cgroup: fork rejected by pids controller in mysqld.service",
    "disk-full": "EXT4-fs (vda1): Remounting filesystem read-only",
    "hung-task": "INFO: task mysqld:388 blocked for more than 120 seconds.",
    "seccomp-kill": "audit: type=1326 audit(1.0:1): pid=1 comm=x exe=x sig=31 arch=c000003e",
    "illegal-instruction": "traps: mysqld[388] trap invalid opcode ip:1 sp:1 error:0",
}


@pytest.mark.parametrize("code", FORGED)
def test_a_files_name_at_the_end_of_the_kernels_line_says_nothing(code: str) -> None:
    """The kernel names the mapped file behind a segfault, and anybody names a file."""
    line = f"evil[9]: segfault at 0 ip 0 sp 0 error 6 in {FORGED[code]}[1000,1000] likely on CPU 0"
    journal = ended(31 if code == "seccomp-kill" else 4)
    host = host_of(journal, f"kern  :info  : [  100.000000] {line}\n")

    found = {finding.code: str(finding.confidence) for finding in host.findings}
    assert found.get(code) in (None, "likely")
    assert code in ("seccomp-kill", "illegal-instruction") or code not in found
    (crash,) = examined_log(log_of(f"[  100.000000] {line}\n")).findings
    assert crash.code == "segfault"


def test_a_cgroups_name_is_told_whole() -> None:
    """Whoever may make cgroups names them, too: what is told is the whole of it."""
    group = "/user.slice/fork rejected by pids controller in /system.slice/mysqld.service"
    line = f"kern  :info  : [  100.000000] cgroup: fork rejected by pids controller in {group}\n"
    (finding,) = host_of("", line).findings

    assert finding.limits[0].whose == group
    assert finding.story[0].startswith(f"{group} may have no more")


def test_a_crash_of_another_program_confirms_no_services_end() -> None:
    """It came at the same time, and is not its own."""
    crash = LINES["segfault"].replace("job[", "evil[")
    units = "Id=web.service\nExecStart=/usr/bin/env /usr/local/bin/job --port 80\n"
    kernels = "kern  :info  : [  100.000000] "
    (finding,) = host_of(ended(11), f"{kernels}{crash}\n", units=units).findings
    (confirmed,) = host_of(ended(11), f"{kernels}{LINES['segfault']}\n", units=units).findings

    assert (finding.code, str(finding.confidence)) == ("segfault", "likely")
    assert (confirmed.code, str(confirmed.confidence)) == ("segfault", "confirmed")


def test_a_name_that_cannot_be_printed_hides_no_record_of_the_journal() -> None:
    """journald writes such a message as numbers; a name cut inside a letter is enough."""
    text = "INFO: task a\x01:388 blocked for more than 120 seconds."
    record = {
        "MESSAGE": list(text.encode()),
        "_TRANSPORT": "kernel",
        "SYSLOG_FACILITY": "0",
        "__REALTIME_TIMESTAMP": "1795384069000000",
    }
    journal = Section("kernel-journal", json.dumps(record, separators=(",", ":")) + "\n")
    host = examined(Bundle("web1", {"kernel-journal": journal}))

    assert [finding.code for finding in host.findings] == ["hung-task"]


HOSTILE_FILES = {
    # a line that begins where the window is cut
    "long lines": lambda: NOISE.encode() + (b"a" * (3 * MIB - 200) + b"\n") * 3 + NOISE.encode(),
    "records of 2 MB": lambda: b"".join(
        b"[  100.000000] job[3]: segfault at 0 \xf0\x9f\x98\x80" + b"x" * 2_000_000 + b"\n"
        for _ in range(40)
    ),
    "records of 64 KiB": lambda: b"".join(
        b"[  100.000000] job[3]: segfault at 0\n" + b"\n" * 65_400 for _ in range(1000)
    ),
    "nothing but words": lambda: b"segfault at\n" * 2_000_000,
}
CHILD = """
import resource, sys
from diagnostics.collect.log_file import read_log_file
from diagnostics.engine import diagnose_log
from diagnostics.rules import KERNEL_SAYS
before = resource.getrusage(resource.RUSAGE_SELF)
diagnose_log(read_log_file(sys.argv[1], words=KERNEL_SAYS))
after = resource.getrusage(resource.RUSAGE_SELF)
print(after.ru_utime - before.ru_utime, (after.ru_maxrss - before.ru_maxrss) // 1024)
"""


@pytest.mark.parametrize("name", HOSTILE_FILES)
def test_no_file_takes_long_or_much_memory(name: str, tmp_path: Path) -> None:
    """In a process of its own, so that one without an end is a failure and no hang."""
    path = tmp_path / "log"
    path.write_bytes(HOSTILE_FILES[name]())
    command = [sys.executable, "-c", CHILD, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, cwd=ROOT)
    cpu_s, mib = done.stdout.split()

    assert float(cpu_s) < 10
    assert int(mib) < 100


WORDS = st.lists(st.sampled_from([b"ab", b"xyz", b"q.*", b"\n(", b"\xff\xfe"]), unique=True)


@given(words=WORDS, data=st.binary(max_size=200), seed=st.lists(st.integers(0, 4), max_size=20))
def test_one_by_one_and_together_the_same_is_found(
    words: list[bytes], data: bytes, seed: list[int]
) -> None:
    """However many words there are: only the time differs."""
    text = bytearray(data + b"".join([b"ab", b"xyz", b"q.*", b"\n(", b"\xff\xfe"][n] for n in seed))
    few = sorted(found for word in words for found in Words([word]).find(text, 0, len(text)))
    long = text + bytearray(SHORT_BYTES)
    padded = Words([*words, *(b"never%d" % n for n in range(8))])

    assert list(padded.find(long, 0, len(long))) == few
    assert list(Words(words).find(text, 0, len(text))) == few


BOOT = "kern  :info  : [    0.000000] Linux version 6.1.0\n"
CLOCK = Section("clock", "now 1795384570\nuptime 600.92 537.49\nbtime 1795383969\n")


def journal_of(*said: tuple[float, str]) -> Section:
    """The kernel's journal with these texts, by seconds since boot."""
    records = [
        {
            "MESSAGE": text,
            "_TRANSPORT": "kernel",
            "SYSLOG_FACILITY": "0",
            "_SOURCE_MONOTONIC_TIMESTAMP": str(round(at_s * 1_000_000)),
            "__REALTIME_TIMESTAMP": str(1_795_383_969_000_000 + round(at_s * 1_000_000)),
        }
        for at_s, text in said
    ]
    lines = "".join(f"{json.dumps(record, separators=(',', ':'))}\n" for record in records)
    return Section("kernel-journal", lines)


def host_with(*sections: Section) -> Bundle:
    """A host that told its time, too."""
    return Bundle("web1", {section.name: section for section in (CLOCK, *sections)})


def test_what_a_ring_has_lost_the_journal_still_has() -> None:
    """The first section that came to its end is not the whole log."""
    ring = Section("kernel-log", "kern  :info  : [  400.000000] usb 1-1: new\n")
    journal = journal_of((0.0, "Linux version 6.1.0"), (300.0, LINES["hardware-memory-error"]))
    (finding,) = examined(host_with(ring, journal)).findings

    assert (finding.code, finding.citations[0].source) == (
        "hardware-memory-error",
        "kernel-journal",
    )


def test_of_two_halves_each_line_is_one() -> None:
    """Neither section is whole, and both have it."""
    line = LINES["hardware-memory-error"]
    ring = Section("kernel-log", f"kern  :err   : [  400.000000] {line}\n")
    (finding,) = examined(host_with(ring, journal_of((400.0, line)))).findings

    assert finding.story[0].startswith("The kernel sent SIGBUS once, to ranker")
    assert "pids-limit" in examined(host_with(ring, journal_of((400.0, line)))).unknown


def test_a_log_that_does_not_say_who_wrote_it_is_not_clear() -> None:
    """busybox's dmesg prints the level alone."""
    text = "<6>[    0.000000] Linux version 6.1.0\n<3>[  300.000000] x\n"
    host = examined(host_with(Section("kernel-log", text)))

    assert {"hardware-memory-error", "pids-limit", "hung-task"} <= host.unknown.keys()


@pytest.mark.parametrize("code", ["segfault", "hung-task", "hardware-memory-error"])
def test_a_name_that_dmesg_escapes_hides_nothing(code: str) -> None:
    """Of a name that is no ASCII dmesg prints each byte in four characters."""
    escaped = "gr\\xc3\\xb6\\xc3\\x9fe-dnst"
    lines = {**LINES, "hung-task": "INFO: task ranker:388 blocked for more than 120 seconds."}
    line = lines[code].replace("job[", f"{escaped}[").replace("ranker:", f"{escaped}:")
    (finding,) = examined_log(log_of(f"[  100.000000] {line}\n")).findings

    assert finding.code == code
    assert "größe-dnst" in " ".join(finding.story)


def test_a_file_with_two_copies_of_a_log_counts_each_line_once() -> None:
    """syslog beside dmesg: the same text at the same microsecond."""
    copy = f"Nov 22 20:01:00 web1 kernel: [  100.000000] {LINES['segfault']}\n"
    (finding,) = examined_log(log_of(f"[  100.000000] {LINES['segfault']}\n{copy}")).findings

    assert [end.times for end in finding.ends] == [1]


def test_a_line_without_any_prefix_is_read() -> None:
    """As `dmesg -t` prints it, or as somebody pasted it."""
    (finding,) = examined_log(log_of(f"{LINES['pids-limit']}\n")).findings

    assert finding.code == "pids-limit"


def test_of_a_file_with_too_many_lines_it_is_said() -> None:
    """No line in the log says so would be untrue."""
    named = f"[  100.000000] x in {LINES['hardware-memory-error']}\n" * (2 * MOST_SAID)

    assert examined_log(log_of(named)).unknown["hardware-memory-error"] == TOO_MANY


def test_a_file_system_that_was_made_read_only_long_ago_is_not_clear() -> None:
    """It still is, or somebody mended it: neither is seen."""
    text = f"{BOOT}kern  :err   : [  100.000000] {LINES['disk-full']}\n"
    clock = "now 1795402570\nuptime 18600.0 537.49\nbtime 1795383969\n"
    host = host_of("", text, clock=clock, filesystems="")

    assert "disk-full" not in host.clear
