"""Where a secret would stand, and the judges of that place: what is said there that is none."""

from __future__ import annotations

import re
from typing import NamedTuple

from diagnostics.bundle.word_shape import is_card, is_made_up, is_path_or_host, is_plain

_SEEN = 60  # characters around a place


class Place(NamedTuple):
    """What would go, and at most 60 characters in front of it and behind it."""

    before: str
    value: str
    after: str

    @classmethod
    def of(cls, text: str, start: int, end: int) -> Place:
        """What stands from `start` to `end`, with as much around it as a judge looks at."""
        return cls(text[max(0, start - _SEEN) : start], text[start:end], text[end : end + _SEEN])


# -- what stays ------------------------------------------------------------------------------------

_NOTHING = re.compile(
    r"[*.…\[\]<>_-]*|\W?(?:null|none|nil|true|false|yes|no|undefined|redacted|masked|hidden"
    r"|removed|x{3,20})\W?"
    r"|\$?\{{1,2}[\w .]{1,60}\}{0,2}|\$\([\w .]{1,60}\)?|<[a-z _-]{1,60}>?|%[sdv]|[|>][+-]?",
    re.IGNORECASE,
)
# What a sentence goes on with behind `password:`; nobody's password, one hopes
_WORDS = (
    "a an and any are authentication authorization bad badness be because blank but by can cannot"
    " can't changed check contains context"
    " could denied does doesn't empty error expected expired failed failure file for forbidden"
    " from had has have hidden if illegal in"
    " incorrect invalid is it its length less login malformed mismatch missing must never no none"
    " not null of on only or permission please"
    " provided read refused rejected required see set should signature the there this timeout"
    " timed to too unable unauthorized undefined"
    " unexpected unknown unset updated user using value was were when while with without wrong you"
    " your"
)
_SENTENCE = frozenset(_WORDS.split())
_OF_WHOM = re.compile(
    r"(token|secret)?[ \t]+(?:for|of)(?:[ \t]+[^\s:=]+){2,4}[ \t]*:[ \t]+$", re.IGNORECASE
)


def is_nothing(place: Place) -> bool:
    """It says that there is none, or that it was taken out: null, ***, ${DB_LONG}."""
    return _NOTHING.fullmatch(place.value) is not None


def _is_quoted(place: Place) -> bool:
    return place.before[-1:] in ("'", '"', "`")


def is_sentence(place: Place) -> bool:
    """`password: must not be empty`, a path of a file with one.

    What is quoted is a value. PWD=/root is sudo's, pass: 12 a test's.
    """
    if is_nothing(place):
        return True
    if _is_quoted(place):
        return False
    of_pwd = place.value.startswith("/") and re.search(r"(?i)pwd\W*$", place.before)
    of_tests = re.fullmatch(r"\d{1,3}", place.value) and re.search(
        r"(?i)(?:pass|otp|pw)\W*$", place.before
    )
    of_files = (
        place.value.count("/") > 1 and place.value.startswith("/") and is_path_or_host(place.value)
    )
    in_words = place.before[-1:] == " " and place.value.lower().rstrip(".,;:!?") in _SENTENCE
    return bool(of_pwd or of_tests or of_files or in_words or _goes_on_of_whom(place))


def _goes_on_of_whom(place: Place) -> bool:
    """`no password for user joe at db1: connection refused`, `secret for pod web1: NotFound`."""
    if not is_plain(place.value) or (of_whom := _OF_WHOM.search(place.before)) is None:
        return False
    return re.match(r" \w", place.after) is not None or of_whom[1] is not None


def is_said_of_token(place: Place) -> bool:
    """`unexpected token: foo`, `token: a sentence on one`; behind `=` stands a value."""
    if is_sentence(place) or _is_quoted(place):
        return is_sentence(place)
    unexpected = re.search(
        r"(?i)(?:unexpected|illegal|next|expected|near)[ _]\w+\W*$", place.before
    )
    goes_on = place.before[-1:] == " " and is_plain(place.value) and re.match(r" \w", place.after)
    return bool(unexpected or goes_on)


_COUNTS = re.compile(
    r"(?i)(?:\bsid|\bsession(?:_?id)?|_(?:ttl|m?s|sec(?:ond)?s|minutes|hours|days|len(?:gth)?"
    r"|limit|count|max|min|size|bytes|time(?:out)?"
    r"|expir(?:y|ation|es(?:_(?:at|in))?)|interval|retries|port|id))\W*$"
)


