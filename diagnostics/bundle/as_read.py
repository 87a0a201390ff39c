"""What a reader of a terminal sees of a text: no escapes, no letters that look like others, nothing
that has no shape.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from diagnostics.bundle.due_rules import compiled
from diagnostics.bundle.secret_words import KEY_WORDS
from diagnostics.plain import HIDDEN, IGNORED

_ARGUMENTS = r"\[[0-9;:?]{0,30}[@-~]"
# pictures and such, which no terminal shows as text
_STRINGS = r"(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x90\x98\x9c\x9e\x9f\n]*(?:\x1b\\|\x9c)"
_ESCAPES = re.compile(
    rf"{_STRINGS}|\x1b{_ARGUMENTS}|\x9b[0-9;:?]{{0,30}}[@-~]|\x1b\][^\x07\x1b\n]{{0,300}}"
    rf"(?:\x07|\x1b\\)|\x1b[ -/]{{0,3}}[0-~]"
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
    r"(?<=[!-~\u00c0-\u024f\u0370-\u04ff\u1e00-\u1eff])"
    r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]+"
)
_LOOK_ALIKES = str.maketrans(
    "авекмнорстухіѕјһԁԛԝАВЕКМНОРСТУХІЅЈοανρτυικΑΒΕΖΗΙΚΜΝΟΡΤΥΧıɑɡ",
    "abekmhopctyxisjhdqwABEKMHOPCTYXISJoavptuikABEZHIKMNOPTYXiag",
)


def as_read(text: str) -> str:
    """What a reader of a terminal sees: no escapes, no characters without a shape, and letters of
    any width as plain ones.
    """
    if "[" in text and any(sign in text for sign in _SIGNS_OF_WRITTEN):
        text = _WRITTEN_ESCAPES.sub("", text)
    if "\x1b" in text or not text.isascii():
        text = _ESCAPES.sub("", text)
    if "\b" in text:
        text = _overstruck(text)
    if "\r" in text:
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
    """`text` with the key words in plain letters that reads as one only without accents, or with
    another alphabet's look-alikes.
    """
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
