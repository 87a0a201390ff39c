"""What Slack refuses of a message's blocks as a whole, and of a modal: counts, kinds that do not
belong there, and ids that are there twice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator

from bot.standin.block_kinds import BLOCKS, MODALS_ONLY, NEWER, VIEW
from bot.standin.schema import Problem, by_type, each
from bot.standin.workspace import SlackError

MAX_BLOCKS = 50
MAX_VIEW_BLOCKS = 100
MAX_TABLES = 1  # of a message
# undocumented; seen by others as msg_blocks_too_long (github.com/slackapi/bolt-js/issues/2509)
MAX_BLOCKS_CHARS = 13_200


def check_blocks(blocks: object, *, takes_newer: bool = True) -> None:
    """Raises SlackError: invalid_blocks_format, invalid_blocks (with the reason and where) or
    msg_blocks_too_long. Without `takes_newer` the workspace knows no newer kind.
    """
    if not isinstance(blocks, list):
        raise SlackError("invalid_blocks_format")
    _refuse("invalid_blocks", [*_of_message(blocks), *(() if takes_newer else _newer(blocks, ""))])
    if len(json.dumps(blocks, ensure_ascii=False)) > MAX_BLOCKS_CHARS:
        raise SlackError("msg_blocks_too_long")


def check_view(view: object, *, takes_newer: bool = True) -> None:
    """Raises SlackError, invalid_arguments or invalid_blocks, with the reason and where."""
    if not isinstance(view, dict) or view.get("type") != "modal":
        raise SlackError("invalid_arguments")
    _refuse("invalid_arguments", list(VIEW(view, "/view")))
    found = list(_of_view(view))
    newer = () if takes_newer else _newer(view["blocks"], "/view")
    _refuse("invalid_arguments", [*found, *newer])


def problems_of(kind: str, value: object, *, takes_newer: bool = True) -> list[Problem]:
    """What blocks.validate finds in `blocks`, a `message` or a `view`. It does not miss a message's
    `text` (seen by others).
    """
    if kind == "view":
        blocks_of = _of_view(value, "") if isinstance(value, dict) else ()
        newer = _newer(value.get("blocks"), "") if isinstance(value, dict) else ()
        return [*VIEW(value, ""), *blocks_of, *(() if takes_newer else newer)]
    blocks = value.get("blocks") if kind == "message" and isinstance(value, dict) else value
    if not isinstance(blocks, list):
        return [Problem("/blocks", "invalid_type", "must be a list")]
    return [*_of_message(blocks), *(() if takes_newer else _newer(blocks, ""))]


def _refuse(code: str, problems: list[Problem]) -> None:
    if problems:
        said = [str(problem) for problem in problems]
        messages = [f"[ERROR] {problem}" for problem in said]
        raise SlackError(code, errors=said, response_metadata={"messages": messages})


_ANY_BLOCK = by_type(BLOCKS, "type")


def _of_message(blocks: list[object]) -> Iterator[Problem]:
    yield from each(_ANY_BLOCK, MAX_BLOCKS, least=0)(blocks, "/blocks")
    for place, block in enumerate(blocks):
        if isinstance(block, dict) and block.get("type") in MODALS_ONLY:
            kind = block["type"]
            yield Problem(f"/blocks/{place}", "unsupported_type", f"no {kind} in a message")
        if isinstance(block, dict) and block.get("type") == "container":
            yield from _of_container(block, f"/blocks/{place}")
    tables = [block for block in blocks if isinstance(block, dict) and block.get("type") == "table"]
    if len(tables) > MAX_TABLES:
        yield Problem("/blocks", "too_long", "no more than 1 table allowed", MAX_TABLES)
    yield from _twice(blocks, "/blocks")


def _of_container(block: dict[str, object], at: str) -> Iterator[Problem]:
    if block.get("is_collapsible") and block.get("has_header_divider"):
        yield Problem(at, "invalid_value", "has_header_divider cannot be set with is_collapsible")
    children = block.get("child_blocks")
    yield from _twice(children if isinstance(children, list) else [], f"{at}/child_blocks")


def _of_view(view: dict[str, object], at: str = "/view") -> Iterator[Problem]:
    blocks = view.get("blocks")
    yield from each(_ANY_BLOCK, MAX_VIEW_BLOCKS)(blocks, f"{at}/blocks")
    if not isinstance(blocks, list):
        return
    kinds = {block.get("type") for block in blocks if isinstance(block, dict)}
    if "input" in kinds and "submit" not in view:
        yield Problem(at, "missing_property", "a view with input blocks needs submit")
    yield from _twice(blocks, f"{at}/blocks")


def _twice(blocks: list[object], at: str) -> Iterator[Problem]:
    """A block_id that two blocks have, and an action_id that two elements of one block have."""
    objects = [(place, block) for place, block in enumerate(blocks) if isinstance(block, dict)]
    ids = Counter(str(block["block_id"]) for _, block in objects if block.get("block_id"))
    for block_id in [known for known, times in ids.items() if times > 1]:
        yield Problem(at, "duplicate", f"block_id is there twice: {block_id}")
    for place, block in objects:
        elements = block.get("elements")
        held = elements if isinstance(elements, list) else []
        actions = Counter(
            str(element["action_id"])
            for element in held
            if isinstance(element, dict) and element.get("action_id")
        )
        for action_id in [known for known, times in actions.items() if times > 1]:
            message = f"action_id is there twice: {action_id}"
            yield Problem(f"{at}/{place}/elements", "duplicate", message)


def _newer(blocks: object, at: str) -> Iterator[Problem]:
    for place, block in enumerate(blocks if isinstance(blocks, list) else []):
        kind = block.get("type") if isinstance(block, dict) else None
        if kind in NEWER:
            where = f"{at}/blocks/{place}"
            yield Problem(where, "unsupported_type", f"unsupported type: {kind}")
