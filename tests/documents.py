"""Commands as the documents have them, so that a test runs what an operator would copy."""

from __future__ import annotations

import re

from tests.conftest import ROOT


def step(number: int) -> str:
    """The commands of a step of the README's installation: its indented lines."""
    text = (
        (ROOT / "README.md").read_text(encoding="utf-8").split("## Installing")[1].split("\n## ")[0]
    )
    told = re.split(r"^\*\*\d+\. ", text, flags=re.MULTILINE)[number]
    return "".join(f"{line.strip()}\n" for line in told.splitlines() if line.startswith("    "))


def blocks(path: str, heading: str) -> list[str]:
    """The blocks marked `sh` below a heading; lines that a backslash joins are one."""
    text = (ROOT / path).read_text(encoding="utf-8")
    below = re.split(rf"^#+ {re.escape(heading)}.*$", text, flags=re.MULTILINE)[1]
    section = re.split(r"^#+ ", below, flags=re.MULTILINE)[0]
    found = re.findall(r"^```sh\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return [re.sub(r" \\\n +", " ", block) for block in found]
