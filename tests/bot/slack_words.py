"""A report as the bot says it in Slack: the message, and the modal behind its button."""

from __future__ import annotations

import json

from bot.chat import verdict_on
from bot.slack.blocks import blocks_of, text_of
from bot.slack.escape import Block
from bot.slack.evidence_view import Opened, evidence_view
from diagnostics.model import Report

OPENED = Opened("0123456789abcdef01234567", "C0PROD", "1795384570.000100")
MOST_PAGES = 2_000


def report_blocks(report: Report) -> list[Block]:
    return blocks_of(verdict_on(report))


def report_text(report: Report) -> str:
    return text_of(verdict_on(report))


def evidence_pages(report: Report, *, newer: bool = True, most: int = MOST_PAGES) -> list[Block]:
    """Each page of the modal, as a view; the first `most` of them."""
    verdict = verdict_on(report)
    pages: list[Block] = []
    while len(pages) < most and (not pages or '"Next"' in json.dumps(pages[-1])):
        pages.append(evidence_view(verdict, OPENED, len(pages), newer=newer))
    return pages
