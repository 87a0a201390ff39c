"""Free text, made fit to be stored and shown: what may be a secret is taken out before anything is written down.

`secret_rules` says what a secret is. Here stands in which sections there is free text, and where in them; all else are numbers, names
of units, processes, paths and hosts, and the kernel's own words. These stay as they are, byte for byte: verdicts rest on them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from itertools import accumulate, pairwise, takewhile
from operator import eq
from typing import Any

from diagnostics.bundle import Bundle, Section
from diagnostics.bundle.due_rules import compiled, due_by_looks, due_by_place, matches
from diagnostics.bundle.secret_rules import KEY_WORDS, RULES, Place, Rule
from diagnostics.plain import HIDDEN, IGNORED

JOB_LOGS = "/etc/sevbot/logs/"  # what an administrator gave us to read; its lines may hold anything
GONE = "[…]"
MOST_WORD_CHARS = (
    1000  # no honest word is longer; what is gets cut, so that no value takes long to read
)
MOST_FREE_CHARS = (
    64 * 1024
)  # of a section; the probe sends no more free text in any, so only a hostile host's is left out
_SHORT = 300  # characters of a text that is likely to come again

# -- text -------------------------------------------------------------------------------------------------------------------------

_ARGUMENTS = r"\[[0-9;:?]{0,30}[@-~]"
_STRINGS = r"(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x90\x98\x9c\x9e\x9f\n]*(?:\x1b\\|\x9c)"  # pictures and such, which no terminal shows as text
_ESCAPES = re.compile(
    rf"{_STRINGS}|\x1b{_ARGUMENTS}|\x9b[0-9;:?]{{0,30}}[@-~]|\x1b\][^\x07\x1b\n]{{0,300}}(?:\x07|\x1b\\)|\x1b[ -/]{{0,3}}[0-~]"
)
_WRITTEN_ESCAPES = re.compile(
    rf"(?:\\(?:u001[bB]|x1[bB]|033|e)|#033|\^\[){_ARGUMENTS}"
)  # as JSON, rsyslog and cat -v have them
_SIGNS_OF_WRITTEN = ("\\", "#033", "^[")  # one for each of them
_CONTROL = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160))) | {ord("\r"): " "}
_CONTROL_BYTES = bytes(
    byte for byte in _CONTROL if byte < 128 and byte != ord("\r")
)  # the same two tables, of ASCII as bytes
_BLANK_FOR_RETURN = bytes.maketrans(b"\r", b" ")
_BLANK_OF_BRAILLE = "\u2800"
_STRAY_MARKS = re.compile(
    r"(?<=[!-~\u00c0-\u024f\u0370-\u04ff\u1e00-\u1eff])[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]+"
)
_LOOK_ALIKES = str.maketrans(
    "авекмнорстухіѕјһԁԛԝАВЕКМНОРСТУХІЅЈοανρτυικΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɑɡ",
    "abekmhopctyxisjhdqwABEKMHOPCTYXISJoavptuikABEZHIKMNOPTYXiag",
)
_LONG_WORD = re.compile(rf"(\S{{{MOST_WORD_CHARS}}})\S+")
_RUN = re.compile(rf"\S{{1,{MOST_WORD_CHARS}}}")
_BRACKETS = re.compile(
    r"\{[^{}\n]{0,1000}(?:\{[^{}\n]{0,1000}\}[^{}\n]{0,1000}){0,3}\}|\[[^\[\]\n]{0,1000}\]|\([^()\n]{0,1000}\)"
)
_QUOTE = re.compile(r"\\{0,4}[\"'`]")
_VALUE_ENDS = re.compile(
    r"\\{0,4}[\"'`](?=[\s,;:}\])>&|.]|$)|</|[,;&|](?=[\\\"'{\[]{0,4}[\w.$-]{1,64}[\\\"'\]]{0,4}[=:])|[,;](?=[\"'{\[])|[,;.!?)}\]>]{1,9}$"
)


def redact(text: str) -> str:
    """`text` without what may be a secret, and without what hides one: terminals' escapes, invisible characters, wide letters.

    >>> redact("db: password=hunter2 refused"), redact("unexpected token in /etc/web.conf: author=joe")
    ('db: password=[…] refused', 'unexpected token in /etc/web.conf: author=joe')
    """
    return _redacted_short(text) if len(text) <= _SHORT else _redacted(text)


@lru_cache(maxsize=1024)
def _redacted_short(text: str) -> str:
    """The same few words stand in many bundles: why a section did not come, and mostly nothing at all."""
    return _redacted(text) if text else text


def _redacted(text: str) -> str:
    text = _of_due_rules(_without_long_words(as_read(text)), due_by_place)
    return _of_due_rules(text, due_by_looks)


def _of_due_rules(text: str, due_in: Callable[[str], Collection[int]]) -> str:
    """The text without what these rules take, in their order; those by looks are the last ones, and dear to ask."""
    due = due_in(text)
    for number, rule in enumerate(RULES):
        if number in due:
            shown = without(rule, text)
            if shown != text:
                text, due = shown, due_in(shown)
    return text


def _without_long_words(text: str) -> str:
    """Lines are looked at first: to look for such a word at each character takes long."""
    if any(len(line) > MOST_WORD_CHARS for line in text.split("\n")):
        return _LONG_WORD.sub(rf"\g<1>{GONE}", text)
    return text


def as_read(text: str) -> str:
    """What a reader of a terminal sees: no escapes, no characters without a shape, and letters of any width as plain ones."""
    if "[" in text and any(sign in text for sign in _SIGNS_OF_WRITTEN):
        text = _WRITTEN_ESCAPES.sub("", text)
    if "\x1b" in text or not text.isascii():
        text = _ESCAPES.sub("", text)
    if "\b" in text:
        text = _overstruck(text)
    text = text.replace("\r\n", "\n")
    if text.isascii():
        return text.encode("ascii").translate(_BLANK_FOR_RETURN, _CONTROL_BYTES).decode("ascii")
    text = text.translate(_CONTROL)
    if text.isascii():
        return text
    text = "".join(map(_shown, unicodedata.normalize("NFC", text)))
    return _with_plain_key_words(_STRAY_MARKS.sub("", unicodedata.normalize("NFC", text)))


def _overstruck(text: str) -> str:
    """A backspace takes the character in front of it: so `man` writes bold letters."""
    kept: list[str] = []
    for character in text:
        if character != "\b":
            kept.append(character)
        elif kept and kept[-1] != "\n":
            kept.pop()
    return "".join(kept)


def _with_plain_key_words(text: str) -> str:
    """`text` with the key words in plain letters that reads as one only without accents, or with another alphabet's look-alikes."""
    plain, kept, at = "".join(map(_without_accent, text)), [], 0
    key_words = compiled(KEY_WORDS)
    for found in key_words.finditer(plain):
        start, end = found.span()
        if text[start:end] != found[0] and not key_words.fullmatch(text[start:end]):
            kept += [text[at:start], found[0]]
            at = end
    return "".join([*kept, text[at:]])


