"""Which hosts exist and may be asked. Text from a chat or a command line is only ever a key into this table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from bot.config import Config
from diagnostics.bundle import Bundle, Section
from diagnostics.collect.ssh import Target

_BETWEEN_WORDS = re.compile(
    r"[\s,;|()\[\]<>\"'`*]+"
)  # a word is taken whole: a name inside another word is not that name
_INSIDE_WORDS = re.compile(
    "[=/_~\u201c\u201d\u2018\u2019\u2014\u2026]+"
)  # host=web1, web1/web2, _web1_ and quotes; what has a port or an @ is another name
_LINK = re.compile(
    r"<[^<>|]{1,2000}\|([^<>|]{1,300})>"
)  # Slack's own: <http://web1.prod|web1.prod>
_JOINING = ("and", "und", "et", "y", "e", "&", "+", "-")


@dataclass(frozen=True)
class Inventory:
    """Hosts by name, and the hosts of each service."""

    targets: Mapping[str, Target]
    services: Mapping[str, tuple[str, ...]]
    expected_peak_kb: Mapping[str, int] = field(default_factory=dict)
    job_patterns: tuple[str, ...] = ()

    def about(self, bundle: Bundle) -> Bundle:
        """The bundle with what the configuration knows of the host: it is evidence, too, and recorded with the rest."""
        known = {
            name: kb
            for name, kb in sorted(self.expected_peak_kb.items())
            if bundle.host is not None and bundle.host in self.services.get(name, ())
        }
        lines = {
            "inventory": [f"{name} {kb}" for name, kb in known.items()],
            "job-patterns": self.job_patterns,
        }
        return bundle.having(
            *(
                Section(name, "".join(f"{line}\n" for line in said))
                for name, said in lines.items()
                if said
            )
        )

    def find(self, names: Iterable[str]) -> tuple[tuple[Target, ...], tuple[str, ...]]:
        """The hosts behind names of hosts or services, each once, and the names that are neither. Names must match exactly."""
        found: dict[str, Target] = {}
        unknown: list[str] = []
        for name in names:
            hosts = (name,) if name in self.targets else self.services.get(name, ())
            found.update({host: self.targets[host] for host in hosts})
            if not hosts and name not in unknown:
                unknown.append(name)
        return tuple(found.values()), tuple(unknown)

    def words_of(self, text: str) -> tuple[str, ...]:
        """The words of a text that should be names, known or not, without Slack's link markup and the words that join a list."""
        words: dict[str, None] = {}
        for word in _BETWEEN_WORDS.split(_LINK.sub(r" \1 ", text)):
            whole = word.rstrip(".:!?…").lower()
            parts = [part for part in _INSIDE_WORDS.split(whole) if self._has(part)]
            if whole and whole not in _JOINING:
                words.update(dict.fromkeys([whole] if self._has(whole) or not parts else parts))
        return tuple(words)

    def named_in(self, text: str) -> tuple[str, ...]:
        """The words of a free text that are names of hosts or services, in their order."""
        named: dict[str, None] = {}
        for word in _BETWEEN_WORDS.split(text):
            whole = word.rstrip(".:!?…").lower()
            parts = (whole,) if self._has(whole) else _INSIDE_WORDS.split(whole)
            named.update(dict.fromkeys(part for part in parts if self._has(part)))
        return tuple(named)

    def _has(self, name: str) -> bool:
        return name in self.targets or name in self.services


def build_inventory(config: Config) -> Inventory:
    targets = {
        name: Target(
            name=name, address=host.address, port=host.port, user=host.user or config.ssh.user
        )
        for name, host in config.hosts.items()
    }
    services = {name: service.hosts for name, service in config.services.items()}
    peaks = {
        name: service.expected_peak
        for name, service in config.services.items()
        if service.expected_peak is not None
    }
    return Inventory(targets, services, peaks, config.job_logs.patterns)
