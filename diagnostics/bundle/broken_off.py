"""Whether a probe's answer broke off: a host that drips its answer, hangs or is cut off was not
examined as it should be.
"""

from __future__ import annotations

from diagnostics.bundle import Bundle
from diagnostics.bundle.framing import ENDED_EARLY

_BEFORE_IT = " before it came"


def missing_since(stopped: str) -> str:
    """The reason for a section that did not come, where the probe was ended; `stopped` follows the
    words "the probe".
    """
    return f"the probe {stopped}{_BEFORE_IT}"


def broke_off(bundle: Bundle) -> str | None:
    """Why the answer is not whole, or None.

    It is read off the sections, so that a recorded bundle says the same.
    """
    for because in bundle.missing.values():
        if because == ENDED_EARLY:
            return "its output ended in the middle"
        if because.startswith("the probe ") and because.endswith(_BEFORE_IT):
            return because.removesuffix(_BEFORE_IT)
    cut = [section.name for section in bundle.sections.values() if not section.ended]
    return f"the end of section {cut[-1]} never came" if cut else None
