"""Causes and sections by names in words: codes are for programs, and for `sevbot explain`."""

from __future__ import annotations

from diagnostics.rules import RULES

NAMES = {rule.code: rule.name for rule in RULES}


def name_of(code: str) -> str:
    """A cause or a section in words; one that this version does not know by its code's words.

    >>> name_of("segfault"), name_of("kernel-log")
    ('segmentation fault', 'kernel log')
    """
    return NAMES.get(code) or code.replace("-", " ")
