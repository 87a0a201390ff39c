"""What binds a job to nodes, where it can be seen, and the change that lifts it, ready to be
pasted.

    numactl in ExecStart          the line of the unit file with another policy
    NUMAPolicy=, NUMAMask=        a drop-in for the unit
    AllowedMemoryNodes=           a drop-in for the unit (a cpuset, not a policy)
    docker --cpuset-mems          `docker update` of the container
    libvirt                       `virsh numatune` of the domain
    a script                      the place to look at: what it says never leaves the host

Every word that comes from a host is checked against what such a word may hold before it stands on a
line to copy. Commands stand on lines of their own and hold no `&`, `<` or `>`: what shows text to
people may write these in another way, and a command that was copied from there would not run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from diagnostics.facts.processes import Process
from diagnostics.facts.units import Unit
from diagnostics.memory.numactl import Membind, find_membind
from diagnostics.model import Citation
from diagnostics.node_list import list_nodes

_UNIT_NAME = re.compile(r"(?!-)[\w@:.-]{1,255}\.service", re.ASCII)
_PLAIN_WORDS = re.compile(r"[\w=,!+/.-]+(?: [\w=,!+/.-]+)*", re.ASCII)
_FILE = re.compile(r"(?!.*/\.\./)/[\w@:./-]{1,255}", re.ASCII)
_SHOWN_WORD = re.compile(r"[\w=,!+/.:@%-]+", re.ASCII)
_DOMAIN = re.compile(r"machine-qemu\\x2d\d{1,9}\\x2d([A-Za-z0-9_]{1,64})\.scope")
_SCRIPT = re.compile(
    r"/[\w@:./-]{1,250}\.(?:sh|bash|py|pl)|"
    r"/(?:usr/local/|opt/[\w.-]+/)?s?bin/[\w.-]*(?:run|start|launch|wrap)[\w.-]*",
    re.ASCII,
)


@dataclass(frozen=True)
class Policy:
    """Another memory policy: numactl's long option and value, systemd's name for it, and the nodes
    one by one where these are known.

    No option: no policy at all.
    """

    option: str | None
    nodes: str = ""
    systemd: str | None = None
    listed: str = ""


@dataclass(frozen=True)
class Launcher:
    """Where the limit is set. `edit` gives the change to a policy as text, None where there is none
    that could be pasted.
    """

    says: str
    edit: Callable[[Policy], str | None]
    citation: Citation | None = None


def find_launcher(unit: Unit | None, process: Process | None) -> Launcher | None:
    """What sets the job's memory policy; `process` is a live copy of it. The inner one wins:
    numactl runs after systemd.
    """
    if unit is not None and (membind := find_membind(unit.exec_start)):
        return Launcher(
            "numactl in ExecStart",
            lambda policy: _exec_start(membind, unit, policy),
            unit.exec_citation,
        )
    if unit is not None and unit.properties.get("NUMAPolicy") == "bind":
        return Launcher(
            f"NUMAPolicy=bind of {unit.name}",
            lambda policy: _numa_policy(unit, policy),
            unit.exec_citation,
        )
    if process is not None and process.cgroup and (domain := _DOMAIN.search(process.cgroup)):
        return Launcher(
            "libvirt's numatune", lambda policy: _numatune(domain[1], policy), process.citation
        )
    if unit is not None and unit.exec_start and (script := _SCRIPT.fullmatch(unit.exec_start[0])):
        return Launcher(
            f"the script {script[0]}, most likely",
            lambda policy: _in_script(script[0], policy),
            unit.exec_citation,
        )
    return None


def widen_cpuset(unit: Unit | None, nodes: Collection[int]) -> Launcher | None:
    """What sets the job's cpuset, with an edit that allows all nodes."""
    if unit is None or not _UNIT_NAME.fullmatch(unit.name):
        return None
    allowed = unit.properties.get("AllowedMemoryNodes")
    if allowed:
        dropin = _drop_in(unit.name, "50-memory-nodes", [f"AllowedMemoryNodes={list_nodes(nodes)}"])
        return Launcher(
            f"AllowedMemoryNodes={allowed} of {unit.name}", lambda _: dropin, unit.exec_citation
        )
    words = unit.exec_start
    option = next((word for word in words if word.startswith("--cpuset-mems")), None)
    if option is None or words[0].rsplit("/", 1)[-1] not in ("docker", "podman"):
        return None
    change = (
        f"# in ExecStart: --cpuset-mems={list_nodes(nodes)}\nsystemctl edit --full "
        f"{unit.name}   # make the change above by hand"
    )
    return Launcher(
        f"--cpuset-mems in ExecStart of {unit.name}", lambda _: change, unit.exec_citation
    )


