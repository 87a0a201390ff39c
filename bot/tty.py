"""What standard output is: how wide, and whether colour is wanted there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TextIO


def width_of(stream: TextIO, environ: Mapping[str, str]) -> int | None:
    """Columns: those of `COLUMNS`, else of the terminal; None for a file or a pipe, or a terminal
    that does not say.
    """
    asked = environ.get("COLUMNS", "")
    if asked.isascii() and asked.isdigit() and int(asked[:6]):
        return int(asked[:6])
    try:
        return os.get_terminal_size(stream.fileno()).columns or None
    except (OSError, ValueError):  # no terminal; no file at all
        return None


def wants_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Only a terminal, and one that is not dumb; anything in NO_COLOR says no
    (https://no-color.org).
    """
    return stream.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
