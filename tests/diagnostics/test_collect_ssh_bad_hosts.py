"""Hosts that hang, print for ever, break off or speak nonsense: each costs its own report only, and
what came is used.
"""

from __future__ import annotations

import asyncio
import math
import re
import resource
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import asyncssh
import pytest

from diagnostics.bundle import Bundle, Missing
from diagnostics.bundle.redact_text import redact
from diagnostics.collect.capture import Capture, Pool
from diagnostics.collect.meter import UNPROVED_BYTES, FloodError, MeteredSocket
from diagnostics.collect.ssh import SshCollector, SshSettings, Target
from diagnostics.engine import diagnose
from diagnostics.model import NotExamined
from diagnostics.probe import MAX_OUTPUT_BYTES, PROBE, digest
from tests.diagnostics.sshd import (
    FORCED_ANSWER,
    NAME,
    Limits,
    Sshd,
    because,
    bundle,
    collect,
    forced,
    free_port,
)
from tests.yardstick import in_time

ONE_SECTION = (
    "printf '=sevbot-probe 1\\n=begin clock\\n|now 1\\n\\n=end clock 0\\n=begin "
    "uname\\n|Linux\\n|half'\n"
)

HALF_A_COPY = "#!/bin/sh\necho =sevbot-probe 1\necho =done\n"

sshd_runs = pytest.mark.needs("sshd")


@pytest.fixture
def usual_look(tmp_path: Path) -> Iterator[Callable[[], object]]:
    """A look at a host that answers at once: what the time of others is compared with."""
    directory = tmp_path / "usual"
    directory.mkdir()
    with Sshd(directory, options=forced(directory, FORCED_ANSWER)) as sshd:
        yield lambda: bundle(collect(sshd.settings(), sshd.target))


@sshd_runs
def test_a_hung_probe_ends_at_the_deadline(
    tmp_path: Path, usual_look: Callable[[], object]
) -> None:
    """With nothing printed there is only the reason."""
    with Sshd(tmp_path, options=forced(tmp_path, "exec sleep 7777\n")) as sshd:
        found = in_time(
            lambda: collect(sshd.settings(deadline_s=1.5), sshd.target),
            usual_look,
            waits_s=1.5,
            times=5,
        )
        told = because(found)
    assert "did not end in 1.5 s" in told


@sshd_runs
def test_what_a_hung_probe_printed_is_used(tmp_path: Path) -> None:
    """Whole sections and whole lines that came before the deadline are evidence; the rest says why
    it is missing.
    """
    with Sshd(tmp_path, options=forced(tmp_path, ONE_SECTION + "exec sleep 7777\n")) as sshd:
        found = bundle(collect(sshd.settings(deadline_s=1.5), sshd.target))
    assert found.sections["clock"].text == "now 1\n"
    assert found.sections["clock"].exit == 0
    assert found.sections["uname"].text == "Linux\n"
    assert found.sections["uname"].exit is None
    assert "did not end in 1.5 s" in found.missing["kernel-log"]
    assert diagnose(found).broke_off == "the probe did not end in 1.5 s and was stopped"


@sshd_runs
def test_a_host_that_drips_its_answer_was_not_examined(tmp_path: Path) -> None:
    """One byte now and then is no answer, and its last byte is not waited for."""
    script = "printf '=sevbot-probe 1\\n=begin clock\\n'\nwhile :; do printf x; sleep 0.2; done\n"
    with Sshd(tmp_path, options=forced(tmp_path, script)) as sshd:
        report = diagnose(bundle(collect(sshd.settings(deadline_s=1.5), sshd.target)))
    assert isinstance(report, NotExamined)
    assert report.error == "the probe ran, but no section of its output came back"
    assert report.broke_off == "the probe did not end in 1.5 s and was stopped"


@sshd_runs
def test_a_probe_that_leaves_a_process_behind_does_not_cost_the_deadline(
    tmp_path: Path, usual_look: Callable[[], object]
) -> None:
    """After its last line nothing more is waited for, even if something keeps the channel open."""
    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER + "exec sleep 7777\n")) as sshd:
        found = in_time(
            lambda: collect(sshd.settings(), sshd.target), usual_look, waits_s=0, times=10
        )
        assert isinstance(found, Bundle)


@sshd_runs
@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exec yes\n", "bytes and was stopped"),
        ("exec yes >&2\n", "bytes to stderr and was stopped"),
    ],
)
def test_endless_output_is_stopped_and_costs_no_memory(
    tmp_path: Path, script: str, reason: str, usual_look: Callable[[], object]
) -> None:
    """At the cap the connection is closed; this process grows by little more than the cap."""
    with Sshd(tmp_path, options=forced(tmp_path, script)) as sshd:
        # so that what is loaded once is not counted
        collect(sshd.settings(), Target(NAME, "127.0.0.1", 1, "x"))
        redact("password=x")  # the rules, too
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = in_time(
            lambda: collect(sshd.settings(), sshd.target), usual_look, waits_s=0, times=20
        )
        told = because(found)
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert reason in told
    assert grown_kib < 8 * MAX_OUTPUT_BYTES / 1024


