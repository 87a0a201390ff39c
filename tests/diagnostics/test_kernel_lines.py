"""The kernel's other lines: a log file is read for them by the same rules as a host's log, once."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.bundle import Bundle, Section
from diagnostics.confidence import OF_A_FILE
from diagnostics.facts.kernel_log import KernelLog, read_file
from diagnostics.facts.log_regions import MOST_SAID, of_stream, of_text
from diagnostics.facts.log_window import SHORT_BYTES, WINDOW_BYTES, Words
from diagnostics.model import Confidence, Report
from diagnostics.rules import KERNEL_SAYS
from diagnostics.telling.words import tell
from tests.diagnostics.kernel_logs import KILL
from tests.diagnostics.service_records import host_of
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

    assert finding.story[0] == f"{name}, pid 388 crashed by SIGSEGV: once."
    assert [(end.unit, end.how, end.teller) for end in finding.ends] == [
        (name, "SIGSEGV", "the kernel")
    ]


@pytest.mark.parametrize(
    "line",
    [
        "general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP",
        'audit: type=1326 audit(1.0:12): pid=388 comm="job" exe="/usr/bin/job" sig=0 arch=c000003e',
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
        "the kernel logged that job, pid 388, met it (line 2), but of no service that ended so"
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
    assert all(code in lines[0] for code in LINES)


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
        log.others.saying("blue moon")
    assert log.others.saying("segfault at") == ()


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

    assert padded.find(long, 0, len(long)) == few
    assert Words(words).find(text, 0, len(text)) == few
