"""`make new-cause CODE=hung-task`: the files of a new cause, which fail until they are filled.

It writes what CONTRIBUTING.md lists, and changes one file that is there: the list of rules.
"""

from __future__ import annotations

import builtins
import io
import keyword
import re
import sys
import tokenize
from pathlib import Path

ROOT = Path(__file__).parent.parent
LIST = "diagnostics/rules/__init__.py"
RULE = "diagnostics/rules/{module}.py"
TEST = "tests/diagnostics/test_{module}.py"
SCENARIO = "tests/lab/scenarios/{code}.sh"
MOST_CHARS = 40  # of a code: it heads a line of a report
TEMPLATES = {
    RULE: '''"""{code}: what happened, in a sentence.

Fires when TODO: the evidence that decides it, and how sure it is.
Stays clear when TODO: what must have been seen to rule it out.
Cannot tell when TODO: what may be missing.
Looks like, but is not: TODO: what somebody may take it for.

Kernel: TODO: the file and the function that does it, or the man page.
"""

from __future__ import annotations

import re

from diagnostics.confidence import of_kernels_lines
from diagnostics.evidence import Evidence
from diagnostics.facts.kernel_events import Wording
from diagnostics.kernel_lines import recent_kernel_lines
from diagnostics.model import Finding, Outcome, Remedy

CODE = "{code}"
LINE = Wording(
    "TODO: words of the kernel's line",
    re.compile(r"^TODO: the line, from its beginning on: behind it a name may say anything"),
)
KERNEL_SAYS = (LINE,)
REMEDY = Remedy(action="TODO", says="TODO: what to do.", because="TODO: why that helps.")


def check(evidence: Evidence) -> Outcome:
    """One finding, or why there is none."""
    said = recent_kernel_lines(evidence, LINE)
    if not isinstance(said, tuple):
        return said
    return (
        Finding(
            code=CODE,
            headline="TODO: without any text of the host's",
            judged=of_kernels_lines([event for event, _ in said]),
            story=("TODO: who, what, when, in whole sentences.",),
            citations=tuple(event.citation for event, _ in said[-2:]),
            remedies=(REMEDY,),
        ),
    )
''',
    TEST: '''"""{code}: TODO."""

from __future__ import annotations

from tests.diagnostics.service_records import finding_on, host_of

CODE = "{code}"
LINE = "[   99.000000] TODO: the kernel's line\\n"


def test_fires_on_the_kernels_line() -> None:
    """TODO: and says what."""
    finding = finding_on(CODE, host_of("", f"kern  :err   : {{LINE}}"))

    assert finding.story == ("TODO",)
    assert "TODO" not in finding.story[0]


def test_stays_clear_of_a_log_without_it() -> None:
    """TODO: and of what another wrote."""
    assert CODE in host_of("", f"user  :err   : {{LINE}}").clear
    assert "TODO" not in LINE
''',
    SCENARIO: """# TODO: what an expert says of it, in a sentence
# expect: {code} confirmed

echo 'TODO: cause it, and wait until it has happened' && exit 1
""",
}


def main(code: str, root: Path = ROOT) -> list[str]:
    """Write the files of the cause, and say which; exits with the reason where the code is no
    code, or is taken. The list comes last: it names no rule whose file could not be written.
    """
    if len(code) > MOST_CHARS or not re.fullmatch(r"[a-z]+(?:-[a-z0-9]+)*", code):
        sys.exit(
            f"CODE={code}: a code is small letters, digits and hyphens, at most {MOST_CHARS}, "
            "as in hung-task"
        )
    module = code.replace("-", "_")
    files = {name.format(code=code, module=module): text for name, text in TEMPLATES.items()}
    if taken := [name for name in files if (root / name).exists()]:
        sys.exit(f"CODE={code} is taken: {taken[0]}")
    rules = root / LIST
    listed = rules.read_text(encoding="utf-8")
    if module in _names_of(listed):
        sys.exit(f"CODE={code}: Python or {LIST} has the name {module} for something else")
    for name, text in files.items():
        (root / name).write_text(text.format(code=code), encoding="utf-8")
    rules.write_text(_listed(listed, module), encoding="utf-8")
    return [LIST, *files]


def _names_of(text: str) -> set[str]:
    """Names that the module of a rule cannot have in the list of rules: Python's own, and those
    that the list uses. In small letters, as a code is.
    """
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    used = {token.string.lower() for token in tokens if token.type == tokenize.NAME}
    return used.union(keyword.kwlist, keyword.softkwlist, dir(builtins))


def _listed(text: str, module: str) -> str:
    """The list of rules with this one: imported in its place, asked last."""
    begins, ends = text.index("from diagnostics.rules import (\n"), text.index("\n)\n")
    first, *names = text[begins:ends].split("\n")
    names = sorted([*names, f"    {module},"])
    last = text.rindex("    )\n)\nCODES")
    asked = f"{text[ends:last]}        {module},\n{text[last:]}"
    return text[:begins] + "\n".join([first, *names]) + asked


if __name__ == "__main__":
    for written in main(sys.argv[1] if len(sys.argv) > 1 else ""):
        print(written)
    print("fill what says TODO; CONTRIBUTING.md tells how it goes on")
