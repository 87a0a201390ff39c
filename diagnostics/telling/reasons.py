"""Causes and sections with a reason each, told for many hosts at once: `name, name (hosts):
reason`. They are named in words: codes are for programs, and for `sevbot explain`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from diagnostics.telling.alike import without_numbers
from diagnostics.telling.cause_names import name_of
from diagnostics.telling.names import NAMED, among, hosts_of, largest

MOST_TOLD = 24  # where there are many hosts; a single one may have a reason for each code
MOST_CODES, NAMED_CODES = 16, 4  # with one reason: so many are listed, of more these are named
Table = Mapping[str, str]


def by_reason(names: Sequence[str], tables: Sequence[Table]) -> tuple[str, ...]:
    """Each reason once, with the codes and the hosts that have it; hosts are named where only some
    do.

    `tables` has what each of the hosts `names` says, by code. Of many hosts, reasons that differ in
    numbers only count as one, and are told with the numbers of one host.
    """
    told: dict[tuple[str, str], list[int]] = {}
    for place, table in enumerate(tables):
        for code, because in table.items():
            key = because if len(names) <= NAMED else without_numbers(because)
            told.setdefault((code, key), []).append(place)
    together: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for (code, key), places in told.items():
        together.setdefault((key, tuple(places)), []).append(code)
    kept, rest = largest(
        {group: [names[place] for place in group[1]] for group in together}, _most(names, together)
    )
    sentences = [_tell(names, tables, group[1], together[group]) for group in kept]
    return (*sentences, *_tell_rest(names, [group[1] for group in rest]))


def _most(names: Sequence[str], together: Mapping[tuple[str, tuple[int, ...]], list[str]]) -> int:
    return len(together) if len(names) <= NAMED else MOST_TOLD


def _tell(
    names: Sequence[str], tables: Sequence[Table], places: Sequence[int], codes: Sequence[str]
) -> str:
    because = tables[places[0]][codes[0]]
    whose = [among([names[place] for place in places])] if len(places) < len(names) else []
    if any(tables[place][code] != because for place in places for code in codes):
        whose.append(f"numbers of {names[places[0]]}")
    bracket = f" ({'; '.join(whose)})" if whose else ""
    return f"{_named(codes)}{bracket}: {because}"


def _named(codes: Sequence[str]) -> str:
    """Nobody reads twenty names in a row; `--json` has them all."""
    names = [name_of(code) for code in codes]
    if len(names) <= MOST_CODES:
        return ", ".join(names)
    return f"{', '.join(names[:NAMED_CODES])} and {len(codes) - NAMED_CODES} other causes"


def _tell_rest(names: Sequence[str], groups: Sequence[Sequence[int]]) -> tuple[str, ...]:
    if not groups:
        return ()
    hosts = [names[place] for place in sorted({place for places in groups for place in places})]
    return (
        (
            f"{len(groups)} more reasons, of {hosts_of(hosts)}: `sevbot diagnose HOST` tells "
            "those of one."
        ),
    )
