"""What the documents promise: examples run, every cause, section and command is described."""

from __future__ import annotations

import doctest
import importlib
import json
import tomllib
from typing import Any

import jsonschema
import pytest

from bot.config import Config
from diagnostics.probe import SECTIONS
from diagnostics.rules import RULES
from tests.conftest import ROOT


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


@pytest.mark.parametrize("module", ["diagnostics.node_list", "diagnostics.plain", "diagnostics.sizes"])
def test_the_examples_in_docstrings_run(module: str) -> None:
    """A docstring that is wrong is worse than none."""
    failed, tried = doctest.testmod(importlib.import_module(module))

    assert (failed, tried > 0) == (0, True)


@pytest.mark.parametrize("code", [rule.code for rule in RULES])
def test_the_readme_names_every_cause(code: str) -> None:
    """With its decisive evidence."""
    assert f"| `{code}` |" in text_of("README.md")


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_of_the_probe_is_described(section: str) -> None:
    """In the design, and line by line for those whose hosts it runs on."""
    assert f"| {section} |" in text_of("docs/design.md")
    assert f"| {section} |" in text_of("README.md")


def test_the_example_configuration_is_valid() -> None:
    """What people copy must work."""
    example = text_of("docs/config.md").split("```toml\n")[1].split("```")[0]

    assert Config.model_validate(tomllib.loads(example)).services["ranker"].hosts == ("web1", "db1.prod")


def test_the_schema_is_a_schema() -> None:
    """And so checks something."""
    schema: dict[str, Any] = json.loads(text_of("docs/report.schema.json"))

    jsonschema.Draft202012Validator.check_schema(schema)