def _exec_start(membind: Membind, unit: Unit, policy: Policy) -> str | None:
    """The change of the unit file: what it does as comments, then the commands. Arguments behind
    the program stay.
    """
    path = unit.properties.get("FragmentPath", "")
    if not _UNIT_NAME.fullmatch(unit.name) or not _FILE.fullmatch(path):
        return None
    words = (
        membind.removed()
        if policy.option is None
        else membind.replaced(policy.option, policy.nodes)
    )
    diff = [
        f"# {path}",
        f"# - ExecStart={_shown(membind.words)}",
        f"# + ExecStart={_shown(words)}",
    ]
    old, new = _flag(membind, words) if policy.option else _changed(membind.words, words)
    plain = _PLAIN_WORDS.fullmatch(old) and (not new or _PLAIN_WORDS.fullmatch(new))
    if not path.startswith("/etc/") or not plain:
        by_hand = f"systemctl edit --full {unit.name}   # make the change above by hand"
        return "\n".join((*diff, by_hand, *_restart(unit.name)))
    sed = f"sed -i.bak '/^ExecStart=/{_substitution(old, new)}' {path}"
    # where sed fails, or no line matched, nothing is restarted
    same = (f"if cmp -s {path} {path}.bak", "then echo nothing was changed", "else")
    return "\n".join((*diff, f"if {sed}", "then", *same, *_restart(unit.name), "fi", "fi"))


def _shown(words: Sequence[str]) -> str:
    """The words of a command; what a shell or a chat may take for more stands there as dots."""
    return " ".join(word if _SHOWN_WORD.fullmatch(word) else "..." for word in words)


def _flag(membind: Membind, words: Sequence[str]) -> tuple[str, str]:
    """The flag as it is and as it shall be; whole, since a bare value may stand there twice."""
    length = membind.end - membind.start
    changed = words[membind.start :][: length + len(words) - len(membind.words)]
    return " ".join(membind.words[membind.start : membind.end]), " ".join(changed)


def _substitution(old: str, new: str) -> str:
    """sed's command; without anything new one blank goes, too."""
    if new:
        return f"s| {old} | {new} |"
    return f"s| {old} | |" if old.startswith("-") else f"s|{old} ||"


def _numa_policy(unit: Unit, policy: Policy) -> str | None:
    if not _UNIT_NAME.fullmatch(unit.name) or policy.systemd is None:
        return None
    mask = [f"NUMAMask={policy.nodes}"] if policy.nodes else []
    return _drop_in(unit.name, "50-numa", [f"NUMAPolicy={policy.systemd}", *mask])


def _drop_in(unit: str, name: str, settings: Sequence[str]) -> str:
    directory = f"/etc/systemd/system/{unit}.d"
    lines = "\\n".join(("[Service]", *settings))
    return "\n".join(
        (
            f"mkdir -p {directory}",
            f"if printf '{lines}\\n' | tee {directory}/{name}.conf",
            "then",
            *_restart(unit),
            "fi",
        )
    )


def _numatune(domain: str, policy: Policy) -> str | None:
    mode = {"interleave": "interleave", "preferred": "preferred", "bind": "strict"}.get(
        policy.systemd or ""
    )
    if mode is None or not policy.listed:
        return None
    return (
        f"virsh numatune {domain} --mode {mode} --nodeset {policy.listed} --config   # from "
        "its next start on"
    )


def _in_script(script: str, policy: Policy) -> str:
    flags = (
        f"--{policy.option}={policy.nodes}"
        if policy.option and policy.nodes
        else f"--{policy.option}"
        if policy.option
        else "no policy"
    )
    return f"grep -n numactl {script}   # put {flags} in place of --membind there"


def _restart(unit: str) -> tuple[str, str]:
    return ("systemctl daemon-reload", f"systemctl restart {unit}")


def _changed(before: Sequence[str], after: Sequence[str]) -> tuple[str, str]:
    """The words that differ between two command lines."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    return " ".join(before[start : len(before) - end]), " ".join(after[start : len(after) - end])
