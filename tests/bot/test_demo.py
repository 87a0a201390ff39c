"""`sevbot demo`, from an installed wheel: what a stranger does first."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bot.test_page import dumped
from tests.conftest import ROOT
from tests.yardstick import in_time

SEED = "membind OOM of node 1, suggest interleave"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory into which the wheel was installed, and nothing else."""
    base = tmp_path_factory.mktemp("wheel")
    build = [
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        str(base),
        str(ROOT),
    ]
    subprocess.run(build, check=True, capture_output=True, timeout=100)
    (wheel,) = base.glob("*.whl")
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--target",
        str(base / "site"),
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True, timeout=100)
    return base / "site"


def demo(installed: Path, *arguments: str) -> subprocess.Popen[str]:
    """The demo, from the installed files and not from the source tree."""
    return subprocess.Popen(
        [sys.executable, str(installed / "bin" / "sevbot"), "demo", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=installed,
        env={**os.environ, "PYTHONPATH": str(installed)},
    )


def play(installed: Path, *arguments: str) -> tuple[int, str]:
    with demo(installed, "--exit", *arguments) as process:
        output, _ = process.communicate(timeout=60)
    return process.returncode, output


def diagnose(installed: Path) -> None:
    """Without Slack and hosts: what the demo's time is compared with."""
    command = [sys.executable, str(installed / "bin" / "sevbot"), "diagnose", "--bundle"]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    subprocess.run(
        [*command, str(ROOT / "tests/cases/membind-oom-16g-6.1")],
        check=True,
        capture_output=True,
        cwd=installed,
        env=environment,
    )


def test_the_wheel_has_everything_that_the_demo_needs(installed: Path) -> None:
    """Probe, page and bundles are package data."""
    packaged = {str(path.relative_to(installed)) for path in installed.rglob("*") if path.is_file()}

    assert {
        "diagnostics/probe.sh",
        "bot/demo/page.html",
        "bot/demo/page.css",
        "bot/demo/page.js",
        "bot/demo/blocks.js",
        "bot/demo/bundles/ranker/bundle.json",
    } <= packaged


def test_demo_exit_shows_the_thread_and_ends_with_0(installed: Path) -> None:
    """Announcement, first form, verdict: within some times what the program takes for a bundle."""
    status, output = in_time(
        lambda: play(installed), lambda: diagnose(installed), waits_s=0, times=30
    )

    assert status == 0
    assert re.search(r"http://127\.0\.0\.1:\d+/", output)
    places = [
        output.index(words)
        for words in ("ranker crash looping", "looking at 3 hosts", SEED, "--interleave=all")
    ]
    assert places == sorted(places)
    assert "ranker was killed 3 times on 3 of 3 hosts · confirmed" in output
    assert "[Evidence]  [Run again]" in output
    assert re.search(r"Looked at \d\d:\d\d UTC", output)
    assert "Traceback" not in output
    assert "installation_store" not in output  # Bolt would warn of what we do on purpose


@pytest.mark.parametrize(
    ("bundle", "words"),
    [
        (
            "tests/cases/memcg-oom-5.10",
            "memcg OOM, limit 100 MiB, raise the limit or shrink the job",
        ),
        ("tests/cases/healthy-interleave-6.1", "none of the causes that sevbot knows"),
    ],
)
def test_another_bundle_gives_its_own_verdict(installed: Path, bundle: str, words: str) -> None:
    """Nothing of the seed is wired in."""
    status, output = play(installed, "--bundle", str(ROOT / bundle))

    assert status == 0
    assert words in output
    assert SEED not in output


def test_a_directory_that_is_no_bundle_is_named(installed: Path, tmp_path: Path) -> None:
    """Usage, with its cure."""
    status, output = play(installed, "--bundle", str(tmp_path))

    assert status == 2
    assert "is not a bundle" in output


@pytest.mark.needs("chromium")
def test_a_browser_sees_the_verdict_in_the_thread(installed: Path, tmp_path: Path) -> None:
    """Headless Chromium opens the page of the running demo and finds the headline in the thread."""
    with demo(installed) as process:
        try:
            seen = ""
            while "Look at it in a browser" not in seen:
                assert process.stdout is not None
                line = process.stdout.readline()
                assert line, f"the demo ended early:\n{seen}"
                seen += line
            url = re.search(r"http://127\.0\.0\.1:\d+/", seen)
            assert url is not None
            dom = dump_dom(url[0], tmp_path)
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)

    thread = dom[dom.index('id="thread"') :]
    assert SEED in thread
    assert "ranker was killed 3 times on 3 of 3 hosts" in thread
    assert process.returncode == 0


def dump_dom(url: str, profile: Path) -> str:
    return asyncio.run(dumped(url, profile / "chromium"))
