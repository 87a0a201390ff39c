"""The probe's output and the bundle it stands for: `unframe` reads what a host printed, `frame`
prints what a host would.

    =sevbot-probe 2 DIGEST   (of the probe's own text, or `sent` for one that the host was sent)
    =unlocked WHY       (no lock could be taken: `directory`, `flock`)
    =begin NAME
    |content
                        (empty: the last content line was ended)
    !stderr
    =end NAME STATUS    (a bundle printed again also says `cut` or `whole`, and `-` for a status
                        that was never seen)
    =missing NAME WHY   (only of a bundle that is printed again, and only in words of ours: whoever
                        prints it may be no host of ours)
    =busy               (instead of all sections: another probe of the same account is running)
    =done

Content can never look like a frame, since each of its lines stands behind a bar. Rubbish outside
sections is passed over; an output that breaks off leaves its last section without an exit status
and all later ones missing. `copies` says what the first two lines mean.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, compress, count, repeat, takewhile
from operator import contains

from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.bundle.copies import COPY_IT, SENT, number, of_copy, of_lock
from diagnostics.bundle.redact_text import redact
from diagnostics.probe import CAPS, KEEPS_END, SECTIONS, VERSION

MAGIC = b"=sevbot-probe "
ENDED_EARLY = "the probe's output ended before it"
MOST_NOTES = 4000  # bytes of stderr; the probe sends the last 1000
# of a section, whatever a host sends; bytes that are no text take three times their size when they
# are printed again
MOST_TIMES_CAP = 4
BUSY = b"=busy"
NOT_BROUGHT = "the probe did not bring it"
NOT_IN_COPY = "the host's copy of the probe does not bring it"
NOT_RECORDED = "not recorded"  # of recordings that are older than the section
_TOLD = (ENDED_EARLY, NOT_BROUGHT, NOT_RECORDED)
_BAR = re.compile(rb"\n\|")  # found in less time than by `bytes.split`
_RUN = re.compile(rb"=.*\n|\n+|(?:!.*\n)+|(?:[^=!\n].*\n)+")
_BLANK = re.compile(rb"\n{3,}")


@dataclass
class _Open:
    """A section while its lines come in, without bars and ends.

    `whole` turns True once the last content line is known to be ended.
    """

    name: str
    content: list[bytes] = field(default_factory=list)
    notes: list[bytes] = field(default_factory=list)
    whole: bool = False


class _Reader:
    """Takes lines in runs, and makes sections of them."""

    def __init__(self) -> None:
        self._sections: dict[str, Section] = {}
        self._current: _Open | None = (
            # its last content line counts only once something after it shows that it was ended
            None
        )
        self.told: dict[str, str] = {}
        self.unlocked: str | None = None
        self.done = False

    def take_content(self, lines: list[bytes]) -> None:
        """Lines that stood behind bars."""
        if self._current is not None and lines:
            self._current.content += lines
            self._current.whole = False

    def take_others(self, lines: bytes) -> None:
        """Lines that stood behind none, each with its end."""
        for found in _RUN.finditer(lines):
            run = found[0]
            if run[:1] == b"=":
                self._take_frame(run[:-1])
            elif self._current is not None and run[:1] == b"\n":
                self._current.whole = True
            elif self._current is not None and run[:1] == b"!":
                self._current.notes += (line[1:] for line in run[:-1].split(b"\n"))

    def _take_frame(self, line: bytes) -> None:
        if line == b"=done":
            self.done = True
        elif line.startswith(b"=missing "):
            name, _, why = _text(line[9:]).partition(" ")
            if why in _TOLD:
                self.told[name] = why
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
    start = _start(output)
    if start is None:
        return Missing(_no_probe(output))
    if output.startswith(BUSY + b"\n", _next(output, start)):
        return Missing(another_probe(), ask_again=True)
    return _read(output, start, host)


def is_busy(output: bytes | bytearray) -> bool:
    """Whether the probe said that another one is running."""
    if BUSY not in output:
        return False
    start = _start(output)
    if start is None:
        return False
    said = _next(output, start)
    return output.startswith(BUSY + b"\n", said) or output[said:] == BUSY


def another_probe(for_s: float = 0.0) -> str:
    """What is told of a host on which another probe is running, and was seen to be for `for_s`
    seconds.
    """
    seen = f" (seen for {for_s:.0f} s)" if for_s else ""
    return (
        f"another probe is running on this host{seen}, and one at a time is allowed; ask again in"
        " some seconds"
    )


def _start(output: bytes | bytearray) -> int | None:
    """Where the probe's first line begins, which has an end."""
    start = 0 if output.startswith(MAGIC) else output.find(b"\n" + MAGIC) + 1
    is_there = output.startswith(MAGIC, start) and output.find(b"\n", start) >= 0
    return start if is_there else None


def _next(output: bytes | bytearray, start: int) -> int:
    return output.index(b"\n", start) + 1


