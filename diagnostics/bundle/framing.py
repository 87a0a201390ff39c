"""The probe's output and the bundle it stands for: `unframe` reads what a host printed, `frame` prints it again.

    =sevbot-probe 2 DIGEST   (of the probe's own text, `sent` for one that the host was sent, `recorded` for a bundle that is printed again)
    =unlocked WHY       (no lock could be taken: `directory`, `flock`)
    =begin NAME
    |content
                        (empty: the last content line was ended)
    !stderr
    =end NAME STATUS    (a bundle printed again also says `cut` or `whole`, and `-` for a status that was never seen)
    =missing NAME WHY   (only of a bundle that is printed again, as is the next)
    =remark NAME WHY
    =busy               (instead of all sections: another probe of the same account is running)
    =done

Content can never look like a frame, since each of its lines stands behind a bar. Rubbish outside sections is passed over; an output
that breaks off leaves its last section without an exit status and all later ones missing. `copies` says what the first two lines mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, groupby, takewhile
from operator import itemgetter

from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.bundle.copies import COPY_IT, REMARKS, number, of_copy, of_lock
from diagnostics.bundle.redact import redact
from diagnostics.probe import CAPS, KEEPS_END, SECTIONS

MAGIC = b"=sevbot-probe "
ENDED_EARLY = "the probe's output ended before it"
MOST_TIMES_CAP = 4  # of a section, whatever a host sends; bytes that are no text take three times their size when they are printed again
BUSY = b"=busy"
RECORDED = "recorded"
SKIPPED = f"the probe skipped it; is the host's copy of the probe older? Then {COPY_IT}"
NOT_IN_COPY = "the host's copy of the probe does not bring it"
_FIRST_BYTE = itemgetter(slice(1))
_BLANK = re.compile(rb"\n{3,}")


@dataclass
class _Open:
    """A section while its lines come in, their bars before them. `whole` turns True once the last content line is known to be ended."""

    name: str
    content: list[bytes] = field(default_factory=list)
    notes: list[bytes] = field(default_factory=list)
    whole: bool = False


class _Reader:
    """Takes runs of lines that begin with the same byte, and makes sections of them."""

    def __init__(self) -> None:
        self._sections: dict[str, Section] = {}
        self._current: _Open | None = None  # its last content line counts only once something after it shows that it was ended
        self.told: dict[str, str] = {}
        self.remarks: dict[str, str] = {}
        self.unlocked: str | None = None
        self.done = False

    def take(self, kind: bytes, run: Iterable[bytes]) -> None:
        current = self._current
        if kind == b"=":
            for line in run:
                self._take_frame(line)
        elif current is None:
            return
        elif kind == b"|":
            current.content += run
            current.whole = False
        elif not kind:
            current.whole = True
        elif kind == b"!":
            current.notes += (line[1:] for line in run)

    def _take_frame(self, line: bytes) -> None:
        if line == b"=done":
            self.done = True
        elif line.startswith(b"=missing "):
            name, _, why = _text(line[9:]).partition(" ")
            self.told[name] = why
        elif line.startswith(b"=remark "):
            name, _, why = _text(line[8:]).partition(" ")
            if name in REMARKS:
                self.remarks[name] = why
        elif line.startswith(b"=unlocked "):
            self.unlocked = _text(line[10:])
        elif line.startswith(b"=begin "):
            self._close("")  # of one whose end never came
            self._current = _Open(_text(line[7:]))
        elif line.startswith(b"=end "):
            self._close(_text(line[5:]))

    def _close(self, end: str) -> None:
        if self._current is not None:
            self._sections[self._current.name] = _close(self._current, end)
            self._current = None

    def over(self, fragment: bytes) -> dict[str, Section]:
        """All sections; `fragment` is what followed the last line."""
        if self._current is not None:
            self._current.whole = self._current.whole or fragment.startswith(b"|")
        self._close("")
        return self._sections


def unframe(output: bytes, host: str | None) -> Bundle | Missing:
    """The bundle in a probe's output, or Missing with the reason if no probe can be seen in it."""
    if output.count(b"\n") > len(output) // 4:  # no probe's: blank lines in a row say no more than one, since content has a bar before it
        output = _BLANK.sub(b"\n\n", output)
    lines = output.split(b"\n")
    fragment = lines.pop()  # what follows the last newline is not a line
    start = _start(lines)
    if start is None:
        return Missing(_no_probe(output))
    if _says_busy(lines, start):
        return Missing(another_probe(), ask_again=True)
    return _read(lines, start, fragment, host)


def is_busy(output: bytes | bytearray) -> bool:
    """Whether the probe said that another one is running."""
    if BUSY not in output:
        return False
    lines = output.split(b"\n")
    start = _start(lines)
    return start is not None and _says_busy(lines, start)