@sshd_runs
def test_sections_before_endless_output_are_used(tmp_path: Path) -> None:
    """A cap is not a reason to throw away what came before it."""
    with Sshd(
        tmp_path,
        options=forced(tmp_path, ONE_SECTION + "echo\necho '=begin meminfo'\nexec yes '|x'\n"),
    ) as sshd:
        found = bundle(collect(sshd.settings(), sshd.target))
    assert found.sections["clock"].text == "now 1\n"
    assert found.sections["meminfo"].cut
    assert "more than" in found.missing["kernel-log"]


@sshd_runs
def test_a_nologin_shell_is_named(tmp_path: Path) -> None:
    """What nologin prints is quoted, with the cure."""
    script = "echo 'This account is currently not available.'\nexit 1\n"
    with Sshd(tmp_path, options=forced(tmp_path, script)) as sshd:
        told = because(collect(sshd.settings(), sshd.target))
    assert "This account is currently not available." in told
    assert "login shell" in told


@sshd_runs
def test_an_error_on_stderr_is_shown_when_nothing_else_came(tmp_path: Path) -> None:
    """A forced command that is not there says so on stderr only."""
    with Sshd(tmp_path, options='restrict,command="/nonexistent/probe"') as sshd:
        told = because(collect(sshd.settings(), sshd.target))
    assert "/nonexistent/probe" in told
    assert "forced command" in told


COPY_IT = "`install -m 755 probe.sh /usr/libexec/sevbot-probe`"


@sshd_runs
@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (
            "missing",
            f"is missing there, or was saved with Windows line ends: copy it again: {COPY_IT}",
        ),
        (
            "Windows line ends",
            f"is missing there, or was saved with Windows line ends: copy it again: {COPY_IT}",
        ),
        ("not executable", "may not be run by the account: `chmod 755 /usr/libexec/sevbot-probe`"),
        ("nothing printed", f"or the forced command an old copy? Then copy it again: {COPY_IT}"),
        (
            "half a copy",
            (
                "the host's copy of the probe is of version 1, this sevbot's of version 2 "
                f"({digest()}); copy it again: {COPY_IT}"
            ),
        ),
    ],
)
def test_a_copy_of_the_probe_that_does_not_run_names_its_cure(
    tmp_path: Path, trouble: str, words: str
) -> None:
    """By what the shell said of it. As in docs/deploy/hosts.md, the command is the cure."""
    copies = {
        "Windows line ends": PROBE.replace("\n", "\r\n"),
        "nothing printed": "#!/bin/sh\n",
        "half a copy": HALF_A_COPY,
    }
    copy = tmp_path / "sevbot-probe"
    if trouble != "missing":
        copy.write_bytes(copies.get(trouble, PROBE).encode())
        copy.chmod(0o644 if trouble == "not executable" else 0o755)
    with Sshd(tmp_path, options=f'restrict,command="{copy}"') as sshd:
        told = because(collect(sshd.settings(), sshd.target))
    assert words in told


@sshd_runs
def test_bytes_that_are_not_text_do_not_lose_the_section(tmp_path: Path) -> None:
    """Invalid UTF-8 is replaced, NUL and carriage returns are kept."""
    script = (
        "printf '=sevbot-probe 1\\n=begin uname\\n|a\\377b\\000c\\r\\n\\n=end uname 0\\n=done\\n'\n"
    )
    with Sshd(tmp_path, options=forced(tmp_path, script)) as sshd:
        found = bundle(collect(sshd.settings(), sshd.target))
    assert found.sections["uname"].text == "a\N{REPLACEMENT CHARACTER}b\x00c\r\n"


@sshd_runs
def test_a_connection_lost_in_the_middle_keeps_what_came(tmp_path: Path) -> None:
    """The host's session dies: whole sections stay, and the reason says that the connection was
    lost.
    """
    kill_session = ONE_SECTION + "sleep 0.5\nkill -9 $PPID\nexec sleep 60\n"
    with Sshd(tmp_path, options=forced(tmp_path, kill_session)) as sshd:
        found = bundle(collect(sshd.settings(), sshd.target))
    assert found.sections["clock"].text == "now 1\n"
    assert "lost connection" in found.missing["kernel-log"]


