"""`make accuracy`: every log of the corpus through sevbot, beside its label and what its peers say.
Status 1 if anything is wrong.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from tests.accuracy.score import COLUMNS, DISPUTED, Label, Mark, Row, completeness, score
from tests.conftest import CORPUS, ROOT

HOTSOS = ROOT / ".venv" / "hotsos" / "bin" / "python"


def main() -> int:
    """Print the tables."""
    if not CORPUS.is_dir():
        print("not run: needs the corpus of recorded logs in ../shared/corpus")
        return int(bool(os.environ.get("CI")))
    rows = score(CORPUS)
    positives = [row for row in rows if not row[0].get("negative")]
    _table("sevbot, by how much of the report is there", positives, completeness)
    _table("sevbot, by kernel", positives, _family)
    _table(
        "sevbot, logs without an OOM kill",
        [row for row in rows if row[0].get("negative")],
        lambda _: "negative",
    )
    _peers([label for label, _ in positives if label["killed"]])
    for name, reason in DISPUTED.items():
        print(f"{name} is not counted: {reason}")
    for label, found in rows:
        odd = {
            column: mark.value
            for column, mark in found.items()
            if mark in (Mark.WRONG, Mark.UNKNOWN)
        }
        if odd:
            print(f"{label['id']}: {', '.join(f'{column} {mark}' for column, mark in odd.items())}")
    return int(any(mark is Mark.WRONG for _, found in rows for mark in found.values()))


def _family(label: Label) -> str:
    found = re.match(r"(\d+)\.", label.get("kernel") or "")
    return f"{found[1]}.x" if found else "not stated"


def _table(title: str, rows: Iterable[Row], group: Callable[[Label], str]) -> None:
    """Right/wrong/unknown for each column; logs without anything to compare in a column are not
    counted there.
    """
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(group(row[0]), []).append(row)
    print(f"\n{title} (right / wrong / unknown)\n")
    print(
        "| logs | "
        + " | ".join(("number", *COLUMNS))
        + " |\n|---" * 1
        + "|---" * (len(COLUMNS) + 1)
        + "|"
    )
    for name, members in sorted(groups.items()):
        cells = [_cell(Counter(found[column] for _, found in members)) for column in COLUMNS]
        print(f"| {name} | {len(members)} | {' | '.join(cells)} |")


def _cell(counts: Mapping[Mark | None, int]) -> str:
    return " / ".join(str(counts.get(mark, 0)) for mark in Mark)


def _peers(labels: Sequence[Label]) -> None:
    """What peers say of the killed process; neither names the constraint, so neither has a
    verdict.
    """
    print(
        "\npeers, on logs with a kill: the killed process (right / wrong / unknown); "
        "neither tells a limit to nodes from a full machine\n"
    )
    print("| peer | complete | partial | retyped |\n|---|---|---|---|")
    for peer, said in (("OOMAnalyser", _oomanalyser()), ("hotsos", _hotsos())):
        counts = {kind: Counter[Mark | None]() for kind in ("complete", "partial", "retyped")}
        for label in labels:
            counts[completeness(label)][_peer_mark(label, said.get(label["id"], set()))] += 1
        cells = [_cell(counts[kind]) if said else "not run" for kind in counts]
        print(f"| {peer} | {' | '.join(cells)} |")
    print()


def _peer_mark(label: Label, pids: set[int]) -> Mark:
    if pids - {kill["pid"] for kill in label["killed"]}:
        return Mark.WRONG
    return Mark.RIGHT if pids else Mark.UNKNOWN


def _oomanalyser() -> Mapping[str, set[int]]:
    """Its recorded answers. It reads one event, so one of the victims is enough."""
    lines = (CORPUS / "peer-oomanalyser.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [json.loads(line) for line in lines]
    return {
        said["id"]: {int(said["details"]["killed_proc_pid"])} if said["ok"] else set()
        for said in answers
    }


def _hotsos() -> Mapping[str, set[int]]:
    """Its answers, by its own package (`make accuracy` installs it beside ours)."""
    if not HOTSOS.exists():
        return {}
    script = Path(__file__).with_name("hotsos_answers.py")
    done = subprocess.run([HOTSOS, script, CORPUS], capture_output=True, check=True, text=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    return {said["id"]: {kill["pid"] for kill in said.get("kills", ())} for said in answers}


if __name__ == "__main__":
    sys.exit(main())