@cache
def _without_accent(character: str) -> str:
    """One letter for one letter."""
    if character.isascii():
        return character
    letters = "".join(
        part
        for part in unicodedata.normalize("NFD", character)
        if unicodedata.category(part) != "Mn"
    )
    return letters.translate(_LOOK_ALIKES) if len(letters) == 1 else character


@cache
def _shown(character: str) -> str:
    if character.isascii():
        return character
    if (
        unicodedata.category(character) in HIDDEN
        or character in IGNORED
        or character == _BLANK_OF_BRAILLE
    ):
        return ""
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 and plain.isascii() else character


def without(rule: Rule, text: str) -> str:
    """`text` without what one rule takes. Lines stay lines."""
    kept, at = [], 0
    for found in matches(rule, text):
        if found.start() < at:
            continue
        groups = [found.span(group) for group in range(1, found.re.groups + 1)]
        start, end = next((span for span in groups if span[0] >= 0), None) or _value(
            text, found.end()
        )
        if start < at or start == end:
            continue
        place = Place.of(text, start, end)
        if not rule.stays(place):
            kept += [text[at:start], _LINE.sub(GONE, place.value)]
            at = end
    return "".join([*kept, text[at:]]) if kept else text


_LINE = re.compile(r"[^\n]+")


def _value(text: str, start: int) -> tuple[int, int]:
    """The quoted text, what stands in brackets, or the word without what ends it: a comma before another name, a quote around it all."""
    if opened := _QUOTE.match(text, start):
        quote, begins = opened[0], opened.end()
        ends = begins
        while (
            (ends := text.find(quote, ends, begins + MOST_WORD_CHARS)) > 0
            and text[ends - 1] == "\\"
            and quote[0] != "\\"
        ):
            ends += 1
        if ends > 0 and "\n" not in text[begins:ends]:
            return begins, ends
        start = begins
    bracket = _BRACKETS.match(text, start)
    if not (run := _RUN.match(text, bracket.end() if bracket else start)):
        return start, bracket.end() if bracket else start
    ended = _VALUE_ENDS.search(run[0], 0 if bracket else 1)
    return start, run.start() + ended.start() if ended else run.end()


