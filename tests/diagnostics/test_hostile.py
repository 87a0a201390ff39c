"""Text that somebody wrote to make a reader slow or fail: a MiB of it in little more time than a
plain one takes, and any mutation of a log without a crash.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial

import pytest

from diagnostics.bundle import Bundle, Section
from diagnostics.bundle.framing import MOST_TIMES_CAP, unframe
from diagnostics.bundle.redact import FREE_TEXT, redact_bundle
from diagnostics.engine import diagnose, report_on
from diagnostics.facts import FACTS, kernel_log
from diagnostics.facts.kernel_log import KernelLog
from diagnostics.node_list import parse_nodes
from diagnostics.plain import plain
from diagnostics.probe import CAPS
from diagnostics.rules import KERNEL_SAYS
from diagnostics.telling.render import to_text
from diagnostics.telling.report_json import to_json
from tests.conftest import ROOT
from tests.seeded import Seeded
from tests.yardstick import times_a_plain_mib

MIB = 1 << 20
MOST_TIMES = 3.0  # the words of a plain MiB: some 90 ms where the README's figures were measured
SUMMARY = (
    "[1.000000] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0-1,"
)
PIECES = {  # each is repeated to a MiB
    "newlines": "\n",
    "empty stamps": "[1.000000] \n",
    "one line": "[1.000000] a",
    "brackets": "[ [",
    "stamps in a row": "[1.000000]",
    "spaces": " ",
    "deep indents": "[1.000000] a\n" + " " * 4000 + "b\n",
    "quotes": "> > > ",
    "nulls": "\0",
    "colons": "a: ",
    "words": "host kernel: ",
    "dates": "Nov 22 20:01:00 ",
    "many dates": "Nov 22 20:01:00 h kernel: x\n",
    "headers": "[1.000000] a invoked oom-killer: gfp_mask=0, order=0\n",
    "a header's words": "[1.000000] " + "a invoked oom-killer " * 300 + "\n",
    "bare kills": "[1.000000] Killed process 1 (a) total-vm:1kB, anon-rss:1kB, file-rss:1kB\n",
    "many victims": (
        "[1.000000] Out of memory: Killed process %d (a) total-vm:1kB, anon-rss:1kB, "
        "file-rss:1kB, shmem-rss:0kB\n"
    ),
    "segfaults": "kern  :info  : [    1.000000] a[1]: segfault at 0 ip 0 sp 0 error 4 in a[0+1]\n",
    "one segfault among much": "kern  :info  : [    1.000000] x\n" * 400 + "segfault at\n",
    "group kills": "[1.000000] Tasks in /a are going to be killed due to memory.oom.group set\n"
    "[1.000000] Memory cgroup out of memory: Killed process %d (a) total-vm:1kB, "
    "anon-rss:1kB, file-rss:1kB, shmem-rss:0kB\n",
    "brackets in a kill": "[1.000000] Killed process 1 (" + "(a) " * 1500 + "\n",
    "task fields": SUMMARY + "global_oom,task_memcg=/" + ",task=a,pid=1" * 400 + "\n",
    "memcg fields": SUMMARY + "oom_memcg=/" + ",task_memcg=/a" * 400 + "\n",
    "zones": "[1.000000] Node 0 Normal free:1kB min:1kB low:1kB high:1kB\n",
    "node words": "[1.000000] " + "Node 1 " * 1000 + "\n",
    "pairs": "[1.000000] Node 0 Normal free:" + "1kB min:" * 900 + "\n",
    "buddies": "[1.000000] Node 0 Normal: " + "1*4kB " * 1000 + "\n",
    "table rows": "[1.000000] [ pid ] uid tgid total_vm rss oom_score_adj name\n"
    + "[1.000000] [  1] 0 1 1 1 0 a\n" * 50,
    "wide rows": "[1.000000] [ pid ] uid "
    + "a " * 2000
    + "name\n[1.000000] [ 1] "
    + "1 " * 4000
    + "\n",
    "chosen": "[1.000000] Out of memory: Kill process 1 (a) score 1 or sacrifice child\n",
    "mems": "[1.000000] " + "a cpuset=" * 500 + " mems_allowed=\n",
    "memcg tasks": "[1.000000] Task in " + "a killed as a result of limit of " * 200 + "\n",
    "json": '{"MESSAGE":"' + "a" * 500 + '","_TRANSPORT":"kernel","SYSLOG_FACILITY":"0"}\n',
    "json of brackets": "{" * 200 + "\n",
    "json arrays": '{"MESSAGE":' + "[" * 5000 + "\n",
    "node lists": "1-4000,",
    "names": "Name:\ta\nPid:\t1\nVmRSS:\t 1 kB\ncgroup\t0::/a\nnuma\tbind:0-3\tN0=1 N1=1\n",
    "numa": "Name:\ta\nPid:\t1\nVmRSS:\t 1 kB\nnuma\t" + "bind:" * 800 + "\n",
    "meminfo": "Node 0 MemTotal: 1 kB\nNode 0 MemFree: 1 kB\n",
    "zoneinfo": "Node 0, zone Normal\n        high     1\n",
    "units": "Id=a.service\nExecStart=/usr/bin/numactl -m1 a\n\n",
    "properties": "a=b\n",
    "frames": "=begin kernel-log\n|a\n=end kernel-log 0\n",
    "frame words": "=begin ",
    "containers": 'docker ["a","/web","exited",137,false,"2026-11-23T07:00:00Z",3,0]\n',
    "job logs": "/etc/sevbot/logs/a:2026-11-23T07:00:00Z job ranker (pid 3) exited with signal 9\n",
    "job words": "/etc/sevbot/logs/a:" + "ranker (pid 3) exited " * 40 + "\n",
    "supervisord": (
        "/a:2026-11-23 07:00:00,123 INFO exited: web (terminated by SIGKILL; not expected)\n"
    ),
    "tallies": "/a:@400000006a0f1c2e12345678 signal SIGKILL\n",
    "sizes": "at:1.5\n388:4000\n",
    "disks": "/dev/vda1 ext4 1024000 1023996 0 100% /\n",
    "records": (
        '{"_PID":"388","_SYSTEMD_UNIT":"a.service","MESSAGE":"a",'
        '"__REALTIME_TIMESTAMP":"1795383969000000"}\n'
    ),
    "passwords": "password=",
    "urls": "a://a@a?a ",
    "escapes": "\x1b[1m",
    "half escapes": "\x1b[1;",
    "carriage returns": "\r" * 8000 + "a\n",
    "bidi": "\u202e",
}
# ten thousand kills, each of which is an incident: this is not hostile, but work
ALL_TRUE = {"many victims", "group kills"}


def mib_of(piece: str) -> str:
    if "%d" in piece:
        return "".join(piece % number for number in range(1, MIB // len(piece)))[:MIB]
    return (piece * (MIB // len(piece) + 1))[: MIB - 1] + "\n"


@pytest.mark.parametrize("name", PIECES)
def test_a_hostile_mib_costs_a_fact_little_more_than_a_plain_one(name: str) -> None:
    """By each reader of a fact, in each section, as much as unframing lets through."""
    text = mib_of(PIECES[name])
    most = MOST_TIMES * (4 if name in ALL_TRUE else 1)
    for kind, read in READERS.items():
        for section in SECTIONS_OF[kind.__name__]:
            bundle = Bundle(
                "web1", {section: Section(section, text[: MOST_TIMES_CAP * CAPS.get(section, MIB)])}
            )
            took = times_a_plain_mib(partial(read, bundle), most)
            assert took <= most, (kind.__name__, section)


READERS: Mapping[type, Callable[[Bundle], object]] = {
    **FACTS,
    KernelLog: partial(kernel_log.read, words=KERNEL_SAYS),
}
SECTIONS_OF = {
    "Clock": ("clock",),
    "KernelLog": ("kernel-log",),
    "ServiceJournal": ("service-journal",),
    "Units": ("units",),
    "Processes": ("processes",),
    "Nodes": ("node-meminfo", "zoneinfo"),
    "Counters": ("vmstat",),
    "Sev": ("sev",),
    "OtherEnds": ("containers", "runner-logs"),
    "DaemonJournal": ("daemons-journal",),
    "LastWords": ("last-words",),
    "Settings": ("sysctls",),
    "Growth": ("growth",),
    "Filesystems": ("filesystems",),
    "Boots": ("boots",),
    "Peaks": ("inventory", "cgroups"),
    "Tools": ("uname", "numactl"),
}


LOGS = sorted((ROOT / "tests" / "logs").glob("*.txt"))
MUTATIONS = int(os.environ.get("SEVBOT_FUZZ", "2000"))  # make fuzz: 100,000


def mutated(log: str, dice: Seeded) -> str:
    """A log with lines cut, doubled, swapped, joined or glued, and characters changed."""
    start = dice.randrange(len(log))
    lines = log[start : start + dice.randrange(200, 12000)].split("\n")
    for _ in range(dice.randrange(1, 8)):
        place, other = dice.randrange(len(lines)), dice.randrange(len(lines))
        line = lines[place]
        lines[place] = dice.choice(
            (
                line[: dice.randrange(len(line) + 1)],
                line[dice.randrange(len(line) + 1) :],
                f"{line}\n{lines[other]}",
                lines[other],
                f"{line}{lines[other]}",
                line.replace(
                    dice.choice("0123456789 :,=([{"),
                    dice.choice(
                        ("", "-", "99999999999999999999", "\0", "\u202e", "\ud800", "(", "{")
                    ),
                ),
            )
        )
    return "\n".join(lines) + dice.choice(("", "\n"))


@pytest.mark.timeout(1800)
def test_no_mutation_of_a_log_makes_it_fail() -> None:
    """Each is read, judged and told; what a rule of ours failed on would be said as a defect."""
    dice = Seeded(20)
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in LOGS]
    for number in range(MUTATIONS):
        text = mutated(dice.choice(texts), dice)
        report = report_on([diagnose(Bundle("web1", {"kernel-log": Section("kernel-log", text)}))])
        told = to_json(report) + to_text(report)
        assert "please report this as a defect" not in told, (number, told)


@pytest.mark.parametrize("name", PIECES)
def test_hostile_words_are_told_and_framed_in_time(name: str) -> None:
    """What is not a fact's reader, but reads what a host sent."""
    text = mib_of(PIECES[name])
    sent = text.encode("utf-8", "replace")
    readers: dict[str, Callable[[], object]] = {
        "plain": partial(plain, text, 200),
        "unframe": partial(unframe, sent, "web1"),
        "parse_nodes": partial(parse_nodes, text),
    }
    for section in FREE_TEXT:
        bundle = Bundle("web1", {section: Section(section, text[: MOST_TIMES_CAP * CAPS[section]])})
        readers[section] = partial(redact_bundle, bundle)
    for what, read in readers.items():
        assert times_a_plain_mib(read, MOST_TIMES) <= MOST_TIMES, what
