"""The modal that *Wrong* opens: what was it really? (docs.slack.dev, Modals, input block.)"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.slack import buttons
from bot.slack.escape import Block, plain_text, rich_text, section, text
from bot.slack.evidence_view import Opened, view
from diagnostics.telling.cause_names import NAMES

THANKS = "Thank you. What you wrote is in sevbot's log."
SHOWN = "The message says that you disagree."
CAUSE, WORDS = "sevbot_cause", "sevbot_words"
MAX_WORDS_CHARS = 1_000
MAX_OPTION_CHARS, MOST_OPTIONS = 75, 100
ASKS = "Thank you for telling. What was the true cause? One of the two is enough."
NOTHING_SAID = "Choose a cause, or say it in your own words."


def wrong_view(opened: Opened) -> Block:
    """Asks for the true cause, from a list or in words."""
    asking = view(
        buttons.WRONG_VIEW,
        "What was it?",
        opened,
        [
            rich_text(section(text(ASKS))),
            {
                "type": "input",
                "block_id": WORDS,
                "optional": True,
                "label": plain_text("In your own words", 100),
                "element": {
                    "type": "plain_text_input",
                    "action_id": WORDS,
                    "multiline": True,
                    "max_length": MAX_WORDS_CHARS,
                },
            },
            {
                "type": "input",
                "block_id": CAUSE,
                "optional": True,
                "label": plain_text("A cause that sevbot knows", 100),
                "element": {
                    "type": "static_select",
                    "action_id": CAUSE,
                    "placeholder": plain_text("Choose one", 100),
                    "options": [_option(*cause) for cause in list(NAMES.items())[:MOST_OPTIONS]],
                },
            },
        ],
    )
    return {**asking, "submit": plain_text("Send", 24)}


def thanks_view(opened: Opened, *, is_shown: bool = True) -> Block:
    """What is shown once it was sent; `is_shown`: the message tells of it."""
    said = f"{THANKS} {SHOWN}" if is_shown else THANKS
    return view(
        buttons.WRONG_VIEW,
        "Thank you",
        opened,
        [rich_text(section(text(said)))],
    )


def true_cause(values: Mapping[str, Any]) -> str:
    """What was submitted, in one line; empty if nothing was. `values` is view.state.values."""
    words = _given(values, WORDS).get("value") or ""
    option = _given(values, CAUSE).get("selected_option")
    code = option.get("value") if isinstance(option, Mapping) else None
    named = NAMES.get(str(code), "") if code else ""
    return ": ".join(said for said in (named, " ".join(str(words).split())) if said)


def _given(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    given = (values.get(name) or {}).get(name)
    return given if isinstance(given, Mapping) else {}


def _option(code: str, name: str) -> Block:
    return {"text": plain_text(name, MAX_OPTION_CHARS), "value": code}
