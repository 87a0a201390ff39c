"""The modal that *Evidence* opens: all that the report holds, on pages (docs.slack.dev, Modals).

First a table of hosts where there are many, then each cause with one host's evidence by source and
line, what to do, what was ruled out and not checked, then the evidence of the other hosts.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from bot.chat import Verdict
from bot.slack import buttons
from bot.slack.escape import (
    MAX_CODE_CHARS,
    Block,
    bullets,
    chunks,
    code,
    context,
    header,
    plain_text,
    rich_text,
    section,
    text,
)
from diagnostics.model import Citation, Examined, HostReport, Remedy, Report
from diagnostics.plain import plain
from diagnostics.telling.words import Part, best_of

TABLE_FROM_HOSTS = 4
MOST_ROWS = 60  # of a table; Slack takes 100 with its head
MAX_CELL_CHARS = 120
MAX_SENTENCE_CHARS = 700
MAX_LIST_CHARS = 2_500
MAX_EVIDENCE_CHARS = 220
NOT_HELD = "The evidence for this message is no longer held."
MAX_PAGE_CHARS, MAX_PAGE_BLOCKS = 9_000, 60  # a view: 250 kB and 100 blocks


@dataclass(frozen=True)
class Opened:
    """What a modal remembers: whose message it is of, and where that stands. Slack keeps it for us,
    up to 3,000 characters.
    """

    key: str
    channel: str
    thread: str

    def private_metadata(self) -> str:
        """As Slack keeps it."""
        return json.dumps({"key": self.key, "channel": self.channel, "thread": self.thread})

    @classmethod
    def read(cls, private_metadata: object) -> Opened:
        """What `private_metadata` made; ValueError for all else."""
        said = json.loads(private_metadata) if isinstance(private_metadata, str) else None
        if not isinstance(said, dict):
            raise ValueError("a view without our private_metadata")
        return cls(*(str(said.get(name) or "") for name in ("key", "channel", "thread")))


def view(callback_id: str, title: str, opened: Opened, blocks: Sequence[Block]) -> Block:
    """A modal."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain_text(title, 24),
        "close": plain_text("Close", 24),
        "private_metadata": opened.private_metadata(),
        "blocks": list(blocks),
    }


def sentence_view(title: str, opened: Opened, *sentences: str) -> Block:
    """A modal that says a few sentences."""
    blocks = [rich_text(section(text(sentence))) for sentence in sentences]
    return view(buttons.EVIDENCE_VIEW, title, opened, blocks)


def not_held_view(opened: Opened) -> Block:
    """What a press gets on a message whose report is gone."""
    if not opened.thread:  # an answer to one person, whose question nobody kept
        again = "Ask again with /sev diagnose HOST…"
        return sentence_view("Evidence", opened, NOT_HELD, again)
    gone = sentence_view(
        "Evidence",
        opened,
        NOT_HELD,
        "Run again looks at the hosts once more, and edits the message in the thread.",
    )
    gone["blocks"].append(buttons.row(buttons.button("Run again", buttons.AGAIN, opened.key)))
    return gone


def evidence_view(verdict: Verdict, opened: Opened, page: int = 0, *, newer: bool) -> Block:
    """Page `page` of the report, from 0; the last one where there are not so many."""
    blocks = list(_blocks(verdict, newer=newer)) or [context("Nothing was looked at.")]
    pages = _pages(blocks)
    page = min(max(page, 0), len(pages) - 1)
    shown = list(pages[page])
    if len(pages) > 1:
        back = [buttons.button("Back", buttons.BACK, str(page - 1))] if page else []
        more = page + 1 < len(pages)
        onward = [buttons.button("Next", buttons.NEXT, str(page + 1))] if more else []
        shown += [context(f"Page {page + 1} of {len(pages)}"), buttons.row(*back, *onward)]
    return view(buttons.EVIDENCE_VIEW, "Evidence", opened, shown)


def _pages(blocks: Sequence[Block]) -> list[list[Block]]:
    """In order, as much on each as a phone scrolls gladly; a heading stands above something, and
    there is one table on a page.
    """
    pages: list[list[Block]] = [[]]
    size = 0
    for block in blocks:
        length = len(json.dumps(block, ensure_ascii=False))
        is_full = size + length > MAX_PAGE_CHARS or len(pages[-1]) >= MAX_PAGE_BLOCKS
        is_second_table = block["type"] == "table" and _has_table(pages[-1])
        is_late_heading = block["type"] == "header" and size > MAX_PAGE_CHARS * 2 // 3
        if pages[-1] and (is_full or is_second_table or is_late_heading):
            moved = [pages[-1].pop()] if pages[-1][-1]["type"] == "header" else []
            pages = [page for page in pages if page]
            pages.append(moved)
            size = 0
        pages[-1].append(block)
        size += length
    return pages


def _has_table(page: Sequence[Block]) -> bool:
    return any(block["type"] == "table" for block in page)


