"""What is said, as the blocks of one Slack message and the plain text beside them: pure, within
Slack's limits, and with no way for a host's text to become markup (bot.slack.escape).
"""

from __future__ import annotations

from bot.chat import Looking, Note, Ready, Verdict, Words
from bot.slack.escape import Block, context, escaped, rich_text, section
from bot.slack.verdict_blocks import verdict_blocks
from diagnostics.plain import plain

MAX_SENTENCE_CHARS = 700
MOST_NOTES = 12


def blocks_of(words: Words, *, newer: bool = False) -> list[Block]:
    """What is said, as the blocks of one message; with `newer` also kinds that not every workspace
    takes.
    """
    match words:
        case Verdict():
            return verdict_blocks(words, newer=newer)
        case Looking(hosts, notes, answered):
            return _notes(_looking(hosts, answered), *notes)
        case Note(sentences):
            return _notes(*sentences)
        case Ready(inner):
            return _notes(_sentence(inner))


def text_of(words: Words) -> str:
    """The plain text beside the blocks: what a notification and a screen reader give. Free of text
    from hosts.
    """
    inner = words.words if isinstance(words, Ready) else words
    return escaped(_sentence(inner), 2 * MAX_SENTENCE_CHARS)


def rich_of(said: str) -> list[Block]:
    """One sentence as a message that may follow any other: Slack lets no message with rich_text be
    edited to one without (`block_mismatch`). `said` is escaped already.
    """
    return [rich_text(section({"type": "text", "text": said}))]


def _sentence(words: Verdict | Looking | Note) -> str:
    match words:
        case Verdict(telling, found, hosts):
            count = f"{found} of {_hosts(hosts)}" if found else _hosts(hosts)
            return f"{plain(telling.headline, MAX_SENTENCE_CHARS)} ({count})"
        case Looking(hosts, _, answered):
            return _looking(hosts, answered)
        case Note(sentences):
            return plain(sentences[0], MAX_SENTENCE_CHARS)


def _notes(*sentences: str) -> list[Block]:
    return [context(sentence, MAX_SENTENCE_CHARS) for sentence in sentences[:MOST_NOTES]]


def _looking(hosts: int, answered: int) -> str:
    if answered:
        return f"sevbot has asked {answered} of {_hosts(hosts)} …"
    return f"sevbot is looking at {_hosts(hosts)} …"


def _hosts(count: int) -> str:
    return "1 host" if count == 1 else f"{count} hosts"
