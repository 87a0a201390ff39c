"""Ask this machine: the same constant probe through `sh`, without SSH."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

from diagnostics.bundle import Bundle, Missing
from diagnostics.collect.capture import Capture
from diagnostics.probe import PROBE

HOST = "localhost"
DEADLINE_S = 25.0
_WHERE = "this machine"
_KILLED_S = 2.0
_READ_BYTES = 64 * 1024
# What sshd would give it: nothing of the caller's own environment changes what the probe says.
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}


async def collect_local(deadline_s: float = DEADLINE_S) -> Bundle | Missing:
    """What this machine says, under the name `localhost`; Missing with the reason if nothing came
    within `deadline_s`.
    """
    capture = Capture()
    try:
        process = await asyncio.create_subprocess_exec(
            "sh",
            "-c",
            PROBE,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=_ENVIRONMENT,
            cwd="/",
            start_new_session=True,  # so that whatever the probe starts can be found and ended
        )
    except OSError as error:
        return Missing(f"{_WHERE}: sh could not be started: {error.strerror}")
    try:
        async with asyncio.timeout(deadline_s):
            await _read_all(process, capture)
    except TimeoutError:
        capture.stopped = f"did not end in {deadline_s:g} s and was stopped"
    finally:
        _end_session(process.pid)
        # a process stuck in the kernel cannot even be killed
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_KILLED_S):
                await process.communicate()  # takes the exit status and closes the pipes
    return capture.result(HOST, _WHERE)


def _end_session(session: int) -> None:
    """Kill every process of `session`: timeout(1) gives its command a process group of its own, so
    the probe's group is not all.
    """
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # most often it ended meanwhile
            # state, parent, group, session: the name before may hold anything
            fields = stat.read_bytes().rpartition(b")")[2].split()
            if int(fields[3]) == session:
                os.kill(int(stat.parent.name), signal.SIGKILL)


async def _read_all(process: asyncio.subprocess.Process, capture: Capture) -> None:
    """Read both streams until both end, or until one of them has brought all that is wanted."""
    assert process.stdout is not None  # noqa: S101 # it was asked for as a pipe
    assert process.stderr is not None  # noqa: S101 # the same
    stdout = asyncio.create_task(_read(process.stdout, capture.take_stdout))
    stderr = asyncio.create_task(_read(process.stderr, capture.take_stderr))
    try:
        waiting = {stdout, stderr}
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if any(task.result() for task in done):
                return
    finally:
        for task in (stdout, stderr):
            task.cancel()
        await asyncio.gather(stdout, stderr, return_exceptions=True)


async def _read(stream: asyncio.StreamReader, take: Callable[[bytes], bool]) -> bool:
    """True if `take` wanted no more, False at the end of the stream."""
    while data := await stream.read(_READ_BYTES):
        if take(data):
            return True
    return False
