"""Free text, made fit to be stored and shown: what may be a secret is taken out before anything is
written down.

`secret_rules` says what a secret is. Here stands in which sections there is free text, and where in
them; all else are numbers, names of units, processes, paths and hosts, and the kernel's own words.
These stay as they are, byte for byte: verdicts rest on them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, groupby, islice, pairwise, takewhile
from typing import Any

from diagnostics.bundle import Bundle, Section
from diagnostics.bundle.redact_text import GONE, redact

JOB_LOGS = "/etc/sevbot/logs/"  # what an administrator gave us to read; its lines may hold anything
MOST_FREE_CHARS = (
    64 * 1024
)  # of a section; the probe sends no more free text in any, so only a hostile host's is left out
Said = tuple[object, str]  # by whom, and what
_KERNELS = r"kern *:[a-z]+ *: |<[0-7]>"  # dmesg -x, and -r of busybox
_OTHERS_LINE = re.compile(rf"\n(?!{_KERNELS})")
_KERNELS_LINE = re.compile(rf"\n(?:{_KERNELS})")
_FACILITY = re.compile(r"(\n(?:[a-z]{2,8}\d? *:[a-z]+ *: |<\d{1,3}>))")
_ASKED = (
    "_BOOT_ID _EXE _PID _SOURCE_MONOTONIC_TIMESTAMP _SYSTEMD_UNIT _TRANSPORT _UID"
    " __MONOTONIC_TIMESTAMP __REALTIME_TIMESTAMP CONTAINER_ID"
    " EXIT_CODE EXIT_STATUS MESSAGE_ID SEVBOT_OLDEST SYSLOG_FACILITY UNIT UNIT_RESULT"
)
_JSON = json.JSONDecoder()
_TRANSPORT, _FACILITY_0 = '"_TRANSPORT":"kernel"', '"SYSLOG_FACILITY":"0"'  # of the kernel's own
_FIELD = r'"(?!_TRANSPORT":"(?!kernel")|SYSLOG_FACILITY":"(?!0"))[^"]*":"[^"]*"'
_RECORD = re.compile(rf"\{{{_FIELD}(?:,{_FIELD})*\}}")
_CONTROL = bytes({*range(32)} - {ord("\n")})  # JSON has none of them
_FIELDS = frozenset(
    _ASKED.split()
)  # of the journal's records what the probe asks for; a value of any other may be free text


def redact_bundle(bundle: Bundle) -> Bundle:
    """The bundle with all free text redacted: of its sections, of what commands wrote to stderr,
    and of why a section is missing.
    """
    sections = {name: _redacted_section(name, section) for name, section in bundle.sections.items()}
    return replace(
        bundle,
        sections=sections,
        missing={name: redact(why) for name, why in bundle.missing.items()},
    )


def redact_each(said: Sequence[Said]) -> list[str]:
    """Each text redacted. What one writer said reads as one text, in its order.

    A password may stand alone on the line behind `Password:`. Of more than MOST_FREE_CHARS the last
    ones are kept.
    """
    redacted = [text for _who, text in said]
    first = _first_kept(redacted)
    redacted[:first] = map(_gone, redacted[:first])
    in_order = sorted(range(first, len(said)), key=lambda number: str(said[number][0]))
    rows = [list(row) for _who, row in groupby(in_order, key=lambda number: said[number][0])]
    shown = _redacted_rows([[redacted[number] for number in row] for row in rows])
    for row, texts in zip(rows, shown, strict=True):
        for number, text in zip(row, texts, strict=True):
            redacted[number] = text
    return redacted


def _redacted_rows(rows: Sequence[Sequence[str]]) -> Sequence[Sequence[str]]:
    """`rows` redacted as one text: those of a row behind each other, a blank line behind it."""
    joined = "".join(["\n".join(row) + "\n\n" for row in rows])
    if (shown := redact(joined)) == joined:
        return rows
    lines, at, redacted = shown.split("\n"), 0, []
    for row in rows:
        ends = list(accumulate((text.count("\n") + 1 for text in row), initial=at))
        redacted.append(["\n".join(lines[begin:end]) for begin, end in pairwise(ends)])
        at = ends[-1] + 1
    return redacted


def _first_kept(texts: Sequence[str]) -> int:
    if sum(map(len, texts)) + len(texts) <= MOST_FREE_CHARS:
        return 0
    sizes = accumulate(len(text) + 1 for text in reversed(texts))
    return len(texts) - sum(1 for _ in takewhile(lambda size: size <= MOST_FREE_CHARS, sizes))


def _gone(text: str) -> str:
    return GONE + "\n" * text.count("\n")


def _redacted_section(name: str, section: Section) -> Section:
    """The section itself, where nothing goes."""
    of_its_text = FREE_TEXT.get(name)
    text = section.text if of_its_text is None else of_its_text(section.text)
    notes = redact(section.notes) if section.notes else ""
    if text == section.text and notes == section.notes:
        return section
    return replace(section, text=text, notes=notes)


def _never(_line: str) -> bool:
    return False


def _every_message(text: str) -> str:
    """Messages of any program: the whole of each."""
    return _of_records(text, lambda _record: "")


def _behind_the_unit(text: str) -> str:
    """systemd's sentences begin with a unit's name, which stays; behind it may stand what somebody
    wrote as its description.
    """
    return _of_records(text, lambda record: f"{record.get('UNIT', '')}: ")


def _not_the_kernels(text: str) -> str:
    """Only what a user wrote to /dev/kmsg: those records state a facility of another."""
    encoded = text.encode(errors="surrogatepass")
    is_json = len(encoded.translate(None, _CONTROL)) == len(encoded)
    return _of_records(
        text,
        lambda record: None if _is_kernels(record) else "",
        _is_plainly_kernels if is_json else _never,
    )


def _is_plainly_kernels(line: str) -> bool:
    """Whether it is a record of the kernel's, read as text: most are, and to parse them takes
    longer.

    Where there is no escape each quote opens or closes a text, so there is one reading: every field
    of either name says what the kernel's does. `line` has no characters that JSON has not.
    """
    return (
        _TRANSPORT in line
        and _FACILITY_0 in line
        and "\\" not in line
        and _RECORD.fullmatch(line) is not None
    )


def _is_kernels(record: Mapping[str, object]) -> bool:
    return record.get("_TRANSPORT") == "kernel" and record.get("SYSLOG_FACILITY") == "0"


def _of_records(
    text: str,
    stays: Callable[[Mapping[str, object]], str | None],
    is_whole: Callable[[str], bool] = _never,
) -> str:
    """One JSON record on each line. `stays` gives what its message may begin with, None for a
    record that stays whole.

    `is_whole` may know the latter by the line. Of what is no record nothing is left but its line.
    """
    if "{" not in text:
        return "\n" * text.count("\n")
    lines = text.split("\n")[:-1]
    kept = [line if is_whole(line) else "" for line in lines]
    records: dict[int, Mapping[str, object]] = {}
    said: list[Said] = []
    for number, line in enumerate(lines):
        if kept[number] or line[:1] != "{" or (record := _record(line)) is None:
            continue
        beginning = stays(record)
        if beginning is None:
            kept[number] = line
            continue
        message = _message(record)
        kept[number] = beginning if beginning and message.startswith(beginning) else ""
        who = (record.get("_SYSTEMD_UNIT"), record.get("_PID"))
        records[number] = record
        said.append((who, message.removeprefix(kept[number])))
    for number, redacted in zip(records, redact_each(said), strict=True):
        kept[number] = _written(lines[number], records[number], kept[number] + redacted)
    return "\n".join([*kept, ""])


def _record(line: str) -> dict[str, Any] | None:
    """What `json.loads` gives for a line that begins with a brace, without its looking for blanks
    in front of it.
    """
    try:
        record, end = _JSON.raw_decode(line)
    except (ValueError, RecursionError):
        return None
    return record if end == len(line) or not line[end:].strip(" \t\r") else None


def _message(record: Mapping[str, object]) -> str:
    """A text, or the bytes of one that has other characters than printable ones."""
    message = record.get("MESSAGE")
    if isinstance(message, list) and all(
        isinstance(byte, int) and 0 <= byte < 256 for byte in message
    ):
        return bytes(message).decode("utf-8", errors="replace")
    return message if isinstance(message, str) else ""


def _written(line: str, record: Mapping[str, object], message: str) -> str:
    """The record's own line, where nothing of it goes."""
    if record.get("MESSAGE", "") == message and record.keys() <= _FIELDS | {"MESSAGE"}:
        return line
    fields = {
        name: value for name, value in record.items() if name in _FIELDS and isinstance(value, str)
    }
    return json.dumps({**({"MESSAGE": message} if "MESSAGE" in record else {}), **fields})


