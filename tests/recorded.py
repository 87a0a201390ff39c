"""Make bundles of our recordings: `python -m tests.recorded SHARED_EVIDENCE_DIR`.

The real probe runs, with the recorded files in place of /proc and /sys and with programs that print what dmesg, journalctl and
systemctl printed then. So a recording goes through the same filters as a live host. What was not recorded is missing, never made up.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from diagnostics.bundle import Bundle, write_directory
from diagnostics.framing import unframe
from diagnostics.probe import PROBE, SECTIONS

TREE = Path(__file__).parents[1]
NOT_RECORDED = "not recorded"
ADDED_BY_JOURNALCTL = {"__REALTIME_TIMESTAMP", "__MONOTONIC_TIMESTAMP"}  # printed whatever fields are asked for
RECORDED_OF_A_HOST = tuple(name for name in SECTIONS if name not in ("cgroups", "numactl"))
UNITS = ("ranker.service", "cache.service")


def moved(script: str, root: Path) -> str:
    """`script` with `root` in place of / for /proc and /sys, and with the programs in `root`/bin found first."""
    script = re.sub(r"(?<!\w)/(?=(?:proc|sys)\b)", f"{root}/", script)
    return re.sub(r"^PATH=", f"PATH={root}/bin:", script, count=1, flags=re.MULTILINE)


def probed(root: Path, host: str) -> Bundle:
    """What the probe says of the host that `root` stands for."""
    done = subprocess.run(["sh", "-c", moved(PROBE, root)], capture_output=True, check=True, stdin=subprocess.DEVNULL)
    bundle = unframe(done.stdout.replace(f"{root}/".encode(), b"/"), host)
    if not isinstance(bundle, Bundle):
        raise TypeError(bundle.because)
    return bundle


def recorded_only(bundle: Bundle, names: Iterable[str]) -> Bundle:
    """`bundle` without the sections that the recording says nothing about."""
    sections = {name: section for name, section in bundle.sections.items() if name in set(names)}
    return replace(bundle, sections=sections, missing={name: NOT_RECORDED for name in SECTIONS if name not in sections})


def write_program(root: Path, name: str, script: str) -> None:
    """A program that the probe finds before the real one."""
    path = root / "bin" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


def write_output(root: Path, name: str, text: str) -> str:
    """Keep what a program printed; returns the shell words that print it."""
    path = root / "said" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return f"cat {shlex.quote(str(path))}"


def read_recording(path: Path) -> dict[str, str]:
    """The texts behind each `=== NAME` line."""
    parts = re.split(r"^=== (.+)\n", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def host_root(recording: Mapping[str, str], root: Path) -> None:
    """Lay a recorded host out in `root`: its files, and programs that print what was recorded of them."""
    for name, text in recording.items():
        place = re.fullmatch(r"(?:head -n 200 )?(/(?:proc|sys)/\S+)(?: btime)?", name)
        if place:
            file = root / place[1].lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            arguments = file.name == "cmdline" and file.parent.name.isdigit()
            file.write_text(text.rstrip("\n").replace(" ", "\0") + "\0" if arguments else text, encoding="utf-8")
    uname = recording["uname -a"].split()
    write_program(root, "uname", f"echo {shlex.quote(f'{uname[0]} {uname[2]} {uname[-2]}')}")
    write_program(root, "date", f"echo now {int(float(recording['date +%s.%N']))}")
    write_program(root, "dmesg", write_output(root, "dmesg", recording["dmesg -x"]))
    write_program(root, "systemctl", write_output(root, "units", _units(recording)))
    write_program(root, "journalctl", _journalctl(recording, root))


def _units(recording: Mapping[str, str]) -> str:
    asked = {name for names in re.findall(r" -p ([A-Za-z,]+)", PROBE) for name in names.split(",")}
    shown = (recording[f"systemctl show {unit}"].splitlines(keepends=True) for unit in UNITS)
    return "\n".join("".join(line for line in lines if line.split("=")[0] in asked) for lines in shown)


def _journalctl(recording: Mapping[str, str], root: Path) -> str:
    kernel_fields, service_fields = (set(names.split(",")) for names in re.findall(r"--output-fields=(\S+)", PROBE))
    kernel = _entries(recording["journalctl -k -b -o json --no-pager (fields)"])
    service = _entries(recording["journalctl -u ranker -b -o json --no-pager (systemd messages)"])
    from_systemd = [entry for entry in service if entry.get("_PID") == "1"]
    say_kernel = write_output(root, "kernel-journal", _reduced(kernel, kernel_fields))
    say_service = write_output(root, "service-journal", _reduced(from_systemd, service_fields))
    return f'case "$*" in *"-n 0"*) ;; *_PID=1*) {say_service} ;; *) {say_kernel} ;; esac'


def _entries(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def _reduced(entries: Iterable[Mapping[str, object]], fields: set[str]) -> str:
    kept = fields | ADDED_BY_JOURNALCTL
    few = ({name: value for name, value in entry.items() if name in kept} for entry in entries)
    return "".join(json.dumps(entry, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n" for entry in few)


def host_bundle(recording: Path, host: str) -> Bundle:
    """The bundle of a recorded host state."""
    with tempfile.TemporaryDirectory() as directory:
        host_root(read_recording(recording), Path(directory))
        return recorded_only(probed(Path(directory), host), RECORDED_OF_A_HOST)


def kernel_log_bundle(recording: Path, host: str) -> Bundle:
    """The bundle of a recorded kernel log."""
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        write_program(root, "dmesg", write_output(root, "dmesg", recording.read_text(encoding="utf-8")))
        return recorded_only(probed(root, host), ["kernel-log"])


def rewrite(bundle: Bundle, directory: Path) -> None:
    """Write `bundle` in place of the one that stands in `directory`; other files there, a case's own, stay."""
    directory.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as fresh:
        write_directory(bundle, Path(fresh))
        for name in ("bundle.json", *(f"{section}.txt" for section in SECTIONS)):
            (directory / name).unlink(missing_ok=True)
            if (Path(fresh) / name).exists():
                shutil.copyfile(Path(fresh) / name, directory / name)


def main(evidence: Path) -> None:
    """Write all bundles that are made of recordings."""
    seed = evidence / "seed-16g-kernel-6.1"
    rewrite(host_bundle(seed / "host-state.txt", "ranker-1"), TREE / "bot/demo/bundles/ranker")
    rewrite(host_bundle(seed / "host-state-healthy.txt", "ranker-1"), TREE / "bot/demo/bundles/healthy")
    rewrite(kernel_log_bundle(evidence / "small-2-node/5.10-D-memcg.txt", "small-1"), TREE / "tests/cases/memcg-oom-5.10")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
