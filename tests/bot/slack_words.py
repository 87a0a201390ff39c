"""A report as the bot says it in Slack."""

from __future__ import annotations

from bot.chat import verdict_on
from bot.slack.blocks import blocks_of, text_of
from bot.slack.escape import Block
from diagnostics.model import Report


def report_blocks(report: Report) -> list[Block]:
    return blocks_of(verdict_on(report))


def report_text(report: Report) -> str:
    return text_of(verdict_on(report))
