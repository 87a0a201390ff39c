"""Kernel log text as lines: what was said, when, and whether it is certain that the kernel said it.

Prefixes are taken off token by token, whatever tool, language or mail put them there; what is no
prefix stays part of the text.

    [  178.280424][  T110] Out of memory: ...                       since boot; facility not stated
    kern  :err   : [  178.280424] Out of memory: ...                dmesg -x
    3,812,178280424,-;Out of memory: ...                            /dev/kmsg: 0..7 is facility kern
    <3>[  178.280424] Out of memory: ...                            dmesg -r: see below
    [Di Aug 12 03:54:03 2025] Out of memory: ...                    dmesg -T, in any language
    Nov 22 20:01:00 host kernel: [  178.280424] Out of memory: ...  syslog, journalctl -o short
    2026-11-22T20:01:00+0000 host kernel: Out of memory: ...        journalctl -o short-iso
    <3>1 2026-11-22T20:01:00Z host kernel - - - Out of memory: ...  RFC 5424
    {"MESSAGE": "Out of memory: ...", "SYSLOG_FACILITY": "0", ...}  journalctl -o json
    > > [  178.280424] Out of memory: ...                           mail, indents, CRLF, colours

The kernel never lets a process write with facility kern (Documentation/ABI/testing/dev-kmsg), so a
stated kern is the kernel's word.
`host kernel:` is not, since anybody may log under that name. Nor is a number below 8 in `<N>`:
util-linux's `dmesg -r` prints a record that a user wrote as `<12>` without its facility (2.38 joins
the two numbers by OR, unshifted).

A line without a prefix of its own goes on with the record above it: dmesg and journalctl print a
record's further lines so, and mail programs wrap. It takes over that record's time and facility,
and its text is joined to it, unless it begins as a record of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import Enum
from typing import NamedTuple

from diagnostics.facts.journal_records import micros_of, wall_of
from diagnostics.model import Moment

MAX_RECORD_CHARS = 16384
MAX_RECORD_LINES = 1024
SHORTEST_CHARS = 12  # a line with less is no record by itself: `[    0.000000]` is longer
MAX_LINE_CHARS = 8192  # the kernel cuts a record at about 1 kB; a line beyond this is not its own


class Facility(Enum):
    """Who wrote a line, as far as its prefix tells."""

    KERNEL = "kern"
    OTHER = "other"
    NOT_STATED = "not stated"


class LogLine(NamedTuple):
    """One record. `number` counts lines from 1 in the section it came from; `raw` is its (first)
    line as it stands there, of a JSON record its message.

    `at_prefix` tells whether it, or the record it goes on with, had a prefix. A tuple, because a
    log holds very many of them.
    """

    number: int
    text: str
    raw: str
    boot_s: float | None
    wall: datetime | None
    facility: Facility
    at_prefix: bool = False

    @property
    def at(self) -> Moment | None:
        """When it was said, where its prefix tells."""
        return (
            Moment(self.boot_s, self.wall)
            if self.boot_s is not None or self.wall is not None
            else None
        )


_KERN_PRIORITIES = 8  # facility 0 times eight levels
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_QUOTE = re.compile(r"(?:[ \t]*>)*[ \t]*")
_FACILITY = r"kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|res\d|local\d"
_ISO = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?"
_TOKENS = re.compile(
    rf"(?P<kmsg>\d{{1,3}}),\d+,(?P<usec>\d{{1,18}}),[^;]{{1,60}};"
    rf"|<(?P<level>\d{{1,3}})>(?:1 )?"
    rf"|(?P<facility>{_FACILITY}) *:[a-z]+ *: "
    r"|(?:emerg|alert|crit|err|warning|notice|info|debug)\|kernel\[-\]\|"
    r"|\[ *(?P<boot>\d{1,12}\.\d{1,9})\] ?"
    r"|\[ *[TC]\d{1,9}\] ?"
    r"|\[ *\+?\d{1,9}\.\d{1,9}\] ?"
    r"|\[[^\]\[]{0,24}\d\d:\d\d(?::\d\d)?(?: \d{4})?\] ?"
    rf"|(?P<iso>{_ISO})(?: (?=\S)|$)"
    r"|\S{1,9}\.? +\d{1,2} \d\d:\d\d:\d\d(?:\.\d{1,9})? "
    r"|(?P<logger>(?:[^\s:]{1,255} )?kernel(?:\[\d+\])?: ?"
    r"|[^\s:]{1,255} kernel (?:- ){3}(?:\ufeff)?|\"(?:message|MESSAGE|log)\": \")"
    r"|\d{1,9} (?=\[)"
)
_OWN_RECORD = re.compile(
    # a line that begins like this is no rest of the line above it, whatever a mail program did to
    # its prefix
    r".{1,15} invoked oom-killer|oom-kill:constraint|Out of [Mm]emory"
    r"|Memory cgroup out of memory|Killed process \d|Mem-Info|Node \d+ "
    r"|\[ *(?:pid|\d+) *\] |Task in /|memory: usage|CPU: \d|Pid: \d|lowmem_reserve\[\]"
    r"|Tasks state|Call Trace"
)
_USUAL = re.compile(
    # the prefixes of nearly all lines, in one step; the stamp ends the prefix, but for a caller id
    # or a second stamp
    rf"(?:(?P<facility>{_FACILITY}) *:[a-z]+ *: "
    rf"|[A-Z][a-z]{{2}} [ \d]\d \d\d:\d\d:\d\d [^\s:]{{1,255}} kernel: (?=\[))?"
    r"\[ *(?P<boot>\d{1,12}\.\d{1,9})\] ?(?:\[ *(?:[TC]\d{1,9}|\+?\d{1,9}\.\d{1,9})\] ?)* *"
)
_STATED = {None: Facility.NOT_STATED, "kern": Facility.KERNEL}
_GLUED = re.compile(r"(?<=[^\s\]] )\[ *\d{1,7}\.\d{6}\] ")
_MAX_TOKENS = 8


def read_lines(text: str, first: int = 1) -> Iterator[LogLine]:
    """The log's records, an unterminated last line left out: a number that was cut is not the
    number. Empty where no line is terminated.

    A record of several lines has them joined by newlines in `text`; `number` (from `first` on) and
    `raw` are its first line's.
    """
    whole, newline, _fragment = text.rpartition("\n")
    if not newline:
        return
    noisy = "\x1b" in whole or "\r" in whole or "^M" in whole
    # looked up once: this loop sees every line
    usual, stated, other, new = _USUAL.match, _STATED.get, Facility.OTHER, tuple.__new__
    held = _Held()
    for number, raw in enumerate(whole.split("\n"), first):
        clean = shown = raw
        if noisy or len(raw) > MAX_LINE_CHARS:
            clean, shown = _cleaned(raw)
        if len(raw) < SHORTEST_CHARS or not (found := usual(clean)):
            if done := _unusual(held, number, raw, clean, shown):
                yield from done
            continue
        if (line := held.line) is not None:
            yield held.joined() if held.rest else line
        named, boot = found.groups()
        said, who = clean[found.end() :], stated(named, other)
        held.line = new(LogLine, (number, said, shown, float(boot), None, who, True))
        held.indent = 0
    yield from held.whole()


class _Held:
    """The record that is being read: its first line, its further ones, and how far it is
    indented.
    """

    __slots__ = ("indent", "line", "rest")

    def __init__(self) -> None:
        self.line: LogLine | None = None
        self.rest: list[str] = []
        self.indent = 0

    def whole(self) -> tuple[LogLine, ...]:
        return () if self.line is None else (self.joined() if self.rest else self.line,)

    def joined(self) -> LogLine:
        """The record with its further lines, which are taken out of the list."""
        assert self.line is not None  # noqa: S101 # nothing goes on with no record
        text = "\n".join((self.line.text, *self.rest))[:MAX_RECORD_CHARS]
        self.rest.clear()
        return self.line._replace(text=text)

    def goes_on(self, text: str) -> bool:
        """Take a further line of the record, which must have a prefix."""
        if self.line is None or not self.line.at_prefix:
            return False
        if len(self.rest) < MAX_RECORD_LINES:
            self.rest.append(text)
        return True


def _unusual(held: _Held, number: int, raw: str, clean: str, shown: str) -> tuple[LogLine, ...]:
    """A line of any other form: it goes on with the record that is held, or begins another. What is
    done with by that.
    """
    if len(raw) < SHORTEST_CHARS:
        held.goes_on(raw)
        return ()
    if raw[0] == "{" and (record := _json_line(number, raw)) is not None:
        done = (*held.whole(), record)
        held.line = None
        return done
    quoted = _QUOTE.match(clean)
    start = quoted.end() if quoted else 0
    # deeper than the record: its further line, whatever it says
    if start > held.indent + 2 and held.goes_on(clean[start:]):
        return ()
    prefix = _prefix(clean, start)
    if prefix.length == 0 and (glued := _GLUED.search(clean)):
        start = glued.start()  # a console may put the kernel's line behind what was printed last
        prefix = _prefix(clean, start)
    own = prefix.length > start
    if not own and not _OWN_RECORD.match(clean, start) and held.goes_on(clean[start:]):
        return ()
    done = held.whole()
    # dmesg puts it at the line's beginning; deeper, a cut record of a user may say it
    if start and prefix.facility is Facility.KERNEL:
        prefix = prefix._replace(facility=Facility.NOT_STATED)
    held.indent = start if own else held.indent
    text = clean[prefix.length :].lstrip(" ")
    held.line = _begin(LogLine(number, text, shown, *prefix[:3], own), held.line)
    return done


def _cleaned(raw: str) -> tuple[str, str]:
    """The line without what editors and terminals added, and as evidence is cited: as it stands
    there.

    What ends a line is taken off first and not by a pattern: `\\r+$` tries each of many `\\r` anew.
    """
    said = raw.rstrip("\r") if raw.endswith("\r") else raw.removesuffix("^M")
    return _COLOURS.sub("", said)[:MAX_LINE_CHARS], raw.removesuffix("\r")[:MAX_LINE_CHARS]


def _begin(line: LogLine, above: LogLine | None) -> LogLine:
    """A record's first line; one without a prefix of its own has time and facility of the record
    above.
    """
    if line.at_prefix or above is None or not above.at_prefix:
        return line
    return line._replace(
        boot_s=above.boot_s, wall=above.wall, facility=above.facility, at_prefix=True
    )


class _Prefix(NamedTuple):
    boot_s: float | None
    wall: datetime | None
    facility: Facility
    length: int


def _prefix(line: str, position: int) -> _Prefix:
    """A line's time and facility. The first token that states a facility counts; what a record's
    own text states does not.

    Behind a logger's name all is the record's text, so a facility there is anybody's word.
    """
    facility, boot_s, wall = Facility.NOT_STATED, None, None
    stated = logged = False
    for _ in range(_MAX_TOKENS):
        found = _TOKENS.match(line, position)
        if (
            found is None
            or (boot_s is not None and line[position] != "[")
            or (stated and (found["kmsg"] or found["level"] or found["facility"]))
        ):
            break
        if found["kmsg"] or found["facility"]:
            stated = True
            kernel = (
                int(found["kmsg"]) < _KERN_PRIORITIES
                if found["kmsg"]
                else found["facility"] == "kern"
            )
            facility = (
                Facility.OTHER if not kernel else Facility.NOT_STATED if logged else Facility.KERNEL
            )
        elif found["level"]:
            stated = True
            facility = (
                Facility.NOT_STATED if int(found["level"]) < _KERN_PRIORITIES else Facility.OTHER
            )
        if found["usec"]:
            boot_s = int(found["usec"]) / 1e6
        elif found["boot"] and boot_s is None:
            boot_s = float(found["boot"])
        elif found["iso"] and wall is None:
            wall = _wall(found["iso"])
        logged = logged or found["logger"] is not None
        position = found.end()
    return _Prefix(boot_s, wall, facility, position)


def _wall(when: str) -> datetime | None:
    """ISO time with its zone; a syslog stamp has neither year nor zone, so it is no wall time."""
    try:
        stamp = datetime.fromisoformat(when.replace(",", "."))
    except ValueError:
        return None
    return stamp.astimezone(UTC) if stamp.tzinfo else None


def _json_line(number: int, raw: str) -> LogLine | None:
    """One JSON record as a line: journald's or docker's; None where it is neither."""
    try:
        record = json.loads(raw) if len(raw) <= MAX_LINE_CHARS * 4 else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict):
        return None
    # docker's json-file: {"log":"...\n","stream":"stdout","time":"..."}
    if isinstance(record.get("log"), str):
        line = record["log"].rstrip("\n")
        prefix = _prefix(line, 0)
        # it is a container's output
        said_by = Facility.OTHER if prefix.facility is Facility.OTHER else Facility.NOT_STATED
        return LogLine(number, line[prefix.length :], raw, prefix.boot_s, prefix.wall, said_by)
    message = _message(record.get("MESSAGE"))[:MAX_RECORD_CHARS]
    from_kernel = record.get("_TRANSPORT") == "kernel" and record.get("SYSLOG_FACILITY") == "0"
    facility = Facility.KERNEL if from_kernel else Facility.OTHER
    since_boot = micros_of(_text(record.get("_SOURCE_MONOTONIC_TIMESTAMP")))
    wall = wall_of(_text(record.get("__REALTIME_TIMESTAMP")))
    boot_s = None if since_boot is None else since_boot / 1e6
    return LogLine(number, message, message, boot_s, wall, facility)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def with_plain_messages(text: str) -> str:
    """journald's records with their messages as text, line by line: one that cannot be printed it
    writes as numbers, in which no word is found.
    """
    if '"MESSAGE":[' not in text and '"MESSAGE" : [' not in text:
        return text
    return "\n".join(map(_with_plain_message, text.split("\n")))


def _with_plain_message(line: str) -> str:
    if line[:1] != "{" or '"MESSAGE"' not in line:
        return line
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return line
    if not isinstance(record, dict) or not isinstance(record.get("MESSAGE"), list):
        return line
    return json.dumps({**record, "MESSAGE": _message(record["MESSAGE"])})


def _message(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        return bytes(value).decode("utf-8", errors="replace")
    return ""
