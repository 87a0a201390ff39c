"""JSON that somebody else may have written, value by value: each is what it has to be, or
ReportError says which is not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import NoReturn

MOST_CHARACTERS = 256 * 1024 * 1024
MOST_NESTED = 32  # lists and objects in one another; a report needs ten
_LARGEST = 2**63


class ReportError(ValueError):
    """A text is no report that this version can read; the message says why, and what would help."""


def load(text: str) -> Said:
    """The JSON in `text`: of bounded length and depth, and without what is no JSON (NaN). Raises
    ReportError.
    """
    if len(text) > MOST_CHARACTERS:
        raise ReportError(f"not a report of sevbot: it is longer than {MOST_CHARACTERS} characters")
    try:
        value = json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ReportError("not a report of sevbot: it is nested too deeply") from error
    except ValueError as error:
        raise damaged(str(error)[:200]) from error
    _check_depth(value)
    return Said(value, "the report")


def damaged(what: str) -> ReportError:
    """The error for a text that is no report, or one that was changed; `what` says which part."""
    return ReportError(f"not a report of sevbot, or it is damaged: {what}")


def _no_number(word: str) -> NoReturn:
    raise damaged(f"{word} is no number")


def _check_depth(value: object) -> None:
    """Level by level, since a deep one must not be walked down."""
    level = [value]
    for _ in range(MOST_NESTED + 1):
        level = [
            one
            for found in level
            if isinstance(found, list | dict)
            for one in (found.values() if isinstance(found, dict) else found)
        ]
        if not level:
            return
    raise ReportError("not a report of sevbot: it is nested too deeply")


class Said:
    """An object of the JSON. Whatever a key holds is asked for by its kind; what nobody asks for
    may be there.
    """

    def __init__(self, value: object, name: str) -> None:
        if not isinstance(value, dict):
            raise damaged(f"{name} is no object")
        self._value: dict[str, object] = value

    def has(self, key: str) -> bool:
        """Whether it is there, and not null."""
        return self._value.get(key) is not None

    def _of(self, key: str) -> object:
        if key not in self._value:
            raise damaged(f"`{key}` is missing")
        return self._value[key]

    def text(self, key: str) -> str:
        """A text that must be there. Raises ReportError, as all of these do."""
        return _text(self._of(key), key)

    def text_or_none(self, key: str) -> str | None:
        """A text; None where the key is missing or null."""
        return self.text(key) if self.has(key) else None

    def is_text(self, key: str) -> bool:
        """Whether a text stands there; where nothing or something else does, False."""
        return isinstance(self._value.get(key), str)

    def flag(self, key: str) -> bool:
        """True or false; nothing else stands for them."""
        value = self._of(key)
        if not isinstance(value, bool):
            raise damaged(f"`{key}` is neither true nor false")
        return value

    def whole(self, key: str) -> int:
        """A whole number, as 64 bits hold it."""
        value = self._of(key)
        if not isinstance(value, int) or isinstance(value, bool) or abs(value) >= _LARGEST:
            raise damaged(f"`{key}` is no whole number")
        return value

    def whole_or_none(self, key: str) -> int | None:
        """A whole number; None where the key is missing or null."""
        return self.whole(key) if self.has(key) else None

    def number(self, key: str) -> float:
        """A finite number below 2**63, whole or not."""
        value = self._of(key)
        if (
            not isinstance(value, int | float)
            or isinstance(value, bool)
            or not math.isfinite(value)
            or abs(value) >= _LARGEST
        ):
            raise damaged(f"`{key}` is no number")
        return value

    def number_or_none(self, key: str) -> float | None:
        """A number; None where the key is missing or null."""
        return self.number(key) if self.has(key) else None

    def inside(self, key: str) -> Said:
        """An object."""
        return Said(self._of(key), f"`{key}`")

    def inside_or_none(self, key: str) -> Said | None:
        """An object; None where the key is missing or null."""
        return self.inside(key) if self.has(key) else None

    def each(self, key: str) -> list[Said]:
        """A list of objects."""
        return [Said(one, f"what `{key}` holds") for one in self._list(key)]

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(_text(one, key) for one in self._list(key))

    def names(self, key: str) -> tuple[str | None, ...]:
        """A list of texts and nulls."""
        return tuple(None if one is None else _text(one, key) for one in self._list(key))

    def numbered(self) -> Iterator[tuple[int, str]]:
        """Its keys, each a number, and as they are written."""
        for key in self._value:
            if not (key.isascii() and key.isdigit() and len(key) < 10):
                raise damaged("a node's number is none")
            yield int(key), key

    def _list(self, key: str) -> list[object]:
        value = self._of(key)
        if not isinstance(value, list):
            raise damaged(f"`{key}` is no list")
        return value


def _text(value: object, key: str) -> str:
    if not isinstance(value, str):
        raise damaged(f"`{key}` is no text")
    return value
