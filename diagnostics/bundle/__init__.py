"""What one host said: named sections of text, or the reason why one is missing.

A bundle is the only thing that goes from collecting to deciding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

TIMED_OUT = frozenset(
    {124, 137, 143}
)  # of timeout(1) and of what it and the probe's own watcher send


@dataclass(frozen=True)
class Missing:
    """Something could not be looked at. `because` is a sentence for people, with the cure where
    there is one.

    `ask_again` holds where the host did nothing for it, so that the next question may be asked at
    once and not be told this again.
    """

    because: str
    ask_again: bool = False


@dataclass(frozen=True)
class Section:
    """The text of one section. `exit` is None where its end was not seen; `notes` is what its
    command wrote to stderr.

    `text` holds whole lines only: a first or last line that was cut has been dropped, and `cut`
    says that something is gone.
    """

    name: str
    text: str
    exit: int | None = 0
    notes: str = ""
    cut: bool = False

    @property
    def ended(self) -> bool:
        """Whether its end was seen."""
        return self.exit is not None


@dataclass(frozen=True)
class Bundle:
    """One host's sections. `host` is None where the text came from a file; `probe` is the version
    of the script that ran.

    `remarks` are sentences on the script itself: `probe` on the host's copy of it where that is not
    ours, `lock` where it took none. `was_sent` is whether the host ran the text that came with the
    exec request, for lack of a forced command; a recording does not tell.
    """

    host: str | None
    sections: Mapping[str, Section]
    missing: Mapping[str, str] = field(default_factory=dict)
    probe: int = 1
    remarks: Mapping[str, str] = field(default_factory=dict)
    was_sent: bool = field(default=False, compare=False)

    def get(self, name: str) -> Section | Missing:
        """The section, or why it is not there."""
        if name in self.sections:
            return self.sections[name]
        return Missing(self.missing.get(name, "it was not collected"))

    def having(self, *added: Section) -> Bundle:
        """The bundle with these sections, too."""
        return replace(
            self, sections={**self.sections, **{section.name: section for section in added}}
        )
