"""What can be pressed, and how Slack names it when it was: action ids, values, rows of buttons."""

from __future__ import annotations

from bot.slack.escape import Block

EVIDENCE, AGAIN = "sevbot_evidence", "sevbot_again"
RIGHT, WRONG, FEEDBACK = "sevbot_right", "sevbot_wrong", "sevbot_feedback"
NEXT, BACK = "sevbot_next", "sevbot_back"
EVIDENCE_VIEW, WRONG_VIEW = "sevbot_evidence_view", "sevbot_wrong_view"
SAYS_RIGHT, SAYS_WRONG = "right:", "wrong:"


def button(label: str, action_id: str, value: str) -> Block:
    """A button; `label` is ours."""
    return {
        "type": "button",
        "action_id": action_id,
        "text": {"type": "plain_text", "text": label, "emoji": False},
        "value": value,
    }


def row(*buttons: Block) -> Block:
    """Buttons in a row."""
    return {"type": "actions", "elements": list(buttons)}


def of_question(key: str) -> list[Block]:
    """Under an answer that one person alone sees."""
    return [row(button("Evidence", EVIDENCE, key))]


def of_sev(key: str) -> list[Block]:
    """Under a SEV's verdict, for every workspace."""
    return [
        row(
            button("Evidence", EVIDENCE, key),
            button("Run again", AGAIN, key),
            button("Right", RIGHT, key),
            button("Wrong", WRONG, key),
        )
    ]


def of_sev_newer(key: str) -> list[Block]:
    """The same with Slack's own pair for feedback (docs.slack.dev, context_actions block), which
    not every workspace takes.
    """
    return [
        row(button("Evidence", EVIDENCE, key), button("Run again", AGAIN, key)),
        {
            "type": "context_actions",
            "elements": [
                {
                    "type": "feedback_buttons",
                    "action_id": FEEDBACK,
                    "positive_button": _feedback("Right", SAYS_RIGHT, key),
                    "negative_button": _feedback("Wrong", SAYS_WRONG, key),
                }
            ],
        },
    ]


def _feedback(label: str, says: str, key: str) -> Block:
    return {
        "text": {"type": "plain_text", "text": label},
        "value": f"{says}{key}",
        "accessibility_label": f"The diagnosis is {label.lower()}",
    }
