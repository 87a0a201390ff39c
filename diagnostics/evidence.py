"""Evidence: the facts of one host by their type, each one there or Missing with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from diagnostics.bundle import Missing

T = TypeVar("T")


@dataclass(frozen=True)
class Evidence:
    """Facts keyed by type, so that a new fact adds no field here."""

    facts: Mapping[type, object]

    def get(self, kind: type[T]) -> T | Missing:
        """The fact of this type, or why it is missing."""
        fact = self.facts.get(kind, Missing("it was not collected"))
        if isinstance(fact, kind | Missing):
            return fact
        raise TypeError(f"{kind.__name__} is filed as {type(fact).__name__}")
