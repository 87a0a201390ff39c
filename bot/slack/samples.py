"""One of each thing that sevbot says in Slack, made by what makes the real ones: for who wants to
know whether a workspace takes their blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot.chat import Held, Looking, Note, Ready, Words, verdict_on
from bot.slack.blocks import blocks_of
from bot.slack.escape import Block
from bot.slack.evidence_view import Opened, evidence_view, not_held_view
from bot.slack.wrong_view import thanks_view, wrong_view
from diagnostics.model import Report

KEY = "0" * 24
_OPENED = Opened(KEY, "C0SAMPLE", "1790000000.000100")
_HELD = Held(KEY, again_by="U0SAMPLE", said={"U0SAMPLE": True, "U0SAMPLE2": False})


@dataclass(frozen=True)
class Sample:
    """A message or a modal (`kind`: `message` or `view`, as blocks.validate names them); `plainer`
    is what goes where the workspace does not take `newer`.
    """

    name: str
    kind: str
    newer: Block
    plainer: Block


def samples(report: Report) -> Iterator[Sample]:
    """Of each kind of message and modal; those of a verdict tell `report`."""
    verdict = replace(verdict_on(report), held=_HELD)
    asked = replace(verdict, held=replace(_HELD, is_sev=False))
    said: dict[str, Words] = {
        "the first message": Looking(3, ("sevbot looks at hosts once in a minute.",)),
        "a note": Note(("The announcement names no host that sevbot knows.",)),
        "the verdict": verdict,
        "an answer to /sev": asked,
        "the word that a verdict is there": Ready(verdict),
    }
    for name, words in said.items():
        newer, plainer = ({"blocks": blocks_of(words, newer=each)} for each in (True, False))
        yield Sample(name, "message", newer, plainer)
    newer, plainer = (evidence_view(verdict, _OPENED, newer=each) for each in (True, False))
    yield Sample("the evidence", "view", newer, plainer)
    for name, view in (
        ("evidence that is no longer held", not_held_view(_OPENED)),
        ("the question what it was", wrong_view(_OPENED)),
        ("the thanks", thanks_view(_OPENED)),
    ):
        yield Sample(name, "view", view, view)
