"""Kernel log text as lines: what was said, when, and whether it is certain that the kernel said it.

Reads, by shape and line by line: `dmesg`, `dmesg -r`, `-x`, `-T`, /dev/kmsg records, syslog and `journalctl -k` text (short, short-iso),
and `journalctl -o json`. What is no prefix stays part of the text.

    [  178.280424] Out of memory: ...                               since boot, facility not stated
    kern  :err   : [  178.280424] Out of memory: ...                dmesg -x
    3,812,178280424,-;Out of memory: ...                            /dev/kmsg: 0..7 is facility kern, user and daemons are above
    <3>[  178.280424] Out of memory: ...                            dmesg -r: see below
    2026-11-22T20:01:00+0000 host kernel: Out of memory: ...        journalctl -o short-iso
    Nov 22 20:01:00 host kernel: [  178.280424] Out of memory: ...  syslog

The kernel never lets a process write with facility kern (Documentation/ABI/testing/dev-kmsg), so a stated kern is the kernel's word.
`host kernel:` is not, since anybody may log under that name. Nor is a number below 8 in `<N>`: util-linux's `dmesg -r` prints a record
that a user wrote as `<12>` without its facility (2.38 joins the two numbers by OR, unshifted).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from diagnostics.model import Moment

MAX_LINE_CHARS = 8192  # the kernel cuts a record at about 1 kB; a line beyond this is not its own


class Facility(Enum):
    """Who wrote a line, as far as its prefix tells."""

    KERNEL = "kern"
    OTHER = "other"
    NOT_STATED = "not stated"


@dataclass(frozen=True)
class LogLine:
    """One line. `number` counts from 1 in the section it came from; `raw` is the line as it stands there."""

    number: int
    text: str
    raw: str
    at: Moment | None
    facility: Facility


_DECODED = re.compile(r"(kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|res\d|local\d) *:[a-z]+ *: ")
_LEVEL = re.compile(r"<(\d{1,3})>")
_KMSG = re.compile(r"(\d{1,3}),\d+,(\d+),[^;]{1,60};")
_SYSLOG = re.compile(
    r"(?P<when>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)"
    r" (?:\S{1,255} )?kernel: ?"
)
_BOOT = re.compile(r"\[ *(\d{1,12}\.\d{1,9})\] ?")
_CTIME = re.compile(r"\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\] ")
_CALLER = re.compile(r"\[ *[TC]\d+\] ?")
_KERN_PRIORITIES = 8  # facility 0 times eight levels


def read_lines(text: str, start: int = 1) -> Iterator[LogLine]:
    """The log's lines, its unterminated last one left out: a number that was cut is not the number.

    A line that starts with blanks and has no prefix of its own goes on with the record above it (dmesg and journalctl print a
    record's further lines so), and takes over its time and facility.
    """
    prefix = _Prefix(None, Facility.NOT_STATED, 0)
    whole, newline, _fragment = text.rpartition("\n")
    if not newline:
        return
    for number, raw in enumerate(whole.split("\n"), start):
        if raw.startswith("{") and len(raw) <= MAX_LINE_CHARS * 4:
            yield from _journal_lines(number, raw)
            continue
        line = raw.removesuffix("\r")[:MAX_LINE_CHARS]
        if not (line.startswith("   ") and prefix.length):
            prefix = _prefix(line)
            yield LogLine(number, line[prefix.length :], line, prefix.at, prefix.facility)
        else:
            yield LogLine(number, line, line, prefix.at, prefix.facility)


@dataclass(frozen=True)
class _Prefix:
    at: Moment | None
    facility: Facility
    length: int


def _prefix(line: str) -> _Prefix:
    """A line's time and facility: every prefix that is there, in the order in which tools put them."""
    facility, position, boot_s, wall = Facility.NOT_STATED, 0, None, None
    if found := _KMSG.match(line):
        kernel = int(found[1]) < _KERN_PRIORITIES
        return _Prefix(Moment(int(found[2]) / 1e6), Facility.KERNEL if kernel else Facility.OTHER, found.end())
    if found := _DECODED.match(line):
        facility, position = (Facility.KERNEL if found[1] == "kern" else Facility.OTHER), found.end()
    elif found := _LEVEL.match(line):
        facility, position = (Facility.NOT_STATED if int(found[1]) < _KERN_PRIORITIES else Facility.OTHER), found.end()
    if found := _SYSLOG.match(line, position):
        wall, position = _wall(found["when"]), found.end()
    if found := _BOOT.match(line, position):
        boot_s, position = float(found[1]), found.end()
    elif found := _CTIME.match(line, position):
        position = found.end()  # `dmesg -T`: local time without its zone, and it drifts over a suspend
    if found := _CALLER.match(line, position):
        position = found.end()
    at = Moment(boot_s, wall) if boot_s is not None or wall is not None else None
    return _Prefix(at, facility, position)


def _wall(when: str) -> datetime | None:
    """ISO time with its zone; a syslog stamp has neither year nor zone, so it is no wall time."""
    try:
        stamp = datetime.fromisoformat(when.replace(",", "."))
    except ValueError:
        return None
    return stamp.astimezone(UTC) if stamp.tzinfo else None


def _journal_lines(number: int, raw: str) -> Iterator[LogLine]:
    """The lines of one journal record: MESSAGE is text, or a list of bytes where it is not printable."""
    try:
        record = json.loads(raw)
    except (ValueError, RecursionError):
        return
    if not isinstance(record, dict):
        return
    message = _message(record.get("MESSAGE"))
    from_kernel = record.get("_TRANSPORT") == "kernel" and record.get("SYSLOG_FACILITY") == "0"
    at = Moment(_seconds(record.get("_SOURCE_MONOTONIC_TIMESTAMP")), _realtime(record.get("__REALTIME_TIMESTAMP")))
    for part in message.split("\n"):
        yield LogLine(number, part[:MAX_LINE_CHARS], raw, at, Facility.KERNEL if from_kernel else Facility.OTHER)


def _message(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
        return bytes(value).decode("utf-8", errors="replace")
    return ""


def _seconds(value: object) -> float | None:
    return int(value) / 1e6 if isinstance(value, str) and value.isascii() and value.isdigit() else None


def _realtime(value: object) -> datetime | None:
    seconds = _seconds(value)
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
    except (OverflowError, ValueError, OSError):
        return None
