"""How systemd starts the services that matter, from section `units` (`systemctl show`, a blank line
between units).

    Id=ranker.service
    MainPID=658
    ExecStart=/usr/bin/numactl --membind=1 /usr/local/bin/ranker ...
    FragmentPath=/etc/systemd/system/ranker.service

`ExecStart` holds the launcher's own words only; `...` stands for what did not leave the host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from diagnostics.bundle import Bundle, Missing
from diagnostics.model import Citation

MOST_PROPERTIES = 64  # of one unit; the probe asks for 22


@dataclass(frozen=True)
class Unit:
    """One service; `properties` as `systemctl show` names them."""

    name: str
    main_pid: int | None
    exec_start: tuple[str, ...]
    exec_citation: Citation | None
    properties: Mapping[str, str]
    lines: Mapping[str, int] = field(default_factory=dict)

    def cite(self, name: str) -> Citation:
        """The line of a property that is there."""
        return Citation("units", self.lines[name], f"{name}={self.properties[name]}")


@dataclass(frozen=True)
class Units:
    """The services that were shown, by `Id` as systemd has it (`ranker.service`)."""

    by_name: Mapping[str, Unit]


def read(bundle: Bundle) -> Units | Missing:
    """The services that systemctl showed; of two with one name the last counts. Empty when
    systemctl ended well and no service matters; Missing where the section did not come, or where it
    shows none and systemctl failed or its end was not seen.
    """
    section = bundle.get("units")
    if isinstance(section, Missing):
        return section
    units: dict[str, Unit] = {}
    paragraph: list[tuple[int, str]] = []
    for number, line in enumerate([*section.text.split("\n"), ""], 1):
        if line:
            if len(paragraph) < MOST_PROPERTIES:
                paragraph.append((number, line))
            continue
        if paragraph and (unit := _read_paragraph(paragraph)):
            units[unit.name] = unit
        paragraph = []
    if not units and section.exit != 0:
        return Missing(section.notes.strip()[:200] or f"systemctl ended with status {section.exit}")
    return Units(units)


def _read_paragraph(paragraph: list[tuple[int, str]]) -> Unit | None:
    properties: dict[str, str] = {}
    lines: dict[str, int] = {}
    exec_citation = None
    for number, line in paragraph:
        key, _, value = line.partition("=")
        if key == "ExecStart" and key not in properties:
            exec_citation = Citation("units", number, line)
        properties.setdefault(key, value)
        lines.setdefault(key, number)
    if not properties.get("Id"):
        return None
    pid = properties.get("MainPID", "")
    return Unit(
        name=properties["Id"],
        main_pid=int(pid) if pid.isascii() and pid.isdigit() and pid != "0" else None,
        exec_start=tuple(properties.get("ExecStart", "").split()),
        exec_citation=exec_citation,
        properties=properties,
        lines=lines,
    )
