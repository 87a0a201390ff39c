"""Slack's refusals."""

from __future__ import annotations


class SlackError(Exception):
    """Slack's refusal: the code that stands in `error`, and whatever goes with it."""

    def __init__(self, code: str, **more: object) -> None:
        super().__init__(code)
        self.code = code
        self.more = more
