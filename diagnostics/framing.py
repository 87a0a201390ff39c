"""The probe's output and the bundle it stands for: `unframe` reads what a host printed, `frame` prints it again.

    =sevbot-probe 1
    =begin NAME
    |content
                        (empty: the last content line was ended)
    !stderr
    =end NAME STATUS    (and `cut` behind it where a bundle's section was cut)
    =done

Content can never look like a frame, since each of its lines stands behind a bar. Rubbish outside sections is passed over; an output
that breaks off leaves its last section without an exit status and all later ones missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.probe import CAPS, KEEPS_END, SECTIONS

MAGIC = b"=sevbot-probe "


@dataclass
class _Open:
    """A section while its lines come in. `whole` turns True when the empty line said that the last content line was ended."""

    name: str
    content: list[bytes] = field(default_factory=list)
    notes: list[bytes] = field(default_factory=list)
    whole: bool = False


def unframe(output: bytes, host: str | None) -> Bundle | Missing:
    """The bundle in a probe's output, or Missing with the reason if no probe can be seen in it."""
    lines = output.split(b"\n")
    fragment = lines.pop()  # what follows the last newline is not a line
    start = next((n for n, line in enumerate(lines) if line.startswith(MAGIC)), None)
    if start is None:
        return Missing(_no_probe(output))
    version = lines[start][len(MAGIC) :].strip()
    sections: dict[str, Section] = {}
    current: _Open | None = None  # its last content line counts only once something after it shows that it was ended
    done = False
    for line in lines[start + 1 :]:
        if line == b"=done":
            done = True
        elif line.startswith(b"=begin "):
            current = _Open(_text(line[7:]))
        elif line.startswith(b"=end ") and current is not None:
            sections[current.name] = _close(current, _text(line[5:]))
            current = None
        elif current is not None:
            _take(current, line)
    if current is not None:
        current.whole = current.whole or fragment.startswith(b"|")
        sections[current.name] = _close(current, "")
    because = "the probe skipped it; is the host's copy of the probe older?" if done else "the probe's output ended before it"
    missing = {name: because for name in SECTIONS if name not in sections}
    known = {name: section for name, section in sections.items() if name in CAPS}
    return Bundle(host=host, sections=known, missing=missing, probe=int(version) if version.isdigit() else 0)


def _take(current: _Open, line: bytes) -> None:
    if line.startswith(b"|"):
        current.content.append(line[1:])
        current.whole = False
    elif line.startswith(b"!"):
        current.notes.append(line[1:])
    elif not line:
        current.whole = True


def _close(current: _Open, end: str) -> Section:
    """Build the section; drop a first line that a kept end may have cut, and a last one that was never ended."""
    words = end.split()
    content = current.content
    size = sum(len(line) + 1 for line in content)
    cut = size >= CAPS.get(current.name, 0) or "cut" in words[2:] or not words
    if content and size >= CAPS.get(current.name, 0) and current.name in KEEPS_END:
        content = content[1:]
    if content and not current.whole:
        content, cut = content[:-1], True
    status = words[1] if len(words) > 1 else ""
    return Section(
        name=current.name,
        text="".join(_text(line) + "\n" for line in content),
        exit=int(status) if status.isdigit() else None,
        notes="\n".join(_text(line) for line in current.notes),
        cut=cut,
    )


def frame(bundle: Bundle) -> bytes:
    """The output that gives `bundle` again; sections that are missing are not in it."""
    parts = [f"=sevbot-probe {bundle.probe}\n"]
    for section in bundle.sections.values():
        parts.append(f"=begin {section.name}\n")
        parts.extend(f"|{line}\n" for line in section.text.split("\n")[:-1])
        parts.append("\n")
        parts.extend(f"!{line}\n" for line in section.notes.split("\n") if line)
        if section.exit is not None:
            parts.append(f"=end {section.name} {section.exit}{' cut' if section.cut else ''}\n")
    parts.append("=done\n")
    return "".join(parts).encode("utf-8", errors="replace")


def _no_probe(output: bytes) -> str:
    said = _text(output[:200]).strip()
    if not said:
        return "the probe printed nothing: is the account's login shell a real shell, and the forced command executable?"
    return f"the probe did not run; the host said {said!r}: is the login shell a real shell, and the forced command the probe?"


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace")