def another_probe(for_s: float = 0.0) -> str:
    """What is told of a host on which another probe is running, and was seen to be for `for_s` seconds."""
    seen = f" (seen for {for_s:.0f} s)" if for_s else ""
    return f"another probe is running on this host{seen}, and one at a time is allowed; ask again in some seconds"


def _start(lines: Sequence[bytes | bytearray]) -> int | None:
    """The number of the probe's first line."""
    return next((n for n, line in enumerate(lines) if line.startswith(MAGIC)), None)


def _says_busy(lines: Sequence[bytes | bytearray], start: int) -> bool:
    return BUSY in lines[start + 1 : start + 2]


def _read(lines: list[bytes], start: int, fragment: bytes, host: str | None) -> Bundle:
    """The bundle in the lines behind the probe's first one."""
    header = _text(lines[start][len(MAGIC) :]).split()
    reader = _Reader()
    for kind, run in groupby(lines[start + 1 :], key=_FIRST_BYTE):  # content is one run: a loop over its lines would cost twice as much
        reader.take(kind, run)
    sections = reader.over(fragment)
    known = {name: section for name, section in sections.items() if name in CAPS}
    remarks = reader.remarks if header[1:] == [RECORDED] else _remarks(header, reader.unlocked, sections)
    absent = (NOT_IN_COPY if "probe" in remarks else SKIPPED) if reader.done else ENDED_EARLY
    missing = {name: reader.told.get(name, absent) for name in SECTIONS if name not in sections}
    version = number(header[0]) if header else None
    return Bundle(host=host, sections=known, missing=missing, probe=version or 0, remarks=remarks)


def _remarks(header: Sequence[str], unlocked: str | None, sections: Mapping[str, Section]) -> dict[str, str]:
    """What is to be told of the probe that ran now."""
    unknown = [name for name in sections if name not in CAPS]
    copy = of_copy(header, unknown, is_used=len(unknown) < len(sections))
    told = {"probe": copy, "lock": of_lock(unlocked) if unlocked is not None else None}
    return {name: why for name, why in told.items() if why is not None}


def _close(current: _Open, end: str) -> Section:
    """Build the section; drop a first line that a kept end may have cut, and a last one that was never ended."""
    words = end.split()
    said = words[2] if len(words) > 2 else ""  # only a bundle that is printed again says so itself; its first line is whole
    content, over = _bounded(current)
    full = over or (not said and sum(map(len, content)) >= CAPS.get(current.name, 0))
    cut = full or said == "cut" or not words
    if content and full and current.name in KEEPS_END:
        content = content[1:]
    if content and not current.whole:
        content, cut = content[:-1], True
    return Section(
        name=current.name,
        text=_text(b"\n".join([line[1:] for line in content] + [b""])),
        exit=number(words[1]) if len(words) > 1 and words[0] == current.name else None,
        notes="\n".join(_text(line) for line in current.notes),
        cut=cut,
    )


def _bounded(current: _Open) -> tuple[list[bytes], bool]:
    """At most MOST_TIMES_CAP times what a probe may print, whatever a host sends; and whether there was more."""
    most = MOST_TIMES_CAP * CAPS.get(current.name, 0)
    if sum(map(len, current.content)) <= most:  # the bar stands for the line's end
        return current.content, False
    lines = reversed(current.content) if current.name in KEEPS_END else iter(current.content)
    sizes = accumulate(len(line) for line in lines)
    count = sum(1 for _ in takewhile(lambda size: size <= most, sizes))
    return current.content[-count:] if current.name in KEEPS_END and count else current.content[:count], True


def frame(bundle: Bundle) -> bytes:
    """The output that gives `bundle` again."""
    parts = [f"=sevbot-probe {bundle.probe} {RECORDED}\n"]
    parts.extend(f"=remark {name} {' '.join(why.split())}\n" for name, why in bundle.remarks.items())
    for section in bundle.sections.values():
        parts.append(f"=begin {section.name}\n")
        parts.extend(f"|{line}\n" for line in section.text.split("\n")[:-1])
        parts.append("\n")
        parts.extend(f"!{line}\n" for line in (section.notes.split("\n") if section.notes else ()))
        status = "-" if section.exit is None else section.exit
        parts.append(f"=end {section.name} {status} {'cut' if section.cut else 'whole'}\n")
    parts.extend(f"=missing {name} {' '.join(because.split())}\n" for name, because in bundle.missing.items())
    parts.append("=done\n")
    return "".join(parts).encode("utf-8", errors="replace")


def _no_probe(output: bytes) -> str:
    said = redact(_text(output[:2000])).strip()[:200]  # a cut secret is not known as one
    if not said:
        return f"the probe printed nothing: is the account's login shell no real shell, or the forced command an old copy? Then {COPY_IT}"
    return f"the probe did not run; the host said {said!r}: is the login shell a real shell, and the forced command the probe?"


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace")