@sshd_runs
def test_cancelling_closes_the_connection_and_is_passed_on(tmp_path: Path) -> None:
    """The caller's own deadline or shutdown leaves no connection and no task behind."""

    async def run(sshd: Sshd) -> None:
        task = asyncio.create_task(SshCollector(sshd.settings()).collect(sshd.target))
        await asyncio.to_thread(sshd.wait_for_forced)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with Sshd(tmp_path, options=forced(tmp_path, "exec sleep 7777\n")) as sshd:
        asyncio.run(run(sshd), debug=True)
        sshd.wait_for("Disconnected from")


def busy(directory: Path, times: int) -> str:
    """authorized_keys options for a probe that says so often that another one is running."""
    script = (
        f"printf x >> {directory}/runs\n[ $(wc -c < {directory}/runs) -gt {times} ] || "
        "{ printf '=sevbot-probe 1\\n=busy\\n=done\\n'; exit; }\n"
    )
    return forced(directory, script + FORCED_ANSWER)


@sshd_runs
def test_a_host_on_which_another_probe_runs_is_asked_again_in_the_same_connection(
    tmp_path: Path,
) -> None:
    """One login, also where only one session at a time is allowed."""
    with Sshd(tmp_path, options=busy(tmp_path, 2), config="MaxSessions 1") as sshd:
        found = bundle(collect(sshd.settings(), sshd.target))
        assert sshd.log.count("Accepted publickey") == 1
    assert found.sections["uname"].text == "forced\n"


@sshd_runs
def test_a_host_that_stays_busy_is_told_with_how_long_it_was(tmp_path: Path) -> None:
    """Up to the deadline, and not beyond it."""
    with Sshd(tmp_path, options=busy(tmp_path, 99)) as sshd:
        told = because(collect(sshd.settings(deadline_s=9), sshd.target))
    assert re.search(
        r"another probe is running on this host \(seen for [2-8] s\), .* ask again in some seconds",
        told,
    )
    assert "did not end" not in told


class Slow:
    """Stands before a real sshd: holds back what it says on the first connections, as an overloaded
    host does.
    """

    def __init__(self, sshd: Sshd, held_back: int) -> None:
        self._sshd = sshd
        self._held_back = held_back
        self._answering: set[asyncio.Task[object] | None] = set()
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._answering.add(asyncio.current_task())
        if self.connections <= self._held_back:
            await reader.read()
            writer.close()
            return
        from_sshd, to_sshd = await asyncio.open_connection("127.0.0.1", self._sshd.port)
        await asyncio.gather(self._carry(reader, to_sshd), self._carry(from_sshd, writer))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    def collect(self, **limits: Unpack[Limits]) -> Bundle | Missing:
        async def run() -> Bundle | Missing:
            async with await asyncio.start_server(self, "127.0.0.1", 0) as server:
                target = replace(self._sshd.target, port=server.sockets[0].getsockname()[1])
                found = await SshCollector(replace(self._sshd.settings(), **limits)).collect(target)
            await asyncio.gather(
                *(task for task in self._answering if task is not None), return_exceptions=True
            )
            return found

        return asyncio.run(run())


@sshd_runs
def test_a_login_that_did_not_end_in_time_is_tried_once_more(tmp_path: Path) -> None:
    """A host with an incident is slow; the second login has longer."""
    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd:
        slow = Slow(sshd, held_back=1)
        assert isinstance(slow.collect(login_timeout_s=0.5, second_login_timeout_s=10), Bundle)
    assert slow.connections == 2


@sshd_runs
def test_a_login_is_tried_twice_and_no_more(tmp_path: Path) -> None:
    """What is told names both limits."""
    with Sshd(tmp_path) as sshd:
        slow = Slow(sshd, held_back=9)
        told = because(slow.collect(login_timeout_s=0.3, second_login_timeout_s=0.6))
    assert slow.connections == 2
    assert "sshd said nothing in 0.3 s, nor in 0.6 s when asked again" in told


@sshd_runs
def test_no_second_login_where_the_deadline_leaves_no_longer_one(tmp_path: Path) -> None:
    """A shorter second try would not be worth its connection."""
    with Sshd(tmp_path) as sshd:
        slow = Slow(sshd, held_back=9)
        told = because(
            slow.collect(
                login_timeout_s=1, connect_timeout_s=1, second_login_timeout_s=10, deadline_s=2.5
            )
        )
    assert slow.connections == 1
    assert "sshd said nothing in 1 s:" in told


@sshd_runs
@pytest.mark.parametrize("trouble", ["a refused key", "a changed host key", "no sshd"])
def test_no_second_login_where_the_first_was_answered(tmp_path: Path, trouble: str) -> None:
    """A refusal, a host key that is another, a connection that is closed: none of them gets better
    by asking twice.
    """
    with Sshd(tmp_path, key_is_known=trouble != "a refused key") as sshd:
        if trouble == "a changed host key":
            another = asyncssh.generate_private_key("ssh-ed25519").export_public_key()
            sshd.known_hosts.write_text(f"{NAME} {another.decode()}")
        slow = Slow(sshd, held_back=0)
        if trouble == "no sshd":
            sshd.port = free_port()
        because(slow.collect())
    assert slow.connections == 1


