"""What Slack makes of what a person types: a client_msg_id, a rich_text block, and links where it
sees addresses and host names (docs.slack.dev, Formatting message text; slack_sdk's own fixtures).
"""

from __future__ import annotations

import html
import re
import uuid

from bot.standin.workspace import Json

# an address, or a host's name under a known top level: Slack links web1.example.com, too
_TOP_LEVELS = "com|net|org|io|dev|app|cloud|co|ai|eu|de|uk|us"
_LINKED = re.compile(
    rf"<(?:https?:|mailto:|[@#!])[^>\n]*>|https?://[^\s<>]+|"
    rf"\b(?:[a-z0-9][a-z0-9-]*\.)+(?:{_TOP_LEVELS})\b",
    re.IGNORECASE,
)
_USER = re.compile(r"<@(U[A-Z0-9]+)>")


def as_typed(text: str) -> Json:
    """The message's `text`, `blocks` and `client_msg_id`. `text` is escaped, as Slack has it; what
    stands in `<…>` is a link or a mention already.
    """
    said: list[str] = []
    elements: list[Json] = []
    end = 0
    for found in _LINKED.finditer(text):
        _add(text[end : found.start()], said, elements)
        shown, element = _linked(found[0])
        said.append(shown)
        elements.append(element)
        end = found.end()
    _add(text[end:], said, elements)
    sections = [{"type": "rich_text_section", "elements": elements}]
    blocks = [{"type": "rich_text", "block_id": uuid.uuid4().hex[:5], "elements": sections}]
    return {
        "text": "".join(said),
        "client_msg_id": str(uuid.uuid4()),
        **({"blocks": blocks} if elements else {}),
    }


def _add(text: str, said: list[str], elements: list[Json]) -> None:
    if text:
        said.append(text)
        elements.append({"type": "text", "text": html.unescape(text)})


def _linked(found: str) -> tuple[str, Json]:
    if user := _USER.fullmatch(found):
        return found, {"type": "user", "user_id": user[1]}
    if found.startswith("<"):
        url, _, label = found[1:-1].partition("|")
        return found, {
            "type": "link",
            "url": html.unescape(url),
            **({"text": label} if label else {}),
        }
    url = html.unescape(found)
    if found.lower().startswith("http"):
        return f"<{found}>", {"type": "link", "url": url}
    return f"<http://{found}|{found}>", {"type": "link", "url": f"http://{url}", "text": url}
