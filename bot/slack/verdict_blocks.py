"""A verdict as the message that is read in ten seconds: who died, the cause, its numbers, one step
with its command, one line of what else was looked at, and buttons.

It fits Slack whatever the brief holds: each text is cut to what its place takes, and the places are
counted (docs.slack.dev, Block Kit reference; a message's blocks together were seen to be refused
above about 13,200 characters).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from bot.chat import Verdict
from bot.slack import buttons
from bot.slack.escape import Block, code, context, escaped, header, rich_text, section, text
from diagnostics.plain import plain
from diagnostics.telling.brief import Brief
from diagnostics.telling.names import listed

MOST_SENTENCES = 4
MAX_SENTENCE_CHARS, MAX_CODE_CHARS, MAX_COUNTS_CHARS = 700, 2_000, 600
MAX_NAME_CHARS = 60
MOST_MOMENTS, MAX_FALLBACK_CHARS = 4, 100
MOST_PEOPLE = 5


def verdict_blocks(verdict: Verdict, *, newer: bool) -> list[Block]:
    """The message; with `newer` also kinds of blocks that not every workspace takes."""
    told, held = verdict.brief, verdict.held
    blocks = [
        header(told.title),
        context(told.who),
        rich_text(*_body(told)),
        context(_counts(told)),
    ]
    blocks.append(rich_text(section(*_when_and_who(verdict))))
    if held is not None and held.is_sev:
        made = buttons.of_sev_newer if newer else buttons.of_sev
        blocks += made(held.key)
    elif held is not None:
        blocks += buttons.of_question(held.key)
    return blocks


def _body(told: Brief) -> list[Block]:
    sentences = [sentence for sentence in told.says if sentence][:MOST_SENTENCES]
    said = [part for sentence in sentences for part in _sentence(sentence, told)]
    elements = [section(*said[:-1])] if said else []
    if told.picture:
        elements.append(code("\n".join(told.picture), MAX_CODE_CHARS))
    if told.step is not None:
        elements.append(section(text(told.step.says, MAX_SENTENCE_CHARS, bold=True)))
        if told.step.code:
            elements.append(code(told.step.code, MAX_CODE_CHARS))
    return elements or [section(text("Evidence has all that was looked at."))]


def _sentence(sentence: str, told: Brief) -> Iterator[Block]:
    """Its text, with each moment as a reader's own clock has it, and the line's end."""
    shown = plain(sentence, MAX_SENTENCE_CHARS)
    for said, moment in told.times[:MOST_MOMENTS]:
        before, found, behind = shown.partition(said) if said else (shown, "", "")
        if found and moment.timestamp() > 0:
            yield from [text(before)] if before else []
            yield date(moment.timestamp(), "{time_secs}, {date_short_pretty}", said)
            shown = behind
    yield from [text(shown)] if shown else []
    yield {"type": "text", "text": "\n"}


def _counts(told: Brief) -> str:
    """What else was looked at, in one line."""
    causes = "cause" if told.ruled_out == 1 else "causes"
    said = [f"Ruled out {told.ruled_out} other {causes}"] if told.ruled_out else []
    if told.not_checked:
        names = listed([plain(name, MAX_NAME_CHARS) for name in told.not_checked])
        said.append(f"{len(told.not_checked)} could not be checked: {names}")
    lines = "line" if told.evidence == 1 else "lines"
    said.append(f"{told.evidence or 'no'} {lines} of evidence")
    line = " · ".join(said)
    return f"{line[0].upper()}{line[1:]}"[:MAX_COUNTS_CHARS]


def _when_and_who(verdict: Verdict) -> list[Block]:
    """When it was looked, and what people said and did since."""
    held = verdict.held
    elements = [text("Looked at "), date(verdict.looked_at_s)]
    if held is not None and held.again_by is not None:
        elements = [text("Looked again for "), _user(held.again_by), text(" at ")]
        elements.append(date(verdict.looked_at_s))
    if held is not None:
        elements += _says("Right", held.says(is_right=True))
        elements += _says("Wrong", held.says(is_right=False))
    return [*elements, text(".")]


def _says(what: str, people: Sequence[str]) -> list[Block]:
    if not people:
        return []
    elements = [text(f" · {what}, says ")]
    for place, person in enumerate(people[:MOST_PEOPLE]):
        elements += [text(", ")] if place else []
        elements.append(_user(person))
    more = len(people) - MOST_PEOPLE
    return [*elements, *([text(f" and {more} more")] if more > 0 else [])]


def _user(user: str) -> Block:
    return {"type": "user", "user_id": user}


def date(at_s: float, shape: str = "{time}", fallback: str | None = None) -> Block:
    """A moment as each reader's own clock has it (docs.slack.dev, rich text's date); `shape` is
    made of Slack's tokens.
    """
    utc = f"{datetime.fromtimestamp(at_s, UTC):%H:%M} UTC"
    return {
        "type": "date",
        "timestamp": int(at_s),
        "format": shape,
        "fallback": escaped(fallback or utc, MAX_FALLBACK_CHARS),
    }
