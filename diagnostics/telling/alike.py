"""Sentences that say the same of several hosts, though each names its own host, address, host key
or time: they are told once.

Why a host could not be asked is a sentence that opens with the host ("web1 (10.0.0.1:22):
connection refused, …") and may name it again. Two of these that differ in nothing but what is each
host's own have one cause and one cure. This is the one place that takes it out; where it fails to,
two sentences stand where one would do. Hosts that are asked at two ports are two things to look at,
whatever the sentence says, and a port that is not SSH's own is told.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from diagnostics.telling.names import NAMED, hosts_of, largest

MOST_TOLD = 12
MOST_OWN = 24  # about as many as there are ways to fail
UNNAMED = "the host"
_PRINT = "SHA256:"
_INSTEAD = {"name": "NAME", "address": "ADDRESS", "print": f"{_PRINT}…"}
_OWN = re.compile(
    rf"(?P<print>{_PRINT}[A-Za-z0-9+/]+)"
    r"|(?P<time>(?<![\w.])[0-9]+(?:\.[0-9]+)?(?= (?:s|min)\b))"
    r"|(?P<word>(?<![\w./-])\w(?:[\w.%:-]*\w)?)"
)
_PLACE = re.compile(r" \((?P<address>[^()\s]+):(?P<port>[0-9]+)\): ")
_USUAL_PORT = "22"
_NUMBER = re.compile(r"[0-9]+")


_QUOTES = re.compile(r"(?<![\w])['\"]")  # diagnostics.collect.ssh_failures.quoted

_Key = tuple[str | None, tuple[str, ...], tuple[str, ...]]


class _Said(NamedTuple):
    """A sentence on one host: who it is, what stands between what is the host's own, and that, as
    kinds and values.
    """

    name: str
    where: str | None
    port: str | None
    words: tuple[str, ...]
    kinds: tuple[str, ...]
    own: tuple[str, ...]


def told_once(errors: Iterable[tuple[str | None, str]]) -> tuple[str, ...]:
    """Sentences for hosts (name and reason) that could not be examined, one for each reason; that
    of most hosts first.
    """
    groups: dict[_Key, list[_Said]] = {}
    for name, error in errors:
        said = _read(name, error)
        groups.setdefault((said.port, said.words, said.kinds), []).append(said)
    kept, rest = _kept({key: [said.name for said in group] for key, group in groups.items()})
    told = [_tell(groups[key]) for key in sorted(kept, key=lambda key: -len(groups[key]))]
    return (*told, *_tell_rest([said.name for key in rest for said in groups[key]], len(rest)))


def _kept(groups: Mapping[_Key, Sequence[str]]) -> tuple[list[_Key], list[_Key]]:
    """Which are told, and which are counted: our own words before those that quote a host, which
    could be as many as there are hosts and would hide that a host's key has changed.
    """
    quoting = {key for key in groups if _QUOTES.search("".join(key[1]))}
    own, rest = largest(
        {key: names for key, names in groups.items() if key not in quoting}, MOST_OWN
    )
    quoted, others = largest(
        {key: groups[key] for key in groups if key in quoting}, max(MOST_TOLD - len(own), 1)
    )
    return [*own, *quoted], [*rest, *others]


def without_numbers(sentence: str) -> str:
    """What two hosts' sentences have in common where they differ in numbers only: sizes, times, a
    host's number in its name.
    """
    return _NUMBER.sub("0", sentence)


def _read(name: str | None, error: str) -> _Said:
    """Take the sentence apart; one that does not open with its host is given that opening."""
    if name is None:
        return _Said(UNNAMED, None, None, (error,), (), ())
    (opening, address, port), sentence = _opened(name, error)
    words, kinds, own, end = [], [], [], 0
    for found in _OWN.finditer(sentence):
        kind = _kind(found, name, address)
        if kind is None:
            continue
        words.append(sentence[end : found.start()])
        kinds.append(kind)
        own.append(found[0])
        end = found.end()
    return _Said(name, opening, port, (*words, sentence[end:]), tuple(kinds), tuple(own))


def _opened(name: str, error: str) -> tuple[tuple[str, str | None, str | None], str]:
    """How the sentence names its host, with the address and the port in that, and what follows."""
    if error.startswith(name):
        place = _PLACE.match(error, len(name))
        if place is not None:
            return (error[: place.end() - 2], place["address"], place["port"]), error[place.end() :]
        if error.startswith(": ", len(name)):
            return (name, None, None), error[len(name) + 2 :]
    return (name, None, None), error


def _kind(found: re.Match[str], name: str, address: str | None) -> str | None:
    if found.lastgroup != "word":
        return found.lastgroup
    return "name" if found[0] == name else "address" if found[0] == address else None


def _tell(group: Sequence[_Said]) -> str:
    first = group[0]
    if first.where is None:
        return "".join(first.words)
    who = (
        ", ".join(said.where or said.name for said in group)
        if len(group) <= NAMED
        else _counted(group)
    )
    own = [
        _own(kind, [said.own[place] for said in group]) for place, kind in enumerate(first.kinds)
    ]
    words = zip(first.words, (*own, ""), strict=True)
    return f"{who}: {''.join(word + value for word, value in words)}"


def _counted(group: Sequence[_Said]) -> str:
    """The hosts, and at which port they are asked, unless the sentence says it or it is the usual
    one.
    """
    port, who = group[0].port, hosts_of([said.name for said in group])
    is_told = port in (None, _USUAL_PORT) or any(
        re.search(rf"\bport {port}\b", words) for words in group[0].words
    )
    return who if is_told else f"{who}, port {port}"


def _own(kind: str, values: Sequence[str]) -> str:
    """What stands for all: the value that they share, the shortest and the longest time, or a word
    that says whose it is.
    """
    if len(set(values)) == 1:
        return values[0]
    if kind == "time":
        return f"{min(values, key=float)} to {max(values, key=float)}"
    return _INSTEAD[kind]


def _tell_rest(names: Sequence[str], reasons: int) -> tuple[str, ...]:
    if not names:
        return ()
    return (
        f"{hosts_of(names)}: {reasons} other reasons; `sevbot diagnose HOST` tells that of one.",
    )