def _lines_of_users(text: str) -> str:
    """dmesg: a line without a facility goes on with the record above; of the first ones nobody
    knows whose they are.
    """
    lines = "\n" + text.removesuffix("\n")
    others = _others(lines)
    said = [words for _begins, _ends, parts in others for words in parts[1::2]]
    first = _first_kept(said)
    shown = [*map(_gone, said[:first]), *_redacted_rows([said[first:]])[0]]
    if shown == said:
        return text
    words, kept, at = iter(shown), [], 0
    for begins, ends, parts in others:
        parts[1::2] = islice(words, len(parts) // 2)
        kept += [lines[at:begins], *parts]
        at = ends
    return "".join([*kept, lines[at:], text[len(lines) - 1 :]])[1:]


def _others(lines: str) -> list[tuple[int, int, list[str]]]:
    """From where to where others than the kernel wrote: in turn what stays, and what somebody said.

    `lines` are those of a log, each behind an end of a line. Most are the kernel's, so only what
    stands between these is looked at line by line.
    """
    found = []
    ends = 0
    while others := _OTHERS_LINE.search(lines, ends):
        begins = others.start()
        kernels = _KERNELS_LINE.search(lines, begins + 1)
        ends = kernels.start() if kernels else len(lines)
        first, *parts = _FACILITY.split(lines[begins:ends])
        if not begins and first:
            parts = ["\n", first[1:], *parts]  # of the first ones nobody says whose they are
        elif parts:
            parts[0] = first + parts[0]
        if parts:
            found.append((begins, ends, parts))
    return found


def _lines_of_jobs(text: str) -> str:
    """`FILE:LINE`.

    Of supervisors' own logs the probe takes lines of a known shape only, and these stay.
    """
    if JOB_LOGS not in text:
        return text
    lines = text.split("\n")[:-1]
    jobs = [
        (number, *line.partition(":"))
        for number, line in enumerate(lines)
        if line.startswith(JOB_LOGS)
    ]
    for (number, file, colon, _said), shown in zip(
        jobs, redact_each([(file, said) for _, file, _, said in jobs]), strict=True
    ):
        lines[number] = f"{file}{colon}{shown}"
    return "".join(f"{line}\n" for line in lines)


FREE_TEXT: Mapping[str, Callable[[str], str]] = {
    "last-words": _every_message,
    "daemons-journal": _every_message,
    "service-journal": _behind_the_unit,
    "kernel-journal": _not_the_kernels,
    "kernel-log": _lines_of_users,
    "runner-logs": _lines_of_jobs,
}
NO_FREE_TEXT: Mapping[str, str] = {  # and what there is
    "clock": "numbers and an id",
    "containers": "ids, names, states and numbers, by a template of the probe's own",
    "vmstat": "numbers",
    "units": (
        "names, paths and launchers' own words; a value with any other character is left out on"
        " the host"
    ),
    "processes": "names, numbers and launchers' own words",
    "node-meminfo": "numbers",
    "zoneinfo": "numbers",
    "nodes": "numbers",
    "uname": "a version",
    "numactl": "names of policies",
    "sysctls": "numbers and names of settings",
    "cgroups": "paths and numbers",
    "filesystems": "paths and numbers",
    "boots": "ids, names and times of records, without their messages",
    "meminfo": "numbers",
    "growth": "numbers",
}