def _read(output: bytes, start: int, host: str | None) -> Bundle:
    """The bundle in the probe's first line and those behind it."""
    begins, ends = (
        _next(output, start),
        output.rindex(b"\n") + 1,
    )  # what follows the last newline is not a line
    header = _text(output[start + len(MAGIC) : begins - 1]).split()
    reader = _Reader()
    _take_lines(output[begins - 1 : ends - 1], reader)
    sections = reader.over(output[ends:])
    known = {name: section for name, section in sections.items() if name in CAPS}
    remarks = _remarks(header, reader.unlocked, sections)
    absent = (NOT_IN_COPY if "probe" in remarks else NOT_BROUGHT) if reader.done else ENDED_EARLY
    missing = {name: reader.told.get(name, absent) for name in SECTIONS if name not in sections}
    version = number(header[0]) if header else None
    return Bundle(
        host=host,
        sections=known,
        missing=missing,
        probe=version or 0,
        remarks=remarks,
        was_sent=header[1:2] == [SENT],
    )


def _take_lines(lines: bytes, reader: _Reader) -> None:
    """Each line behind an end of a line. What has no bar stands behind the content line before it.

    A loop over all lines would cost ten times as much.
    """
    others, *content = _BAR.split(lines)
    reader.take_others(others[1:] + b"\n")
    at = 0
    for place in compress(count(), map(contains, content, repeat(ord("\n")))):
        content[place], _, others = content[place].partition(b"\n")
        reader.take_content(content[at : place + 1])
        reader.take_others(others + b"\n")
        at = place + 1
    reader.take_content(content[at:])


def _remarks(
    header: Sequence[str], unlocked: str | None, sections: Mapping[str, Section]
) -> dict[str, str]:
    """What is to be told of the probe that ran now."""
    unknown = [name for name in sections if name not in CAPS]
    copy = of_copy(header, unknown, is_used=len(unknown) < len(sections))
    told = {"probe": copy, "lock": of_lock(unlocked) if unlocked is not None else None}
    return {name: why for name, why in told.items() if why is not None}


def _close(current: _Open, end: str) -> Section:
    """Build the section; drop a first line that a kept end may have cut, and a last one that was
    never ended.
    """
    words = end.split()
    said = (
        words[2] if len(words) > 2 else ""
    )  # only a bundle that is printed again says so itself; its first line is whole
    content, over = _bounded(current)
    full = over or (not said and len(content) >= CAPS.get(current.name, 0))
    cut = full or said == "cut" or not words
    if full and current.name in KEEPS_END:
        content = content[content.find(b"\n") + 1 :]
    if content and not current.whole:
        content, cut = content[: content.rfind(b"\n", 0, -1) + 1], True
    return Section(
        name=current.name,
        text=_text(content),
        exit=number(words[1]) if len(words) > 1 and words[0] == current.name else None,
        notes=_text(b"\n".join(current.notes)[:MOST_NOTES]),
        cut=cut,
    )


def _bounded(current: _Open) -> tuple[bytes, bool]:
    """What a probe may print, and as much again, whatever a host sends; whether there was more."""
    most, lines = MOST_TIMES_CAP * CAPS.get(current.name, 0), current.content
    content = b"\n".join([*lines, b""])
    if len(content) <= most:
        return content, False
    in_order = reversed(lines) if current.name in KEEPS_END else iter(lines)
    sizes = accumulate(len(line) + 1 for line in in_order)
    fit = sum(1 for _ in takewhile(lambda size: size <= most, sizes))
    kept = lines[-fit:] if current.name in KEEPS_END and fit else lines[:fit]
    return b"\n".join([*kept, b""]), True


def frame(bundle: Bundle) -> bytes:
    """The output of a host that runs our own probe and says what is in `bundle`.

    A host tells neither remarks, nor another version, nor sections that no probe brings, so these
    are left out.
    """
    parts = [f"=sevbot-probe {VERSION} {SENT}\n"]
    for section in (section for section in bundle.sections.values() if section.name in CAPS):
        parts.append(f"=begin {section.name}\n")
        parts.extend(f"|{line}\n" for line in section.text.split("\n")[:-1])
        parts.append("\n")
        parts.extend(f"!{line}\n" for line in (section.notes.split("\n") if section.notes else ()))
        status = "-" if section.exit is None else section.exit
        parts.append(f"=end {section.name} {status} {'cut' if section.cut else 'whole'}\n")
    parts.extend(
        f"=missing {name} {because}\n"
        for name, because in bundle.missing.items()
        if because in _TOLD
    )
    parts.append("=done\n")
    return "".join(parts).encode("utf-8", errors="replace")


def _no_probe(output: bytes) -> str:
    if output.count(b"\n") > len(output) // 4:  # blank lines in a row say no more than one
        output = _BLANK.sub(b"\n\n", output)
    said = redact(_text(output[:2000])).strip()[:200]  # a cut secret is not known as one
    if not said:
        return (
            "the probe printed nothing: is the account's login shell no real shell, or the forced"
            f" command an old copy? Then {COPY_IT}"
        )
    return (
        f"the probe did not run; the host said {said!r}: is the login shell a real shell, and the"
        " forced command the probe?"
    )


def _text(line: bytes) -> str:
    return line.decode("utf-8", errors="replace")