# -- sections ---------------------------------------------------------------------------------------------------------------------

Said = tuple[object, str]  # by whom, and what
_KERNELS = r"(?:kern *:[a-z]+ *: |<[0-7]>)"  # dmesg -x, and -r of busybox
_STATES_FACILITY = re.compile(
    rf"^(?:{_KERNELS}|[a-z]{{2,8}}\d? *:[a-z]+ *: |<\d{{1,3}}>)", re.MULTILINE
)
_KERNELS_LINE = re.compile(rf"\n(?={_KERNELS})")
_OTHER_LINE = re.compile(rf"\n(?!{_KERNELS})")
_ASKED = (
    "_BOOT_ID _EXE _PID _SOURCE_MONOTONIC_TIMESTAMP _SYSTEMD_UNIT _TRANSPORT _UID __MONOTONIC_TIMESTAMP __REALTIME_TIMESTAMP CONTAINER_ID"
    " EXIT_CODE EXIT_STATUS MESSAGE_ID SEVBOT_OLDEST SYSLOG_FACILITY UNIT UNIT_RESULT"
)
_JSON = json.JSONDecoder()
_FIELDS = frozenset(
    _ASKED.split()
)  # of the journal's records what the probe asks for; a value of any other may be free text


def redact_bundle(bundle: Bundle) -> Bundle:
    """The bundle with all free text redacted: of its sections, of what commands wrote to stderr, and of why a section is missing."""
    sections = {name: _redacted_section(name, section) for name, section in bundle.sections.items()}
    return replace(
        bundle,
        sections=sections,
        missing={name: redact(why) for name, why in bundle.missing.items()},
    )


def redact_each(said: Sequence[Said]) -> list[str]:
    """Each text redacted. What one writer said reads as one text: a password may stand alone on the line behind `Password:`.

    Of more than MOST_FREE_CHARS the last ones are kept.
    """
    first = _first_kept(said)
    redacted = [GONE + "\n" * text.count("\n") for _who, text in said[:first]] + [""] * (
        len(said) - first
    )
    in_order = sorted(range(first, len(said)), key=lambda number: str(said[number][0]))
    writers = [said[number][0] for number in in_order]
    ends = [
        "\n" if this == following else "\n\n" for this, following in pairwise([*writers, object()])
    ]
    joined = "".join(said[number][1] + end for number, end in zip(in_order, ends, strict=True))
    if (shown := redact(joined)) == joined:
        return [*redacted[:first], *(text for _who, text in said[first:])]
    lines = shown.split("\n")
    at = 0
    for number, end in zip(in_order, ends, strict=True):
        count = said[number][1].count("\n") + 1
        redacted[number] = "\n".join(lines[at : at + count])
        at += count + len(end) - 1
    return redacted


def _first_kept(said: Sequence[Said]) -> int:
    if sum(len(text) + 1 for _who, text in said) <= MOST_FREE_CHARS:
        return 0
    sizes = accumulate(len(text) + 1 for _who, text in reversed(said))
    return len(said) - sum(1 for _ in takewhile(lambda size: size <= MOST_FREE_CHARS, sizes))


