"""A telling as Slack blocks: pure, within Slack's limits, and with no way for a host's text to
become markup.

Host text goes into plain_text and rich_text elements only, which Slack does not parse; unprintable
characters are shown as escapes, and `&`, `<`, `>` are escaped as everywhere in Slack text
(docs.slack.dev, Formatting message text). Limits: docs.slack.dev, Block Kit reference; a message's
blocks together were seen to be refused above about 13,200 characters.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any

from bot.chat import Looking, Note, Ready, Verdict, Words
from diagnostics.plain import plain, plain_lines
from diagnostics.telling.words import Part, Telling

MAX_HEADER_CHARS = 150
MAX_BLOCKS = 50
MAX_PAYLOAD_CHARS = 12_000
MAX_SENTENCE_CHARS = 700
MAX_SHORT_CHARS = 200  # of a part that is told in a line
MAX_EVIDENCE_CHARS = 220
MOST_SHORT = 30
IN_LINES = 3
EMPTY = "-"  # Slack takes no empty text
BULLETS_AND_EVIDENCE = ((8, 12), (6, 6), (4, 3), (3, 0))  # tried in turn until the message fits

Block = dict[str, Any]


def blocks_of(words: Words) -> list[Block]:
    """What is said, as the blocks of one message."""
    match words:
        case Verdict(telling):
            return _telling(telling)
        case Looking(hosts, notes, answered):
            return [_note(sentence) for sentence in (_looking(hosts, answered), *notes)]
        case Note(sentences):
            return [_note(sentence) for sentence in sentences]
        case Ready(inner):
            return [_note(_sentence(inner))]


def text_of(words: Words) -> str:
    """The plain text beside the blocks: what a notification and a screen reader give. Free of text
    from hosts.
    """
    inner = words.words if isinstance(words, Ready) else words
    return _escaped(_sentence(inner), 2 * MAX_SENTENCE_CHARS)


def _sentence(words: Verdict | Looking | Note) -> str:
    match words:
        case Verdict(telling, found, hosts):
            count = f"{found} of {_hosts(hosts)}" if found else _hosts(hosts)
            return f"{plain(telling.headline, MAX_SENTENCE_CHARS)} ({count})"
        case Looking(hosts, _, answered):
            return _looking(hosts, answered)
        case Note(sentences):
            return plain(sentences[0], MAX_SENTENCE_CHARS)


def _telling(telling: Telling) -> list[Block]:
    """The whole report; where it would be too long, evidence lines go first, then parts become a
    line each, from the last cause on.

    What could not be examined is the last part, and is kept: a host that nobody could look at must
    not be overlooked.
    """
    for bullets, evidence in BULLETS_AND_EVIDENCE:
        blocks = _blocks(telling.parts, bullets, evidence)
        if _fits(blocks):
            return blocks
    *causes, last = telling.parts
    whole = [_part(part, 3, 0) for part in causes]
    lines, end = [_short(part) for part in causes], _part(last, 3, 0)
    for kept in range(len(causes) - 1, -1, -1):
        short = lines[kept:][:MOST_SHORT]
        blocks = [
            *(block for part in whole[:kept] for block in part),
            *short,
            *end,
            _cut(len(causes) - kept - len(short)),
        ]
        if _fits(blocks):
            return blocks
    return _in_lines(lines, last)


def _in_lines(causes: Sequence[Block], last: Part) -> list[Block]:
    """What fits in any case: the last part's heading and first sentences, and a line for as many
    causes as have room.
    """
    kept = [_short(last), *(_note(sentence) for sentence in last.story[:IN_LINES])]
    for named in range(min(len(causes), MOST_SHORT), 0, -1):
        blocks = [*causes[:named], *kept, _cut(len(causes) - named)]
        if _fits(blocks):
            return blocks
    return [*kept, _cut(len(causes))]


def _short(part: Part) -> Block:
    return {
        "type": "context",
        "elements": [_plain_text(f"{part.headline} · {part.subtitle}", MAX_SHORT_CHARS)],
    }


def _cut(not_named: int) -> Block:
    more = (
        f", and {not_named} more {'cause is' if not_named == 1 else 'causes are'} not in it"
        if not_named
        else ""
    )
    return _note(f"This message is cut{more}: `sevbot diagnose` shows all of it.")


def _looking(hosts: int, answered: int) -> str:
    if answered:
        return f"sevbot has asked {answered} of {_hosts(hosts)} …"
    return f"sevbot is looking at {_hosts(hosts)} …"


def _hosts(count: int) -> str:
    return "1 host" if count == 1 else f"{count} hosts"


def _fits(blocks: Sequence[Block]) -> bool:
    return (
        len(blocks) <= MAX_BLOCKS
        and len(json.dumps(blocks, ensure_ascii=False)) <= MAX_PAYLOAD_CHARS
    )


def _blocks(parts: Iterable[Part], bullets: int, evidence: int) -> list[Block]:
    return [block for part in parts for block in _part(part, bullets, evidence)]


def _part(part: Part, bullets: int, evidence: int) -> list[Block]:
    elements = _bullets("What happened", part.story, bullets)
    elements += [_code("\n".join(part.picture))] if part.picture else []
    elements += _bullets("How sure", (part.how_sure,) if part.how_sure else (), bullets)
    if part.steps:
        elements.append(_title("What to do"))
        for step in part.steps:
            elements.append(_list([step.says]))
            elements += [_code(step.code)] if step.code else []
    elements += _bullets("Ruled out", part.ruled_out, bullets)
    elements += _bullets("Could not be checked", part.not_checked, bullets)
    shown = [
        f"{e.host or ''} {e.citation.source}:{e.citation.line}  {e.citation.text}".strip()
        for e in part.evidence[:evidence]
    ]
    if shown:
        elements += [
            _title("Evidence"),
            _code("\n".join(plain(line, MAX_EVIDENCE_CHARS) for line in shown)),
        ]
    header = {"type": "header", "text": _plain_text(part.headline, MAX_HEADER_CHARS)}
    subtitle = (
        [{"type": "context", "elements": [_plain_text(part.subtitle, MAX_SENTENCE_CHARS)]}]
        if part.subtitle
        else []
    )
    return [header, *subtitle, *([{"type": "rich_text", "elements": elements}] if elements else [])]


def _bullets(title: str, sentences: Sequence[str], most: int) -> list[Block]:
    if not sentences:
        return []
    left_out = len(sentences) - most
    shown = [*sentences[:most], *([f"and {left_out} more"] if left_out > 0 else [])]
    return [_title(title), _list(shown)]


def _title(text: str) -> Block:
    return {
        "type": "rich_text_section",
        "elements": [{"type": "text", "text": text, "style": {"bold": True}}],
    }


def _list(sentences: Sequence[str]) -> Block:
    items = [
        {"type": "rich_text_section", "elements": [_text(_escaped(sentence, MAX_SENTENCE_CHARS))]}
        for sentence in sentences
    ]
    return {"type": "rich_text_list", "style": "bullet", "elements": items}


def _code(text: str) -> Block:
    return {"type": "rich_text_preformatted", "elements": [_text(_escape(plain_lines(text)))]}


def _note(sentence: str) -> Block:
    return {"type": "context", "elements": [_plain_text(sentence, MAX_SENTENCE_CHARS)]}


def _text(escaped: str) -> Block:
    return {"type": "text", "text": escaped}


def _plain_text(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": _escaped(text, limit), "emoji": False}


def _escaped(text: str, limit: int) -> str:
    """`text` made safe, of 1 to `limit` characters as Slack counts them: escaped ones."""
    shown = plain(text, limit) or EMPTY
    escaped = _escape(shown)
    if len(escaped) <= limit:
        return escaped
    ends = list(accumulate(len(_escape(character)) for character in shown))
    return f"{_escape(shown[: bisect_right(ends, limit - 1)])}…"


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
