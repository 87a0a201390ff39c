"""A scenario: some lines of shell that cause an incident in the guest, and what an expert says of
it.

    # ranker is bound to node 1 by numactl in ExecStart and ...    the expert's verdict
    # expect: membind-oom confirmed    every finding, no other; likely|confirmed: either
    # kernel: 6.12                     6.1 where it is not given
    # node: 8192                       MiB of each node; 600 where it is not given
    # ci                               part of .ci/run
    # reboots                          it ends with a restart, and is looked at after that

The lines may use what library.sh defines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

LAB = Path(__file__).parent
SMALL_NODE_MIB = 600
MARKS = ("ci", "reboots")
_COMMENT = re.compile(r"^# (?:(expect|kernel|node): )?(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Scenario:
    """`expected` maps each code to its confidence."""

    name: str
    verdict: str
    expected: dict[str, str]
    kernel: str
    node_mib: int
    in_ci: bool
    reboots: bool
    script: str


def scenarios() -> list[Scenario]:
    """All, those on one kernel together."""
    return sorted(
        map(_read, (LAB / "scenarios").glob("*.sh")),
        key=lambda scenario: (scenario.node_mib, scenario.kernel, scenario.name),
    )


def _read(path: Path) -> Scenario:
    text = path.read_text(encoding="utf-8")
    head = text[: text.index("\n\n")]
    comments = [(found[1], found[2]) for found in _COMMENT.finditer(head)]
    plain = [said for key, said in comments if key is None]
    codes = dict(said.split() for key, said in comments if key == "expect")
    kernel = next((said for key, said in comments if key == "kernel"), "6.1")
    node_mib = int(next((said for key, said in comments if key == "node"), SMALL_NODE_MIB))
    verdict = " ".join(said for said in plain if said not in MARKS)
    library = (LAB / "library.sh").read_text(encoding="utf-8")
    return Scenario(
        path.stem,
        verdict,
        codes,
        kernel,
        node_mib,
        "ci" in plain,
        "reboots" in plain,
        f"{library}\n{text}",
    )
