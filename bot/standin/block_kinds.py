"""What Slack takes as a block, as data: each kind with its keys, and their lengths after escaping
(docs.slack.dev, Block Kit reference; slack_sdk.models.blocks has the same figures).

`NEWER` are kinds that not every workspace takes: those that came after 2024.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.standin.schema import (
    Check,
    Shape,
    any_text,
    anything,
    by_type,
    each,
    flag,
    number,
    one_of,
    plain,
    string,
)

MAX_HEADER = 150
MAX_TEXT = 3_000
MAX_FIELDS, MAX_FIELD = 10, 2_000
MAX_CONTEXT_ELEMENTS = 10
MAX_ACTIONS = 25
MAX_CONTEXT_ACTIONS = 5
MAX_ID = 255
MAX_URL = 3_000
MAX_ALT_TEXT = 2_000
MAX_BUTTON_TEXT, MAX_BUTTON_VALUE = 75, 2_000
MAX_OPTIONS, MAX_OPTION_TEXT, MAX_OPTION_VALUE = 100, 75, 150
MAX_CHOICES = 10  # radio buttons and checkboxes
MAX_OVERFLOW = 5
MAX_PLACEHOLDER = 150
MAX_TYPED = 3_000
MAX_LABEL = 2_000
MAX_ROWS, MAX_COLUMNS = 100, 20
MAX_TITLE = 150
MAX_CHILDREN = 10
MAX_ALERT = 200
MAX_MARKDOWN = 12_000
MAX_CARD_BODY = 200
MAX_CONFIRM_TITLE, MAX_CONFIRM_TEXT, MAX_CONFIRM_BUTTON = 100, 300, 30

NEWER = frozenset(
    {
        "alert", "card", "carousel", "container", "context_actions", "markdown", "plan", "table",
        "task_card",
    }
)  # fmt: skip
MODALS_ONLY = frozenset({"alert"})

_STYLE = Shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline"), flag))
_COMMON = {"block_id": string(MAX_ID)}
_ACTION = {"action_id": string(MAX_ID)}
_CONFIRM = Shape(
    {
        "title": plain(MAX_CONFIRM_TITLE),
        "text": any_text(MAX_CONFIRM_TEXT),
        "confirm": plain(MAX_CONFIRM_BUTTON),
        "deny": plain(MAX_CONFIRM_BUTTON),
    },
    {"style": one_of("primary", "danger")},
)
_OPTION = Shape(
    {"text": any_text(MAX_OPTION_TEXT), "value": string(MAX_OPTION_VALUE)},
    {"description": any_text(MAX_OPTION_TEXT), "url": string(MAX_URL)},
)
_OPTION_GROUP = Shape({"label": plain(MAX_OPTION_TEXT), "options": each(_OPTION, MAX_OPTIONS)}, {})
_IMAGE = Shape(
    {"alt_text": string(MAX_ALT_TEXT)},
    {"image_url": string(MAX_URL), "slack_file": anything},
    one_of=("image_url", "slack_file"),
)
_FEEDBACK = Shape(
    {"text": plain(MAX_BUTTON_TEXT), "value": string(MAX_BUTTON_VALUE)},
    {"accessibility_label": string(MAX_BUTTON_TEXT)},
)


def _choice(most: int, **more: Check) -> Shape:
    return Shape(
        {},
        {
            **_ACTION,
            "placeholder": plain(MAX_PLACEHOLDER),
            "options": each(_OPTION, most),
            "option_groups": each(_OPTION_GROUP, most),
            "initial_option": _OPTION,
            "initial_options": each(_OPTION, most),
            "confirm": _CONFIRM,
            "focus_on_load": flag,
            **more,
        },
        one_of=("options", "option_groups"),
    )


_BUTTON = Shape(
    {"text": plain(MAX_BUTTON_TEXT)},
    {
        **_ACTION,
        "value": string(MAX_BUTTON_VALUE),
        "url": string(MAX_URL),
        "style": one_of("primary", "danger"),
        "confirm": _CONFIRM,
        "accessibility_label": string(MAX_BUTTON_TEXT),
    },
)
_CHOICES = {
    "static_select": _choice(MAX_OPTIONS),
    "multi_static_select": _choice(MAX_OPTIONS, max_selected_items=number),
    "radio_buttons": _choice(MAX_CHOICES),
    "checkboxes": _choice(MAX_CHOICES),
}
ELEMENTS: Mapping[str, Check] = {
    "button": _BUTTON,
    **_CHOICES,
    "overflow": _choice(MAX_OVERFLOW),
}
INPUTS: Mapping[str, Check] = {
    **_CHOICES,
    "plain_text_input": Shape(
        {},
        {
            **_ACTION,
            "placeholder": plain(MAX_PLACEHOLDER),
            "initial_value": string(MAX_TYPED, least=0),
            "multiline": flag,
            "min_length": number,
            "max_length": number,
            "focus_on_load": flag,
            "dispatch_action_config": anything,
        },
    ),
}
CONTEXT_ACTIONS: Mapping[str, Check] = {
    "feedback_buttons": Shape(
        {"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, {**_ACTION}
    ),
    "icon_button": Shape(
        {"icon": string(MAX_ID), "text": plain(MAX_BUTTON_TEXT)},
        {**_ACTION, "value": string(MAX_BUTTON_VALUE), "accessibility_label": string(75)},
    ),
}

_SAID = string(40_000)
INLINE_IN_CODE: Mapping[str, Check] = {
    "text": Shape({"text": _SAID}, {"style": _STYLE}),
    "link": Shape({"url": string(MAX_URL)}, {"text": _SAID, "style": _STYLE, "unsafe": flag}),
}
INLINE: Mapping[str, Check] = {
    **INLINE_IN_CODE,
    "user": Shape({"user_id": string(MAX_ID)}, {"style": _STYLE}),
    "usergroup": Shape({"usergroup_id": string(MAX_ID)}, {"style": _STYLE}),
    "channel": Shape({"channel_id": string(MAX_ID)}, {"style": _STYLE}),
    "emoji": Shape({"name": string(MAX_ID)}, {"unicode": string(MAX_ID), "style": _STYLE}),
    "broadcast": Shape({"range": one_of("here", "channel", "everyone")}, {}),
    "color": Shape({"value": string(MAX_ID)}, {}),
    "date": Shape(
        {"timestamp": number, "format": string(MAX_ID)},
        {"url": string(MAX_URL), "fallback": string(MAX_ID), "style": _STYLE},
    ),
}
_BORDER = {"border": number}
_INLINES = each(by_type(INLINE, "element in rich text"), None)
_SECTION = Shape({"elements": _INLINES}, {})
RICH_TEXT: Mapping[str, Check] = {
    "rich_text_section": _SECTION,
    "rich_text_quote": Shape({"elements": _INLINES}, _BORDER),
    "rich_text_preformatted": Shape(
        {"elements": each(by_type(INLINE_IN_CODE, "element in rich text"), None)},
        {**_BORDER, "language": string(MAX_ID)},
    ),
    "rich_text_list": Shape(
        {
            "elements": each(by_type({"rich_text_section": _SECTION}, "part of a list"), None),
            "style": one_of("bullet", "ordered"),
        },
        {**_BORDER, "indent": number, "offset": number},
    ),
}
_RICH_TEXT = Shape({"elements": each(by_type(RICH_TEXT, "rich text element"), None)}, _COMMON)
_CELLS: Mapping[str, Check] = {
    "raw_text": Shape({"text": string(MAX_TEXT)}, {}),
    "raw_number": Shape({"value": anything}, {"text": string(MAX_TEXT)}),
    "rich_text": _RICH_TEXT,
}
_COLUMN = Shape({}, {"is_wrapped": flag, "align": one_of("left", "center", "right")})
_TASK = Shape(
    {
        "task_id": string(MAX_ID),
        "title": string(MAX_TITLE),
        "status": one_of("pending", "in_progress", "complete", "error"),
    },
    {**_COMMON, "details": _RICH_TEXT, "output": _RICH_TEXT, "sources": each(anything, None)},
)
_CARD = Shape(
    {},
    {
        **_COMMON,
        "hero_image": _IMAGE,
        "icon": _IMAGE,
        "title": any_text(MAX_TITLE),
        "subtitle": any_text(MAX_TITLE),
        "body": any_text(MAX_CARD_BODY),
        "actions": each(by_type({"button": _BUTTON}, "element"), None),
    },
    one_of=("hero_image", "title", "actions", "body"),
)
_CONTEXT_ELEMENTS: Mapping[str, Check] = {
    "image": _IMAGE,
    "plain_text": plain(MAX_TEXT),
    "mrkdwn": any_text(MAX_TEXT),
}
BLOCKS: dict[str, Check] = {
    "header": Shape({"text": plain(MAX_HEADER)}, _COMMON),
    "section": Shape(
        {},
        {
            **_COMMON,
            "text": any_text(MAX_TEXT),
            "fields": each(any_text(MAX_FIELD), MAX_FIELDS),
            "accessory": by_type({**ELEMENTS, "image": _IMAGE}, "element"),
            "expand": flag,
        },
        one_of=("text", "fields"),
    ),
    "context": Shape(
        {"elements": each(by_type(_CONTEXT_ELEMENTS, "element"), MAX_CONTEXT_ELEMENTS)}, _COMMON
    ),
    "divider": Shape({}, _COMMON),
    "image": Shape(
        {"alt_text": string(MAX_ALT_TEXT)},
        {
            **_COMMON,
            "image_url": string(MAX_URL),
            "slack_file": anything,
            "title": plain(MAX_ALT_TEXT),
        },
        one_of=("image_url", "slack_file"),
    ),
    "actions": Shape({"elements": each(by_type(ELEMENTS, "element"), MAX_ACTIONS)}, _COMMON),
    "context_actions": Shape(
        {"elements": each(by_type(CONTEXT_ACTIONS, "element"), MAX_CONTEXT_ACTIONS)}, _COMMON
    ),
    "input": Shape(
        {"label": plain(MAX_LABEL), "element": by_type(INPUTS, "element")},
        {**_COMMON, "hint": plain(MAX_LABEL), "optional": flag, "dispatch_action": flag},
    ),
    "rich_text": _RICH_TEXT,
    "markdown": Shape({"text": string(MAX_MARKDOWN)}, _COMMON),
    "table": Shape(
        {"rows": each(each(by_type(_CELLS, "cell"), MAX_COLUMNS), MAX_ROWS)},
        {**_COMMON, "column_settings": each(_COLUMN, MAX_COLUMNS)},
    ),
    "task_card": _TASK,
    "plan": Shape(
        {"title": string(MAX_TITLE)},
        {**_COMMON, "tasks": each(by_type({"task_card": _TASK}, "task"), None)},
    ),
    "alert": Shape(
        {"text": any_text(MAX_ALERT)},
        {**_COMMON, "level": one_of("default", "info", "warning", "error", "success")},
    ),
    "card": _CARD,
    "carousel": Shape({"elements": each(by_type({"card": _CARD}, "card"), MAX_CHILDREN)}, _COMMON),
}
# its children are blocks themselves: section and table are what is known to be taken
_CHILDREN = {kind: BLOCKS[kind] for kind in ("section", "table", "rich_text", "context", "divider")}
BLOCKS["container"] = Shape(
    {"child_blocks": each(by_type(_CHILDREN, "child block"), MAX_CHILDREN)},
    {
        **_COMMON,
        "title": plain(MAX_TITLE),
        "rich_text_title": _RICH_TEXT,
        "subtitle": any_text(MAX_TITLE),
        "width": one_of("narrow", "standard", "wide", "full"),
        "icon": _IMAGE,
        "is_collapsible": flag,
        "default_collapsed": flag,
        "has_header_divider": flag,
    },
    one_of=("title", "rich_text_title"),
)
VIEW = Shape(
    {"title": plain(24), "blocks": anything},
    {
        "close": plain(24),
        "submit": plain(24),
        "private_metadata": string(3_000, least=0),
        "callback_id": string(MAX_ID, least=0),
        "external_id": string(MAX_ID, least=0),
        "clear_on_close": flag,
        "notify_on_close": flag,
        "submit_disabled": flag,
    },
)