def _redacted_section(name: str, section: Section) -> Section:
    """The section itself, where there is no free text."""
    if name not in FREE_TEXT and not section.notes:
        return section
    return replace(
        section, text=FREE_TEXT.get(name, _as_it_is)(section.text), notes=redact(section.notes)
    )


def _as_it_is(text: str) -> str:
    return text


def _every_message(text: str) -> str:
    """Messages of any program: the whole of each."""
    return _of_records(text, lambda _record: "")


def _behind_the_unit(text: str) -> str:
    """systemd's sentences begin with a unit's name, which stays; behind it may stand what somebody wrote as its description."""
    return _of_records(text, lambda record: f"{record.get('UNIT', '')}: ")


def _not_the_kernels(text: str) -> str:
    """Only what a user wrote to /dev/kmsg: those records state another facility than the kernel's."""
    return _of_records(text, lambda record: None if _is_kernels(record) else "")


def _is_kernels(record: Mapping[str, object]) -> bool:
    return record.get("_TRANSPORT") == "kernel" and record.get("SYSLOG_FACILITY") == "0"


def _of_records(text: str, stays: Callable[[Mapping[str, object]], str | None]) -> str:
    """One JSON record on each line. `stays` gives what its message may begin with, None for a record that stays whole.

    Of what is no record nothing is left but its line.
    """
    if "{" not in text:
        return "\n" * text.count("\n")
    lines = text.split("\n")[:-1]
    records: dict[int, Mapping[str, object]] = {}
    kept = [""] * len(lines)
    said: dict[int, Said] = {}
    for number, line in enumerate(lines):
        if line[:1] != "{" or (record := _record(line)) is None:
            continue
        beginning = stays(record)
        if beginning is None:
            kept[number] = line
            continue
        records[number], message = record, _message(record)
        kept[number] = beginning if beginning and message.startswith(beginning) else ""
        said[number] = (
            (record.get("_SYSTEMD_UNIT"), record.get("_PID")),
            message.removeprefix(kept[number]),
        )
    for number, redacted in zip(said, redact_each(list(said.values())), strict=True):
        kept[number] = _written(lines[number], records[number], kept[number] + redacted)
    return "".join(f"{line}\n" for line in kept)


def _record(line: str) -> dict[str, Any] | None:
    """What `json.loads` gives for a line that begins with a brace, without its looking for blanks in front of it."""
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
    """dmesg: a line without a facility goes on with the record above; of the first ones nobody knows whose they are."""
    free = list(_free_of_kernels(text))
    said = [("", text[begins:ends].removesuffix("\n")) for begins, ends in free]
    redacted = redact_each(said)
    if text[-1:] == "\n" and all(map(eq, redacted, (line for _who, line in said))):
        return text
    parts, at = [], 0
    for (begins, ends), shown in zip(free, redacted, strict=True):
        parts += [text[at:begins], shown, "\n"]
        at = ends
    return "".join([*parts, text[at:]])


def _free_of_kernels(text: str) -> Iterator[tuple[int, int]]:
    """From where to where somebody else said something. Most lines are the kernel's, so only the others are looked at one by one."""
    lines = f"\n{text}"  # so each of them stands behind an end of a line, which has the place there that the line has in `text`
    ends = 0
    while other := _OTHER_LINE.search(lines, ends):
        begins = other.start()
        kernels = _KERNELS_LINE.search(lines, begins + 1)
        ends = kernels.start() if kernels else len(text)
        said = (
            None if begins else 0
        )  # where the record's words begin; of the first ones nobody says whose they are
        for found in _STATES_FACILITY.finditer(text, begins, ends):
            until, following = found.span()
            if said is not None and said < until:
                yield said, until
            said = following
        if said is not None and said < ends:
            yield said, ends
        if not kernels:
            return


def _lines_of_jobs(text: str) -> str:
    """`FILE:LINE`. Of supervisors' own logs the probe takes lines of a known shape only, and these stay."""
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
    "units": "names, paths and launchers' own words; a value with any other character is left out on the host",
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
