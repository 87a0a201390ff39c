"""Which hosts exist and may be asked. Text from a chat or a command line is only ever a key here.

An announcement, `/sev` and the command line read names by the same rules, in `Inventory.resolve`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher, get_close_matches
from functools import cached_property
from heapq import nlargest
from itertools import pairwise

from bot.config import Config
from diagnostics.bundle import Bundle, Section
from diagnostics.collect.ssh import Target
from diagnostics.telling.names import listed

MOST_CHARS = 64  # HOST_NAME_MAX of gethostname(2): no longer word is told in whole, or compared
SUGGESTED = 5  # so many unknown names of a question are told what is like them
COMPARED = 8  # and so many names of the inventory are compared with each by difflib, which is slow
MEANT = 3

_BETWEEN_WORDS = re.compile(r"[\s,;|()\[\]<>\"'`*]+")
_INSIDE_WORDS = re.compile("[=\u201c\u201d\u2018\u2019\u2014\u2026]+")  # host=web1, and quotes
_STOPS = ".:!?\u2026"
_ITALICS = "_~"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")
_DOMAIN_NAME = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*")
_PORT = re.compile(r"([^:]+):[0-9]{1,5}")  # of an exporter, as Alertmanager's `instance` has it
_LINK = re.compile(r"<[^<>|]{1,2000}\|([^<>|]{1,300})>")  # Slack's: <http://web1.prod|web1.prod>
_JOINING = ("and", "und", "et", "y", "e", "&", "+", "-")
_CURE = "check the spelling, or add it as [hosts.NAME] to sevbot's configuration"


@dataclass(frozen=True)
class Unknown:
    """A word, as it was written, that stands for no one name; `why` tells so, and the cure."""

    name: str
    why: str


@dataclass(frozen=True)
class Named:
    """What was named, in the order written, each once.

    `names` are the inventory's names and the words that stand for none, `targets` the hosts behind
    them (all of a service's), `unknown` the words that are reported and never dialled.
    """

    names: tuple[str, ...]
    targets: tuple[Target, ...]
    unknown: tuple[Unknown, ...]


@dataclass(frozen=True)
class Inventory:
    """Hosts by name, and the hosts of each service."""

    targets: Mapping[str, Target]
    services: Mapping[str, tuple[str, ...]]
    expected_peak_kb: Mapping[str, int] = field(default_factory=dict)
    job_patterns: tuple[str, ...] = ()

    def about(self, bundle: Bundle) -> Bundle:
        """The bundle with what the configuration knows of the host: it is evidence, too, and
        recorded with the rest.
        """
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

    def resolve(self, text: str, *, in_prose: bool = False) -> Named:
        """What a list of names stands for, however it is written.

        Case, punctuation, quotes, Slack's links and the words that join a list do not matter. A
        name is matched whole; `web1.example.com` stands for `web1`, and the other way round, where
        that is one host only; so does `web1:9100`. A word that stands for none is `unknown`, and
        not told of `in_prose`, where most words are no names.
        """
        names: dict[str, None] = {}
        targets: dict[str, Target] = {}
        unknown: dict[str, Unknown] = {}
        for written, fitting in self._readings(text):
            if len(fitting) == 1:
                names[fitting[0]] = None
                hosts = self.services.get(fitting[0], fitting)
                targets.update((host, self.targets[host]) for host in hosts)
            elif (fitting or not in_prose) and written.lower() not in unknown:
                why = _ambiguous(fitting) if fitting else self._not_here(written, len(unknown))
                word = written if len(written) <= MOST_CHARS else f"{written[:MOST_CHARS]}\u2026"
                unknown[written.lower()] = Unknown(word, why)
                names[word] = None
        return Named(tuple(names), tuple(targets.values()), tuple(unknown.values()))

    def _readings(self, text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Each word, or part of one, that may be a name, and those of ours that fit it."""
        for word in _BETWEEN_WORDS.split(_LINK.sub(r" \1 ", text)):
            whole = word.rstrip(_STOPS)
            if url := _URL.match(whole):
                yield whole, self._same(url[1]) or self._with_port(url[1], self._same)
                continue
            read = [(part, self._fitting(part)) for part in _parts(whole, self._fitting)]
            names = [(part, fitting) for part, fitting in read if fitting]
            yield from names
            if whole and not names and whole.lower() not in _JOINING:
                yield whole, ()

    def _same(self, word: str) -> tuple[str, ...]:
        """The name that is this word; where none is, those that differ from it in case only."""
        if word in self.targets or word in self.services:
            return (word,)
        return self._by_lower_case.get(word.lower(), ()) if word.isascii() else ()

    def _fitting(self, word: str) -> tuple[str, ...]:
        """Those that are the word, or the hosts for which it stands: with a domain, or without."""
        lower = word.lower()
        label, dot, _ = lower.partition(".")
        if (same := self._same(word)) or not word.isascii() or lower in _JOINING:
            return same
        if ":" in word:
            return self._with_port(word, self._fitting)
        if label.isdigit():
            return ()  # a number, or an address
        if not dot:
            return self._by_first_label.get(label, ())
        short = self._by_lower_case.get(label, ()) if _DOMAIN_NAME.fullmatch(lower) else ()
        return tuple(name for name in short if name in self.targets)

    def _with_port(self, word: str, fitting: Callable[[str], tuple[str, ...]]) -> tuple[str, ...]:
        """The hosts of `web1:9100`. It is the inventory's port that is dialled."""
        found = _PORT.fullmatch(word)
        return tuple(name for name in fitting(found[1]) if name in self.targets) if found else ()

    def _not_here(self, written: str, told: int) -> str:
        meant = _nearest(written.lower(), self._pairs_of) if told < SUGGESTED else ()
        return f"not in the inventory: {_did_you_mean(meant)}"

    @cached_property
    def _by_lower_case(self) -> dict[str, tuple[str, ...]]:
        return _grouped((*self.targets, *self.services), str.lower)

    @cached_property
    def _by_first_label(self) -> dict[str, tuple[str, ...]]:
        dotted = [name for name in self.targets if "." in name]
        return _grouped(dotted, lambda name: name.lower().partition(".")[0])

    @cached_property
    def _pairs_of(self) -> dict[str, frozenset[str]]:
        known = (*self.targets, *self.services)
        return {name: _pairs(name) for name in known if len(name) <= MOST_CHARS}


def _parts(word: str, fitting: Callable[[str], tuple[str, ...]]) -> Iterator[str]:
    """What a word holds beside labels and quotes: web1 of `host=web1`, both of `web1/web2`.

    What has a `/` is taken apart only where each part is a name: it may be a path.
    """
    for piece in _INSIDE_WORDS.split(word):
        part = piece.lstrip(_ITALICS).rstrip(_ITALICS + _STOPS)
        sides = part.split("/")
        yield from sides if all(map(fitting, sides)) else [part]


def _grouped(names: Iterable[str], key: Callable[[str], str]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(key(name), []).append(name)
    return {each: tuple(group) for each, group in groups.items()}


def _nearest(word: str, pairs_of: Mapping[str, frozenset[str]]) -> list[str]:
    """The names most like a word, nearest first, of the few that have most in common with it."""
    if len(word) > MOST_CHARS:
        return []
    word = word.partition(":")[0]  # a port is no part of what was meant
    pairs = _pairs(word)
    likely = nlargest(COMPARED, pairs_of, lambda name: _shared(pairs, pairs_of[name]))
    meant = get_close_matches(word, likely, MEANT)
    return sorted(meant, key=lambda name: (-SequenceMatcher(None, name, word).ratio(), name))


def _pairs(name: str) -> frozenset[str]:
    """Its characters two by two, with its beginning and its end."""
    ended = f"^{name}$"
    return frozenset(map("".join, pairwise(ended)))


def _shared(some: frozenset[str], others: frozenset[str]) -> float:
    """Which part of both they have in common (Dice's coefficient, 0 to 1)."""
    return 2 * len(some & others) / (len(some) + len(others))


def _ambiguous(fitting: tuple[str, ...]) -> str:
    return f"ambiguous, the inventory has {listed(fitting)}: name one of them"


def _did_you_mean(meant: Sequence[str]) -> str:
    if not meant:
        return _CURE
    return f"did you mean {' or '.join(meant)}? {_CURE[0].upper()}{_CURE[1:]}"


def build_inventory(config: Config) -> Inventory:
    """The inventory of a configuration, whose services name hosts that there are."""
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
