"""Programs' own words, made fit to be stored and shown: what may be a secret is taken out before anything is written down.

Nobody can know every secret by its looks, so this errs towards taking out: the rest of a line behind a word like `password`, and each word
that people would not write: long, or letters and digits mixed.
"""

from __future__ import annotations

import json
import re

from diagnostics.bundle import Bundle, Section

JOB_LOGS = "/etc/sevbot/logs/"  # what an administrator gave us to read; its lines may hold anything
JOURNAL_SECTIONS = ("last-words",)  # one JSON record on each line
TEXT_SECTIONS = ("runner-logs",)
GONE = "[…]"
MOST_LETTERS = 32  # of a word without a digit
LEAST_RUN = 16
MOST_DIGITS = 11  # of a number: a card's number has more, a count of bytes seldom

_KEYS = (
    r"pass(?:w(?:ord|d)?|phrase|code)?(?![a-z])|pwd|psk|secret|token|credential|creds?(?![a-z])|[_-]key(?![a-z])|(?:api|private|access).?key"
    r"|auth|bearer|cookie|session|signature|dsn|[?&]code(?==)|BEGIN [A-Z ]+KEY"
)
_BEHIND_KEY = re.compile(rf"((?i:{_KEYS})[\w.-]*[\\\"'>\])]*)[\s:=>].*", re.DOTALL)
_USER_IN_URL = re.compile(r"://\S{1,300}@")
_USER_AND_PASSWORD = re.compile(r"[^\s:@/]{1,100}:[^\s@]{1,100}@(?=[\w.-]+[(:/])")
_QUERY = re.compile(r"(\S{0,300}\?)\S+=\S*")
_DIGIT_GROUPS = re.compile(r"\b\d{4}(?:[ -]\d{2,7}){2,4}\b")
_WORD = re.compile(r"[A-Za-z0-9+_-]{6,}={0,2}")
_RUN = re.compile(r"[A-Za-z0-9+/_.=…\[\]:-]{6,}")
_HARMLESS = re.compile(
    r"0x[0-9a-f]{1,16}|\d+(?:[kKMGT]i?B?|ms|us|ns|s)?|\d{4}-\d\d-\d\dT?\d*|[A-Za-z]{1,10}[0-9]{1,2}|v?\d+(?:-\d+)*(?:-[a-z]+)?"
)


def redact(text: str) -> str:
    """`text` without what may be a secret.

    >>> redact("db: password=hunter2 refused"), redact("cannot open /etc/web.conf: No such file or directory")
    ('db: password […]', 'cannot open /etc/web.conf: No such file or directory')
    """
    text = _BEHIND_KEY.sub(rf"\g<1> {GONE}", text)
    if "@" in text:
        text = _USER_AND_PASSWORD.sub(f"{GONE}@", _USER_IN_URL.sub(f"://{GONE}@", text))
    if "?" in text:
        text = _QUERY.sub(rf"\g<1>{GONE}", text)
    text = _WORD.sub(_shown, _DIGIT_GROUPS.sub(_card_shown, text))
    return _RUN.sub(_run_shown, text) if GONE in text else text


def _card_shown(found: re.Match[str]) -> str:
    digits = sum(character.isdigit() for character in found[0])
    return GONE if digits > MOST_DIGITS else found[0]


def _run_shown(found: re.Match[str]) -> str:
    """Of a run of words without a blank all goes, if a part of it went; a path keeps its other parts."""
    run = found[0]
    return GONE if GONE in run and len(run) >= LEAST_RUN and not run.startswith("/") and "://" not in run else run


def _shown(found: re.Match[str]) -> str:
    word = found[0]
    digits = sum(character.isdigit() for character in word)
    letters = sum(character.isalpha() for character in word)
    if digits and letters:
        return word if _HARMLESS.fullmatch(word) and len(word) <= MOST_LETTERS else GONE
    return GONE if digits > MOST_DIGITS or letters > MOST_LETTERS else word


def redact_bundle(bundle: Bundle) -> Bundle:
    """The bundle with the sections that hold programs' own words redacted. Those of another shape stay as they are."""
    sections = dict(bundle.sections)
    for names, of_line in ((JOURNAL_SECTIONS, _journal_line), (TEXT_SECTIONS, _text_line)):
        for name in names:
            if section := sections.get(name):
                sections[name] = _redacted(section, [of_line(line) for line in section.text.split("\n") if line])
    return Bundle(bundle.host, sections, bundle.missing, bundle.probe)


def _redacted(section: Section, lines: list[str]) -> Section:
    text = "".join(f"{line}\n" for line in lines)
    return Section(section.name, text, section.exit, redact(section.notes), section.cut)


def _journal_line(line: str) -> str:
    """The record with its message redacted; nothing of what is no record."""
    if not line.startswith("{"):
        return ""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(record, dict):
        return ""
    kept = {name: value for name, value in record.items() if isinstance(value, str) and name not in ("__CURSOR", "MESSAGE")}
    message = record.get("MESSAGE")
    return json.dumps({"MESSAGE": redact(message) if isinstance(message, str) else "", **kept})


def _text_line(line: str) -> str:
    """`FILE:LINE` with the line redacted; of supervisors' own logs the probe takes lines of a known shape only, and these stay."""
    if not line.startswith(JOB_LOGS):
        return line
    file, colon, said = line.partition(":")
    return f"{file}{colon}{redact(said)}"