def _blocks(verdict: Verdict, *, newer: bool) -> Iterator[Block]:
    report = verdict.report
    if len(report.hosts) >= TABLE_FROM_HOSTS:
        yield header("Hosts")
        yield from _tables(report) if newer else _host_lines(report)
    for part in verdict.telling.parts:
        yield from _part(part, report)
    told = {
        (quoted.host, quoted.citation) for part in verdict.telling.parts for quoted in part.evidence
    }
    others = [block for host in report.hosts for block in _evidence(host, told)]
    if others:
        yield header("More evidence")
        yield from others


def _of_host(host: HostReport) -> tuple[str, str, str]:
    """Its name, what was found, how sure."""
    name = host.host or "log"
    if not isinstance(host, Examined):
        return name, "could not be examined", "-"
    if not host.findings:
        return name, "no cause found", "-"
    more = f" and {len(host.findings) - 1} more" if len(host.findings) > 1 else ""
    return name, f"{host.findings[0].headline}{more}", str(host.findings[0].confidence)


def _tables(report: Report) -> Iterator[Block]:
    """docs.slack.dev, Table block: 100 rows of 20 cells."""
    for start in range(0, len(report.hosts), MOST_ROWS):
        rows = [_of_host(host) for host in report.hosts[start : start + MOST_ROWS]]
        yield {
            "type": "table",
            "column_settings": [{"is_wrapped": False}, {"is_wrapped": True}, {"is_wrapped": False}],
            "rows": [_row(row) for row in (("Host", "Cause", "How sure"), *rows)],
        }


def _row(cells: Sequence[str]) -> list[Block]:
    return [
        {"type": "raw_text", "text": plain_text(cell, MAX_CELL_CHARS)["text"]} for cell in cells
    ]


def _host_lines(report: Report) -> Iterator[Block]:
    told = (_of_host(host) for host in report.hosts)
    lines = [
        f"{plain(name, MAX_CELL_CHARS)}: {plain(cause, MAX_CELL_CHARS)}"
        f"{f', {sure}' if sure != '-' else ''}"
        for name, cause, sure in told
    ]
    for some in chunks(lines, MAX_LIST_CHARS):
        yield rich_text(bullets(some))


def _part(part: Part, report: Report) -> Iterator[Block]:
    yield header(part.headline)
    if part.subtitle:
        yield context(part.subtitle)
    yield from _titled("What happened", part.story)
    if part.picture:
        yield rich_text(code("\n".join(part.picture)))
    if part.evidence:
        cited = [quoted.citation for quoted in part.evidence]
        yield from _lines(f"Evidence{_of(part.evidence[0].host)}", cited)
    yield from _titled("How sure", (part.how_sure,) if part.how_sure else ())
    remedies = _remedies(part, report)
    if remedies:
        yield from _steps(remedies)
    yield from _titled("Ruled out", part.ruled_out)
    yield from _titled("Could not be checked", part.not_checked)


def _titled(title: str, sentences: Sequence[str]) -> Iterator[Block]:
    for place, some in enumerate(chunks(sentences, MAX_LIST_CHARS)):
        heading = [section(text(title, bold=True))] if place == 0 else []
        yield rich_text(*heading, bullets(some, MAX_SENTENCE_CHARS))


def _remedies(part: Part, report: Report) -> tuple[Remedy, ...]:
    """All of them, of the finding that the part is told from: the first of the surest."""
    pairs = [
        (host, finding)
        for host in report.hosts
        if isinstance(host, Examined)
        for finding in host.findings
        if finding.headline == part.headline
    ]
    return best_of(pairs)[1].remedies if pairs else ()


def _steps(remedies: Sequence[Remedy]) -> Iterator[Block]:
    for place, remedy in enumerate(remedies):
        heading = [section(text("What to do", bold=True))] if place == 0 else []
        said = f"{'Or: ' if place else ''}{remedy.says} {remedy.because}"
        edit = [code(remedy.edit)] if remedy.edit else []
        yield rich_text(*heading, section(text(said)), *edit)


def _of(host: str | None) -> str:
    return f" of {host}" if host else ""


def _evidence(host: HostReport, told: Collection[tuple[str | None, Citation]]) -> Iterator[Block]:
    """Of each finding that has lines which are not among those `told`."""
    for finding in host.findings if isinstance(host, Examined) else ():
        if any((host.host, cited) not in told for cited in finding.citations):
            name = f"{host.host}: " if host.host else ""
            yield from _lines(f"{name}{finding.headline}", finding.citations)


def _lines(title: str, citations: Sequence[Citation]) -> Iterator[Block]:
    lines = [
        plain(f"{cited.source}:{cited.line}  {cited.text}", MAX_EVIDENCE_CHARS)
        for cited in citations
    ]
    for place, some in enumerate(chunks(lines, MAX_CODE_CHARS)):
        heading = [section(text(title, bold=True))] if place == 0 else []
        yield rich_text(*heading, code("\n".join(some)))