def is_ordinary_value(place: Place) -> bool:
    """Behind a word of many meanings, a word, a short number, a path or a host is no secret;
    sessions and limits have numbers.
    """
    counts = place.value.isdigit() and _COUNTS.search(place.before) is not None
    return (
        counts
        or is_sentence(place)
        or len(place.value) < 5 - place.value.isdigit()
        or is_plain(place.value)
        or is_path_or_host(place.value)
    )


def is_ordinary_word(place: Place) -> bool:
    """Behind a blank only what has letters and digits is taken, if it is no name with a number:
    token v2beta1, password sha256.
    """
    word = place.value
    if len(word) < 6 or not any(map(str.isdigit, word)) or not any(map(str.isalpha, word)):
        return True
    named = re.fullmatch(
        (
            r"(?:sha|md|v|aes|rsa|utf|http|log|oauth|attempt)[-_]?\d{1,4}\w*"
            r"|[a-z0-9]+(?:[-_./:][a-z0-9]+)+"
        ),
        word,
    )
    in_code = (
        place.before[-1:] == "("
        and re.fullmatch(r"[\w$]+\.\w+:\d+|\w+", word) is not None
        and word[0].isupper()
    )
    return bool(named) or in_code or is_path_or_host(word)


def is_prose(place: Place) -> bool:
    """`Bearer token expired`, `basic auth failed`."""
    return (
        is_nothing(place)
        or is_plain(place.value)
        or is_path_or_host(place.value)
        or len(place.value) < 8
        or place.value.startswith("realm=")
    )


def is_address(place: Place) -> bool:
    """mailto:joe@example.com, nginx:1.25@sha256:…"""
    return (
        place.after.startswith("@sha256:")
        or re.search(r"(?i)\b(?:mailto|from|to|user|git):$", place.before) is not None
    )


def is_group(place: Place) -> bool:
    """`-u 1000:1000` and `-u www-data:www-data` are a user and a group."""
    return (
        place.value.isdigit() and re.search(r"[ =\"']\d+:$", place.before) is not None
    ) or re.search(rf"[ =\"']{re.escape(place.value)}:$", place.before) is not None


def is_option(place: Place) -> bool:
    """The next option of a command, where a value was looked for; or that there is none."""
    return is_nothing(place) or place.value.startswith("-")


_ENDS_LINE = re.compile(r"[\"']?[ \t]*(?:\n|$)")


def is_not_alone(place: Place) -> bool:
    """Only a word that is the whole rest of its line; without a `:` on the line above no plain
    word.
    """
    if len(place.value) < 4 or not _ENDS_LINE.match(place.after):
        return True
    in_words = re.search(
        r"[:=][ \t]*[|>]?[+-]?[\"']?[ \t]*\n[^\n]*$", place.before
    ) is None and is_plain(place.value)
    return (
        in_words
        or place.value.lower() in _SENTENCE
        or re.match(r"[{\[(].*[\s\"]", place.value) is not None
    )


def is_sentence_of_words(place: Place) -> bool:
    """What goes on as a sentence does."""
    return place.value.partition(" ")[0].lower() in _SENTENCE


def is_no_card(place: Place) -> bool:
    """Digits that are no number of a payment card."""
    return not is_card(place.value)


def is_no_base64(place: Place) -> bool:
    """A word without base 64's own signs, or one that people made."""
    return not ("/" in place.value or "+" in place.value) or is_made_by_people(place)


def is_made_by_people(place: Place) -> bool:
    """Or by systemd: what stands in front of `.scope` names a container, a pod or a session."""
    return (
        not is_made_up(place.value, place.before)
        or re.match(r"\.(?:scope|slice|service|mount)\b", place.after) is not None
    )


def is_name(place: Place) -> bool:
    """Of a user, in front of the host in a URL."""
    return not is_made_up(place.value, "")


def is_said_of_auth(place: Place) -> bool:
    """`AUTH failed`, `AUTH PLAIN`: what a mail server offers."""
    word = place.value.split()[0]
    return is_sentence(place._replace(before=" ", value=word)) or word in (
        "PLAIN",
        "LOGIN",
        "NTLM",
        "GSSAPI",
        "XOAUTH2",
    )
