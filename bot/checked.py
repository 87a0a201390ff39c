"""What `sevbot check` found out about one thing, as a line."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum


class State(Enum):
    """How a thing stands. What could not be told is no problem, and no health."""

    OK = "ok"
    PROBLEM = "problem"
    UNTOLD = "could not tell"


@dataclass(frozen=True)
class Checked:
    """`item` is what was looked at; `says` is what is wrong and the cure, or why it could not be
    told, or a remark on what is right.
    """

    item: str
    state: State
    says: str = ""

    def line(self) -> str:
        """As it is printed, without an end."""
        return ": ".join(part for part in (self.item, self.state.value, self.says) if part)


def ok(item: str, remark: str = "") -> Checked:
    """All is well with it."""
    return Checked(item, State.OK, remark)


def problem(item: str, says: str) -> Checked:
    """It keeps sevbot from its work; `says` names the cure."""
    return Checked(item, State.PROBLEM, says)


def untold(item: str, because: str) -> Checked:
    """It could not be looked at."""
    return Checked(item, State.UNTOLD, because)


def summary(found: Iterable[Checked]) -> str:
    """How many there are of each."""
    states = [each.state for each in found]
    problems, untold_, right = (
        states.count(state) for state in (State.PROBLEM, State.UNTOLD, State.OK)
    )
    count = "1 problem" if problems == 1 else f"{problems or 'no'} problems"
    return f"{count}, {untold_} could not be told, {right} ok. Nothing was posted."
