"""What a word looks like: written by a person or a program's author, or made by dice.

Pure, one pass over a word.
"""

from __future__ import annotations

import re

MOST_LETTERS = 32  # of a word in one case; German has none in its logs that is longer
LEAST_HEX = 32  # shorter ones name containers, commits and objects
CARD_DIGITS = range(13, 20)
# Letters or digits in a chunk, on average. People write `Http2ConnectionHandler` (5.5), dice write
# `aB3dE5fG` (1)
FEW, SOME, MANY, RARE = 2.0, 2.7, 3.5, 12.0

# characters between `-` and `_`, of one that may be random though it has not all of upper case,
# lower case and digits
LEAST_PART = 20
_LONG_PART = re.compile(rf"[^-_]{{{LEAST_PART}}}")
_CHUNK = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_MANGLED = re.compile(r"_?(?:_ZN|_Z[A-Z\d]|_RNv|ZN\d)")  # names of C++ and Rust
_UUID = re.compile(
    r"(?<![^\W_])(?:pod)?[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}(?![^\W_])", re.IGNORECASE
)
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_PLAIN = re.compile(r"[A-Za-z]+(?:[-_'.][A-Za-z]+)*[.!?:]?|\d{1,3}")
_PATH_OR_HOST = re.compile(
    r"(?:[a-z][a-z0-9+.-]{1,20}:/)?\.{0,2}~?/\S*"  # a path, or a URL
    r"|v?\d{1,6}(?:[.:/-]\d{1,6})+(?:[-+.][a-z0-9.]+)?"  # an address, a version, a date or a time
    r"|[a-z0-9_-]{1,40}(?:\.[a-z0-9_-]{1,40})*\.[a-z]{2,24}(?::\d{1,5})?"  # a host, a file, a unit
    r"|\d+(?:\.\d+)?(?:[kKMGT]i?B?|ms|us|ns|s|m|h|d|%)"
    r"|0x[0-9a-f]{1,16}|\[?[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}\]?(?::\d{1,5})?"
    r"|[a-z]{2,8}\d{0,3}(?::[a-z0-9/._-]{1,40}){1,4}"
)
# In front of a long hexadecimal word: it is an identifier, which everybody may see
_NAMES_OF_IDS = (
    r"(?:sha\d*|md5sum|digest|checksum|etag|commit|rev(?:ision)?|tree|container|image|layer"
    r"|sandbox|snapshot|build|trace|span|parent|request"
    r"|correlation|boot|machine|invocation|docker|libpod|crio|containerd|pod|overlay2|blob|object"
    r"|cursor|uuid|gu?id)"
)
_IDENTIFIES = re.compile(
    _NAMES_OF_IDS
    + r"(?:[ _-]?id)?(?:[\"')]{0,2}[ :=@/#-]{1,3}[\"'(]{0,2}|[ ][a-z]{2,12} )$|[/@#-]$",
    re.IGNORECASE,
)
_NAMED_ID = re.compile(
    rf"(?:[a-z]{{2,10}}-)?{_NAMES_OF_IDS}-[0-9a-f]{{32,64}}", re.IGNORECASE
)  # docker-…, cri-containerd-…


def is_plain(word: str) -> bool:
    """A word as it stands in a dictionary or in a program's text, or a number of three digits at
    most.
    """
    return _PLAIN.fullmatch(word) is not None and (len(word) < 12 or _chunk_length(word) >= SOME)


def is_path_or_host(word: str) -> bool:
    """A path, a URL, an address, a name of a host or a file, a version, a time or a size."""
    return _PATH_OR_HOST.fullmatch(word) is not None and not any(
        is_made_up(part, "") for part in re.findall(r"\w{12,}", word)
    )


def is_card(digits: str) -> bool:
    """The number of a payment card, by its length, its issuer's digit and its check digit (ISO/IEC
    7812).
    """
    numbers = [int(character) for character in digits if character.isdigit()]
    if len(numbers) not in CARD_DIGITS or numbers[0] not in (2, 3, 4, 5, 6):
        return False
    doubled = sum(sum(divmod(2 * number, 10)) for number in numbers[-2::-2])
    return (sum(numbers[-1::-2]) + doubled) % 10 == 0


def is_made_up(word: str, before: str) -> bool:
    """A word that dice made: `before` is the text in front of it, which may say that it identifies
    something.
    """
    return _is_mixed_or_long(word) and is_made_up_of_all(word, before)


def _is_mixed_or_long(word: str) -> bool:
    """Each word that `is_made_up_of_all` takes is; most words are not, and are told at once."""
    return (
        word.endswith("=")
        or _has_all_classes(word)
        or (len(word) >= LEAST_PART and _LONG_PART.search(word) is not None)
    )


def is_made_up_of_all(word: str, before: str) -> bool:
    """`is_made_up`, also of a word that is neither mixed nor long."""
    bare = word.rstrip("=")
    if "-" in bare or "_" in bare:
        bare = _UUID.sub("", bare).strip("-_")
    if (
        not bare
        or _NAMED_ID.fullmatch(bare)
        or bare.startswith("0x")
        or bare.isdigit()
        or before.endswith("/nix/store/")
        or _MANGLED.match(bare)
    ):
        return False
    if _HEX.fullmatch(bare) and not bare.isalpha():
        return len(bare) >= LEAST_HEX and _IDENTIFIES.search(before) is None
    if "+" in bare and "-" in bare:  # of no alphabet: a version and its build
        return any(is_made_up(part, "") for part in re.split(r"[+/]", bare))
    if "/" in bare or "+" in bare:
        return _is_base64(bare, before)
    return _is_random(bare, padded=word.endswith("="))


def _is_base64(word: str, before: str) -> bool:
    """Of words that have a `/` in them, most are paths; those have parts in one case."""
    if "/" in word and (
        before[-1:] in ("/", ".", "~", ":")
        or any(part.isalpha() and part.islower() and len(part) > 3 for part in word.split("/"))
    ):
        return False  # its parts are looked at by themselves
    joined = word.replace("/", "").replace("+", "")
    return _has_all_classes(joined) and _chunk_length(joined) < MANY and len(joined) >= 16


def _is_random(word: str, *, padded: bool) -> bool:
    length, each = sum(map(str.isalnum, word)), _chunk_length(word)
    if _has_all_classes(word):
        return (
            (length >= 12 and each < FEW)
            or (length >= 16 and each < SOME)
            or (length >= 20 and each < MANY)
            or (padded and each < SOME)
        )
    if padded and word != word.lower() and word != word.upper() and each < MANY:
        return True
    return any(_is_random_part(part) for part in re.split(r"[-_]", word) if len(part) >= LEAST_PART)


def _is_random_part(part: str) -> bool:
    if part.isalpha() and part in (part.lower(), part.upper(), part.capitalize()):
        return len(part) > MOST_LETTERS
    if part in (part.lower(), part.upper()):
        return _chunk_length(part) < (MANY if len(part) < 28 else RARE)
    return _chunk_length(part) < SOME


def _has_all_classes(word: str) -> bool:
    return (
        any(map(str.isdigit, word)) and any(map(str.isupper, word)) and any(map(str.islower, word))
    )


def _chunk_length(word: str) -> float:
    chunks = _CHUNK.findall(word)
    return sum(map(len, chunks)) / len(chunks) if chunks else 0.0
