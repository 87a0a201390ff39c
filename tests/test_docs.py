"""What the documents promise: examples run, every cause, section and command is described."""

from __future__ import annotations

import doctest
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot import __version__
from bot.config_file import read_config
from diagnostics import confidence
from diagnostics.bundle.copies import COPY_IT
from diagnostics.probe import SECTIONS
from diagnostics.rules import RULES, Rule
from diagnostics.telling.pages import LABELS, index_of, list_of, page_of
from tests.conftest import ROOT


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "module",
    [
        "diagnostics.node_list",
        "diagnostics.plain",
        "diagnostics.sizes",
        "diagnostics.telling.names",
    ],
)
def test_the_examples_in_docstrings_run(module: str) -> None:
    """A docstring that is wrong is worse than none."""
    failed, tried = doctest.testmod(importlib.import_module(module))

    assert (failed, tried > 0) == (0, True)


def commands() -> list[str]:
    """The commands of the program, as it lists them itself."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return re.findall(r"(?m)^    ([a-z]+) ", done.stdout.partition("\ncommands:")[2])


def test_every_command_is_described() -> None:
    """In the README, as it is typed."""
    assert "diagnose" in commands()
    assert [
        command for command in commands() if f"sevbot {command}" not in text_of("README.md")
    ] == []
    assert "sevbot explain" in text_of("CHANGELOG.md")


PAGES = {"README": index_of(RULES)} | {rule.code: page_of(rule) for rule in RULES}


@pytest.mark.parametrize("name", PAGES)
def test_every_cause_has_a_page_made_from_its_docstring(name: str) -> None:
    """`make golden` writes them."""
    path = ROOT / "docs" / "causes" / f"{name}.md"
    if os.environ.get("SEVBOT_GOLDEN"):
        path.write_text(PAGES[name], encoding="utf-8")

    assert path.read_text(encoding="utf-8") == PAGES[name]


def test_the_lists_of_causes_say_what_each_is_to_its_end() -> None:
    """However the docstrings are wrapped: `sevbot explain` and the index have the same sentence."""
    index = re.sub(r"\s+", " ", index_of(RULES)).split(" - [")[1:]
    listed = re.sub(r"\n\s+", " ", list_of(RULES, 100)).splitlines()
    sentences = {rule.code: " ".join(rule.page.split("\n\n")[0].split()) for rule in RULES}

    assert [line for line in sentences.values() if not line.endswith(".")] == []
    assert [re.sub(r"\]\(\S+\):", ":", item).strip() for item in index] == [*sentences.values()]
    assert [re.sub(r"^(\S+)\s+", r"\1: ", line) for line in listed] == [*sentences.values()]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_every_page_says_when_it_fires_and_when_not(rule: Rule) -> None:
    """And names the code that it is about, in a first line that stands alone."""
    assert rule.page.startswith(f"{rule.code}: ")
    assert [
        label for label in LABELS if f"\n{label}" not in rule.page and f" {label}" not in rule.page
    ] == []


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_of_the_probe_is_described(section: str) -> None:
    """In the design, and line by line for those whose hosts it runs on."""
    assert f"\n- **{section}**: " in text_of("docs/design.md")
    item = rf"(?m)^- \*\*(?:[a-z-]+, )*{section}(?:, [a-z-]+)*\*\*: "
    assert re.search(item, text_of("README.md"))


def test_the_map_is_one_page_and_names_every_room() -> None:
    """Of both packages, the files on the ground, too."""
    page = text_of("docs/design.md").split("\n## The map\n")[1].split("\n## ")[0]
    rooms = [
        path
        for path in (ROOT / "diagnostics").iterdir()
        if path.is_dir() and path.name != "__pycache__"
    ]
    ground = [path for path in (ROOT / "diagnostics").glob("*.py") if path.name != "__init__.py"]
    doors = [path for path in (ROOT / "bot").glob("*.py") if not path.name.startswith("__")]

    assert page.count("\n") <= 120
    assert max(map(len, page.split("\n"))) <= 100
    assert [room.name for room in rooms if f"`{room.name}/`" not in page] == []
    assert [file.stem for file in (*ground, *doors) if f"`{file.stem}`" not in page] == []


def test_the_example_configuration_is_valid(tmp_path: Path) -> None:
    """What people copy must work, read as `sevbot run` reads it."""
    path = tmp_path / "config.toml"
    path.write_text(
        text_of("docs/config.md").split("```toml\n")[1].split("```")[0], encoding="utf-8"
    )
    path.chmod(0o644)

    assert read_config(path).services["ranker"].hosts == ("web1", "db1.prod")


def test_the_schema_is_a_schema() -> None:
    """And so checks something."""
    schema: dict[str, Any] = json.loads(text_of("docs/report.schema.json"))

    jsonschema.Draft202012Validator.check_schema(schema)


def test_the_newest_entry_is_this_release() -> None:
    """With its day, and first of all what an operator must do."""
    first = text_of("CHANGELOG.md").split("\n## ")[1]

    assert re.match(rf"{re.escape(__version__)} — \d{{4}}-\d\d-\d\d\n", first)
    assert re.findall(r"(?m)^### (.+)$", first) == [
        "What an operator must do",
        "What is new",
        "What was mended",
    ]


def test_what_an_operator_must_do_is_commands_that_the_documents_have() -> None:
    """To renew the probe and the program, and to try the configuration before the restart."""
    newest, former = (
        part.split("\n### ")[0]
        for part in text_of("CHANGELOG.md").split("### What an operator must do\n")[1:]
    )
    told = former
    renews = COPY_IT.split("`")[1]

    assert renews in told
    assert "/usr/libexec/sevbot-probe" in renews
    assert [path for path in re.findall(r"\]\(([^)#]+)", told) if not (ROOT / path).is_file()] == []
    assert {"docs/deploy/hosts.md", "docs/json.md", "docs/report.schema.json"} <= set(
        re.findall(r"\]\(([^)#]+)", told)
    )
    assert "`/usr/bin/python3 -m venv --clear /opt/sevbot`" in told
    assert "/usr/bin/python3 -m venv --clear /opt/sevbot\n" in text_of("README.md")
    assert told.index("sevbot diagnose HOST") < told.index("`systemctl restart sevbot`")
    assert "[manifest.yml](manifest.yml)" in newest
    assert newest.index("`sevbot check --config FILE`") < newest.index("`systemctl restart sevbot`")
    assert "`/usr/bin/python3 -m venv --clear /opt/sevbot`" in newest


def test_the_map_says_which_floor_knows_which() -> None:
    """In the drawing the first stands on top; and what a new section or a new judgement needs."""
    page = text_of("docs/design.md").split("\n## The map\n")[1].split("\n## ")[0]

    assert "Each floor knows those above it in this picture only" in " ".join(page.split())
    rows = {
        cells[1].strip(): " ".join(cells[2:])
        for cells in (line.split("|") for line in page.splitlines())
        if len(cells) == 5
    }
    assert "`FREE_TEXT` in `bundle/redact.py`" in page
    assert "tests/diagnostics/test_confidence.py" in rows["how sure a finding is"]
    assert "`memory/`" in rows["a sentence of one cause"]


def schema_values(schema: object, key: str) -> list[Any]:
    """Whatever stands under `key`, anywhere in the schema."""
    if isinstance(schema, list):
        return [found for one in schema for found in schema_values(one, key)]
    if not isinstance(schema, dict):
        return []
    here = [schema[key]] if key in schema else []
    return here + [found for one in schema.values() for found in schema_values(one, key)]


def test_the_contract_describes_every_key_and_every_closed_list() -> None:
    """By their names, in backticks; a list that the schema closes is in the sentence on closed
    lists, with each value somewhere.
    """
    page, schema = text_of("docs/json.md"), json.loads(text_of("docs/report.schema.json"))
    quoted = set(re.findall(r"[\w.-]+", " ".join(re.findall(r"`[^`]*`", page))))
    keys = {key for properties in schema_values(schema, "properties") for key in properties}
    closed = re.search(r"\*\*Closed\*\*.*?\n\n", page, re.DOTALL)

    assert keys - quoted == set()
    assert closed
    assert {"confidence", "basis", "disks[].what", "limits[].unit"} <= set(
        re.findall(r"`([^`]*)`", closed[0])
    )
    assert len(schema_values(schema, "enum")) == 4
    assert {
        value
        for values in schema_values(schema, "enum")
        for value in values
        if f"`{value}`" not in page
    } == set()


def test_the_contract_tells_confidence_in_the_judges_words() -> None:
    """One definition, not two."""
    judge = " ".join(str(confidence.__doc__).split())
    page = " ".join(text_of("docs/json.md").split())

    for word, after in (("confirmed", "likely"), ("likely", "possible"), ("possible", "Of a kill")):
        says = judge.split(f" {word} ", 1)[1].split(f" {after}", 1)[0].strip()
        assert f"`{word}`: {says}" in page
