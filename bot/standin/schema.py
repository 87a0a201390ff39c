"""The words in which `block_kinds` says what Slack takes: an object's keys, a text's length, a
list's. Each check yields a Problem for whatever is otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from bot.standin.workspace import Json

# what Slack itself escapes where a client did not; lengths count after that
_BARE = re.compile(r"&(?!(?:amp|lt|gt);)|[<>]")
_ESCAPED = {"&": 5, "<": 4, ">": 4}


@dataclass(frozen=True)
class Problem:
    """What is wrong and where: a JSON pointer, as docs.slack.dev writes it under blocks.validate.
    `constraint` is the limit that was passed, if it is one.
    """

    pointer: str
    code: str
    message: str
    constraint: int | None = None

    def as_json(self) -> Json:
        """One entry of `errors`, as blocks.validate gives it."""
        limit = {} if self.constraint is None else {"constraint": self.constraint}
        return {"pointer": self.pointer, "code": self.code, "message": self.message, **limit}

    def __str__(self) -> str:
        return f"{self.message} [json-pointer:{self.pointer}]"


Check = Callable[[object, str], Iterator[Problem]]


@dataclass(frozen=True)
class Shape:
    """An object: these keys and no others; of `one_of`, where there are any, at least one."""

    required: Mapping[str, Check]
    optional: Mapping[str, Check]
    one_of: tuple[str, ...] = ()

    def __call__(self, value: object, at: str) -> Iterator[Problem]:
        """Check `value`, which stands at the pointer `at`."""
        if not isinstance(value, dict):
            yield Problem(at, "invalid_type", "must be an object")
            return
        known = {**self.required, **self.optional, "type": anything}
        for key in value.keys() - known.keys():
            yield Problem(f"{at}/{key}", "unknown_property", f"unknown property: {key}")
        for key in self.required.keys() - value.keys():
            yield Problem(at, "missing_property", f"missing required field: {key}")
        if self.one_of and not any(value.get(key) is not None for key in self.one_of):
            named = " or ".join(self.one_of)
            yield Problem(at, "missing_property", f"missing required field: {named}")
        for key in [key for key in value if key in known]:
            yield from known[key](value[key], f"{at}/{key}")


def anything(_value: object, _at: str) -> Iterator[Problem]:
    """Whatever it is."""
    return iter(())


def shown_length(text: str, *, is_mrkdwn: bool = False) -> int:
    """How many characters Slack counts: each `&`, `<` and `>` that is not escaped is escaped first,
    but for the signs of mrkdwn's own links.
    """
    if is_mrkdwn:
        return len(text)
    return len(text) + sum(_ESCAPED[bare[0]] - 1 for bare in _BARE.finditer(text))


def string(most: int, least: int = 1) -> Check:
    """A string of so many characters."""

    def check(value: object, at: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(at, "invalid_type", "must be a string")
        else:
            yield from _length(shown_length(value), most, least, at, "characters")

    return check


def text(most: int, *kinds: str) -> Check:
    """A text object of one of these kinds: plain_text, mrkdwn."""

    def check(value: object, at: str) -> Iterator[Problem]:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(value, dict) or kind not in kinds:
            yield Problem(at, "invalid_type", f"must be a text object of {' or '.join(kinds)}")
            return
        own = {"emoji": flag} if kind == "plain_text" else {"verbatim": flag}
        is_mrkdwn = kind == "mrkdwn"
        yield from Shape({"text": anything}, own)(value, at)
        said = value.get("text")
        if not isinstance(said, str):
            yield Problem(f"{at}/text", "invalid_type", "must be a string")
            return
        length = shown_length(said, is_mrkdwn=is_mrkdwn)
        yield from _length(length, most, 1, f"{at}/text", "characters")

    return check


def plain(most: int) -> Check:
    """A text object of plain text."""
    return text(most, "plain_text")


def any_text(most: int) -> Check:
    """A text object."""
    return text(most, "plain_text", "mrkdwn")


def each(of: Check, most: int | None, least: int = 1) -> Check:
    """A list of so many, each of which is so; `most` None: of any length."""

    def check(value: object, at: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(at, "invalid_type", "must be a list")
            return
        yield from _length(len(value), most, least, at, "items")
        for place, entry in enumerate(value):
            yield from of(entry, f"{at}/{place}")

    return check


def one_of(*values: object) -> Check:
    """One of these."""

    def check(value: object, at: str) -> Iterator[Problem]:
        if value not in values:
            named = ", ".join(map(str, values))
            yield Problem(at, "invalid_value", f"must be one of {named}")

    return check


def flag(value: object, at: str) -> Iterator[Problem]:
    """true or false."""
    if not isinstance(value, bool):
        yield Problem(at, "invalid_type", "must be true or false")


def number(value: object, at: str) -> Iterator[Problem]:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        yield Problem(at, "invalid_type", "must be a whole number")


def by_type(kinds: Mapping[str, Check], what: str) -> Check:
    """An object of one of these types; `what` is what it is called where it is none."""

    def check(value: object, at: str) -> Iterator[Problem]:
        kind = value.get("type") if isinstance(value, dict) else None
        known = kinds.get(str(kind))
        if known is None:
            yield Problem(at, "unsupported_type", f"unsupported {what}: {kind}")
        else:
            yield from known(value, at)

    return check


def _length(length: int, most: int | None, least: int, at: str, of_what: str) -> Iterator[Problem]:
    if length < least:
        named = f"must be more than {least - 1} {of_what}"
        yield Problem(at, "too_short", named, least)
    if most is not None and length > most:
        yield Problem(at, "too_long", f"no more than {most} {of_what} allowed", most)
