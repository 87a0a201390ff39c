"""What one host said: named sections of text, or the reason why one is missing.

A bundle is the only thing that goes from collecting to deciding. As a directory it is `bundle.json` and one `NAME.txt` for each section
that came; `docs/design.md` shows it. Every format number that was ever written stays readable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

FORMAT = 1
TIMED_OUT = frozenset({124, 137, 143})  # of timeout(1) and of what it and the probe's own watcher send
MAX_FILE_BYTES = 4 * 1024 * 1024
_NAME = re.compile(r"[a-z][a-z0-9-]{0,40}")


class BundleError(ValueError):
    """A directory is not a bundle that this version can read; the message says why and what would help."""


@dataclass(frozen=True)
class Missing:
    """Something could not be looked at. `because` is a sentence for people, with the cure where there is one."""

    because: str


@dataclass(frozen=True)
class Section:
    """The text of one section. `exit` is None where its end was not seen; `notes` is what its command wrote to stderr.

    `text` holds whole lines only: a first or last line that was cut has been dropped, and `cut` says that something is gone.
    """

    name: str
    text: str
    exit: int | None = 0
    notes: str = ""
    cut: bool = False

    @property
    def ended(self) -> bool:
        return self.exit is not None


@dataclass(frozen=True)
class Bundle:
    """One host's sections. `host` is None where the text came from a file; `probe` is the version of the script that ran."""

    host: str | None
    sections: Mapping[str, Section]
    missing: Mapping[str, str] = field(default_factory=dict)
    probe: int = 1

    def get(self, name: str) -> Section | Missing:
        """The section, or why it is not there."""
        if name in self.sections:
            return self.sections[name]
        return Missing(self.missing.get(name, "it was not collected"))

    def having(self, *added: Section) -> Bundle:
        """The bundle with these sections, too."""
        return replace(self, sections={**self.sections, **{section.name: section for section in added}})


def write_directory(bundle: Bundle, directory: Path) -> None:
    """Write `bundle` to `directory`, which is made; raises FileExistsError if it holds anything."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)  # a kernel log is not for everybody
    if any(directory.iterdir()):
        raise FileExistsError(f"{directory} is not empty")
    for section in bundle.sections.values():
        (directory / f"{section.name}.txt").write_text(section.text, encoding="utf-8", errors="surrogateescape", newline="")
    about = {
        "bundle": FORMAT,
        "host": bundle.host,
        "probe": bundle.probe,
        "sections": {s.name: {"exit": s.exit, "cut": s.cut, "notes": s.notes} for s in bundle.sections.values()},
        "missing": dict(bundle.missing),
    }
    (directory / "bundle.json").write_text(json.dumps(about, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def read_directory(directory: Path) -> Bundle:
    """Read a bundle that this or an older version wrote; raises BundleError."""
    about = _read_about(directory)
    sections = {name: _read_section(directory, name, entry) for name, entry in _table(about, "sections").items()}
    missing = {name: str(because) for name, because in _table(about, "missing").items()}
    host, probe = about.get("host"), about.get("probe", 1)
    if not isinstance(host, str | None) or not isinstance(probe, int):
        raise BundleError(f"{directory}/bundle.json: host must be a name or null, probe a number")
    return Bundle(host=host, sections=sections, missing=missing, probe=probe)


def _read_about(directory: Path) -> dict[str, object]:
    try:
        about = json.loads(_bounded_text(directory / "bundle.json"))
    except FileNotFoundError as error:
        raise BundleError(f"{directory} is not a bundle: it has no bundle.json; `sevbot record HOST DIR` writes one") from error
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(f"{directory}/bundle.json cannot be read: {error}") from error
    if not isinstance(about, dict) or not isinstance(about.get("bundle"), int):
        raise BundleError(f"{directory}/bundle.json does not say which bundle format it is")
    if about["bundle"] > FORMAT:
        raise BundleError(f"{directory} is a bundle of format {about['bundle']}, newer than this sevbot reads ({FORMAT}): upgrade sevbot")
    return about


def _table(about: dict[str, object], key: str) -> dict[str, object]:
    table = about.get(key, {})
    if not isinstance(table, dict) or not all(_NAME.fullmatch(name) for name in table):
        raise BundleError(f"bundle.json: {key} must be a table of section names")
    return table


def _read_section(directory: Path, name: str, entry: object) -> Section:
    if not isinstance(entry, dict):
        raise BundleError(f"bundle.json: section {name} must be a table")
    code, notes = entry.get("exit"), entry.get("notes", "")
    if not isinstance(code, int | None) or not isinstance(notes, str):
        raise BundleError(f"bundle.json: section {name}: exit must be a number or null, notes a text")
    try:
        text = _bounded_text(directory / f"{name}.txt")
    except OSError as error:
        raise BundleError(f"section {name} cannot be read: {error}") from error
    whole = text[: text.rfind("\n") + 1]  # a last line without its end is no value, whoever cut it
    return Section(name, whole, exit=code, notes=notes, cut=bool(entry.get("cut", False)) or whole != text)


def _bounded_text(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise BundleError(f"{path} is larger than {MAX_FILE_BYTES} bytes")
    return data.decode("utf-8", errors="replace")