def read_on(sock: MeteredSocket, far: socket.socket, most: float = math.inf) -> None:
    """Read what `far` sends without an end; no more than `most` bytes come of it before a read
    raises.
    """
    got = 0
    while True:
        with suppress(BlockingIOError):
            far.send(bytes(65536))
        got += len(sock.recv(256 * 1024))
        assert got <= most


def test_a_socket_gives_no_more_than_its_host_may_send() -> None:
    """Small pieces until the host has proved who it is; then what an answer needs, and the more of
    it the more has come.
    """
    near, far = socket.socketpair()
    with near, far, MeteredSocket(fileno=near.detach()) as sock:
        far.setblocking(False)
        sock.setblocking(False)
        with pytest.raises(
            FloodError, match=f"more than {UNPROVED_BYTES} bytes before it proved who it is"
        ):
            read_on(sock, far, most=UNPROVED_BYTES)
        sock.prove()
        got = sum(len(sock.recv(256 * 1024)) for _ in range(3))
        assert got > UNPROVED_BYTES
        sock.answered(got)
        with pytest.raises(FloodError, match="more than its answer needs"):
            read_on(sock, far)


def test_answers_that_together_are_too_large_are_stopped_at_their_share() -> None:
    """One host that prints for ever cannot take the room of those that print a little."""
    pool = Pool(1000, 100)
    greedy, modest = Capture(pool), Capture(pool)
    assert not greedy.take_stdout(bytes(990))
    assert greedy.take_stdout(bytes(20))
    assert not modest.take_stdout(bytes(90))
    assert modest.take_stdout(bytes(20))
    assert "beside what other hosts print" in str(greedy.stopped)
    greedy.release()
    assert not Capture(pool).take_stdout(bytes(900))


def serve(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    directory: Path,
    settings_s: float = 1.0,
) -> str:
    """The reason that a collection from a plain TCP server gives, with time limits of
    `settings_s`.
    """
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(directory / "client_key"))
    (directory / "client_key").chmod(0o600)
    (directory / "known_hosts").write_text(f"{NAME} {key.export_public_key().decode()}")
    settings = replace(
        SshSettings(directory / "client_key", directory / "known_hosts"),
        connect_timeout_s=settings_s,
        login_timeout_s=settings_s,
        second_login_timeout_s=0,
    )

    handlers: set[asyncio.Task[object] | None] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handlers.add(asyncio.current_task())
        with suppress(ConnectionError):
            await answer(reader, writer)
        writer.close()

    async def run() -> str:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            told = because(
                await SshCollector(settings).collect(Target(NAME, "127.0.0.1", port, "nobody"))
            )
        # each sees that the connection was closed
        await asyncio.gather(*(task for task in handlers if task is not None))
        return told

    return asyncio.run(asyncio.wait_for(run(), 20))


async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"S")
        await writer.drain()
        await asyncio.sleep(0.1)


async def stop_after_the_banner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await reader.read()


async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"Exceeded MaxStartups\r\n")


async def endless_banner(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def endless_lines(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"welcome\r\n" * 1000)
        await writer.drain()


async def speak_http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    await reader.read(64)


async def old_protocol(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"SSH-1.5-old\r\n")
    await reader.read()


async def banner_that_is_not_text(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(b"SSH-2.0-\xff\xfe\x1b[2J\r\n")
    await reader.read()


async def garbage_after_the_banner(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(b"SSH-2.0-x\r\n" + b"\xff" * 1024)
    await reader.read()


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (say_nothing, "sshd said nothing in 1 s"),
        (drip, "sshd said nothing in 1 s"),
        (stop_after_the_banner, "the login did not end in 1 s"),
        (hang_up, "MaxStartups"),
        (endless_banner, "does not speak SSH"),
        (endless_lines, "does not speak SSH"),
        (speak_http, "no sshd on this port"),
        (old_protocol, "does not speak SSH"),
        (banner_that_is_not_text, "does not speak SSH"),
        (garbage_after_the_banner, "does not speak SSH"),
    ],
)
def test_a_port_that_is_not_a_working_sshd_is_named(
    tmp_path: Path,
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    reason: str,
) -> None:
    """Silent, dripping, endless or nonsense: the answer comes within the time limit and says what
    it looks like.
    """
    told = in_time(
        lambda: serve(answer, tmp_path), lambda: serve(hang_up, tmp_path), waits_s=1, times=50
    )
    assert reason in told
    assert told.isprintable()
