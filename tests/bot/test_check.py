"""`sevbot check` as a process, against the stand-in for Slack, replayed hosts and real sshds: it
names each thing that is wrong, all at once, and posts nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.checked import ok, problem, summary, untold
from bot.slack.samples import samples
from bot.standin.hosts import ReplayHosts
from bot.standin.slack import SCOPES, SlackStandIn
from diagnostics.bundle import Bundle, Section
from diagnostics.bundle.directory import read_directory
from diagnostics.engine import diagnose, report_on
from diagnostics.probe import VERSION, digest
from tests.conftest import ROOT
from tests.diagnostics.sshd import FORCED_ANSWER, NAME, Sshd, forced

BUNDLE = Bundle(host="web1", sections={"uname": Section(name="uname", text="Linux\n", exit=0)})
OWN_COPY = FORCED_ANSWER.replace("sevbot-probe 1", f"sevbot-probe {VERSION} {digest()}")
UNANSWERED = "web1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPAzGpYkiSmMwEDsFRoxTJRWcf3DiNmGrdl+5CS3Nrz"


@dataclass(frozen=True)
class Run:
    """What the command printed, and its exit status."""

    status: int
    said: str
    complained: str

    def of(self, item: str) -> str:
        """The lines of one item."""
        lines = self.said.splitlines()
        return "\n".join(line for line in lines if line.startswith(f"{item}: "))


@dataclass(frozen=True)
class Where:
    """Hosts as a configuration names them: by name, the port on this machine."""

    client_key: Path
    known_hosts: Path
    user: str
    ports: Mapping[str, int]


def configuration(slack: SlackStandIn, where: Where, directory: Path, more: str = "") -> Path:
    lines = [
        "[slack]",
        f'channel = "{slack.channel_id}"',
        "announcement = 'SEV'",
        f'api_url = "{slack.api_url}"',
        "[[slack.announcers]]",
        f'bot_id = "{slack.announcer.bot_id}"',
        "[ssh]",
        f'client_key = "{where.client_key}"',
        f'known_hosts = "{where.known_hosts}"',
        f'user = "{where.user}"',
        *(
            f'[hosts.{name}]\naddress = "127.0.0.1"\nport = {port}'
            for name, port in where.ports.items()
        ),
        more,
    ]
    path = directory / "config.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    path.chmod(0o600)
    return path


def tokens_of(slack: SlackStandIn) -> dict[str, str]:
    return {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_APP_TOKEN": slack.app_token,
        "SLACK_CONFIG_TOKEN": slack.workspace.settings.configuration_token,
    }


async def check(path: Path, tokens: Mapping[str, str]) -> Run:
    """`sevbot check` as a real process, with nothing of Slack's in its environment but `tokens`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SLACK_")}
    command = [sys.executable, "-m", "bot", "check", "--config", str(path)]

    def run() -> Run:
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            cwd=ROOT,
            text=True,
            timeout=100,
            env={**kept, **tokens},
        )
        return Run(done.returncode, done.stdout, done.stderr)

    return await asyncio.to_thread(run)


@contextlib.asynccontextmanager
async def replayed(directory: Path) -> AsyncIterator[Where]:
    async with ReplayHosts({"web1": BUNDLE}, directory) as hosts:
        yield Where(
            hosts.client_key,
            hosts.known_hosts,
            hosts.targets["web1"].user,
            {name: target.port for name, target in hosts.targets.items()},
        )


@contextlib.contextmanager
def real(directory: Path) -> Iterator[Where]:
    """Five hosts: `own` has our own copy of the probe and `old` another, `refuses` does not know
    the key, of `unknown` nobody knows the host key, and `gone` does not listen.
    """
    with contextlib.ExitStack() as stack:

        def sshd(name: str, script: str, *, key_is_known: bool = True) -> Sshd:
            where = directory / name
            where.mkdir()
            options = forced(where, script) if script else ""
            return stack.enter_context(Sshd(where, options=options, key_is_known=key_is_known))

        own, old = sshd("own", OWN_COPY), sshd("old", FORCED_ANSWER)
        refuses = sshd("refuses", "", key_is_known=False)
        (old.directory / "authorized_keys").write_text(
            (own.directory / "authorized_keys")
            .read_text(encoding="utf-8")
            .replace(str(own.directory), str(old.directory)),
            encoding="utf-8",
        )
        known = directory / "known_hosts"
        lines = {
            name: host.known_hosts.read_text(encoding="utf-8").replace(NAME, name, 1)
            for name, host in (("own", own), ("old", old), ("refuses", refuses))
        }
        lines["gone"] = UNANSWERED.replace(NAME, "gone", 1)
        known.write_text("\n".join(lines.values()), encoding="utf-8")
        known.chmod(0o600)
        ports = {"own": own.port, "old": old.port, "refuses": refuses.port, "gone": 1}
        yield Where(own.client_key, known, own.target.user, {**ports, "unknown": own.port})


def no_post(slack: SlackStandIn) -> bool:
    calls = [*slack.history, *slack.refused]
    return not slack.messages() and not any(call.method.startswith("chat.") for call in calls)


@pytest.mark.needs("sshd")
def test_all_is_well_and_that_is_status_0(tmp_path: Path) -> None:
    """With the app configuration token nothing is left open."""

    async def run() -> None:
        with real(tmp_path) as where:
            own = Where(
                where.client_key, where.known_hosts, where.user, {"own": where.ports["own"]}
            )
            async with SlackStandIn() as slack:
                done = await check(configuration(slack, own, tmp_path), tokens_of(slack))
                assert no_post(slack)
        assert (done.status, done.complained) == (0, "")
        assert done.said.splitlines()[-1] == (
            "no problems, 0 could not be told, 10 ok. Nothing was posted."
        )
        assert "own: ok: it ran its own copy of the probe" in done.said

    asyncio.run(run())


def refuses_bot_token(_slack: SlackStandIn, tokens: dict[str, str]) -> None:
    tokens |= {"SLACK_BOT_TOKEN": "xoxb-of-another"}


def refuses_app_token(_slack: SlackStandIn, tokens: dict[str, str]) -> None:
    tokens |= {"SLACK_APP_TOKEN": "xapp-1-A0SEVBOT001-another"}


def lacks_scope(slack: SlackStandIn, _tokens: dict[str, str]) -> None:
    slack.workspace.scopes = frozenset(SCOPES) - {"commands"}


def lacks_history(slack: SlackStandIn, _tokens: dict[str, str]) -> None:
    slack.workspace.scopes = frozenset(SCOPES) - {"channels:history"}


def is_not_in_channel(slack: SlackStandIn, _tokens: dict[str, str]) -> None:
    slack.workspace.channels[slack.channel_id].is_member = False


def is_not_told(slack: SlackStandIn, _tokens: dict[str, str]) -> None:
    slack.workspace.bot_events = frozenset({"app_home_opened"})


def cannot_be_pressed(slack: SlackStandIn, _tokens: dict[str, str]) -> None:
    slack.workspace.interactivity = False


def has_no_command(slack: SlackStandIn, _tokens: dict[str, str]) -> None:
    slack.workspace.settings.commands = ("/sevv",)


@pytest.mark.parametrize(
    ("breaks", "item", "says", "cure"),
    [
        (refuses_bot_token, "bot token", "(invalid_auth)", "copy it again"),
        (refuses_app_token, "app token", "(invalid_auth)", "connections:write"),
        (lacks_scope, "scopes", "lacks commands:", "install the app again"),
        (lacks_history, "scopes", "lacks channels:history:", "install the app again"),
        (is_not_in_channel, "channel", "sevbot is not in C0INCIDENT1", "`/invite @sevbot`"),
        (is_not_told, "event subscriptions", "not told of messages", "add message.channels"),
        (cannot_be_pressed, "interactivity", "is off", "install the app again"),
        (has_no_command, "slash command", "has no /sev", "install the app again"),
    ],
    ids=["bot-token", "app-token", "scope", "history", "member", "events", "pressed", "command"],
)
def test_what_is_wrong_in_slack_is_named_with_its_cure(
    tmp_path: Path,
    breaks: Callable[[SlackStandIn, dict[str, str]], None],
    item: str,
    says: str,
    cure: str,
) -> None:
    """One thing at a time: that is a problem, and nothing else is."""

    async def run() -> None:
        async with SlackStandIn() as slack, replayed(tmp_path) as where:
            tokens = tokens_of(slack)
            breaks(slack, tokens)
            done = await check(configuration(slack, where, tmp_path), tokens)
            assert no_post(slack)
        assert done.status == 1
        line = done.of(item)
        assert line.startswith(f"{item}: problem: ")
        assert says in line
        assert cure in line
        assert done.said.count(": problem: ") == 1
        assert "\n1 problem, " in done.said

    asyncio.run(run())


def test_of_a_private_channel_it_wants_the_scope_and_the_event_of_private_ones(
    tmp_path: Path,
) -> None:
    """The manifest is made for public ones. What sevbot is not in, it is not shown."""

    async def run() -> None:
        async with SlackStandIn() as slack, replayed(tmp_path) as where:
            channel = slack.workspace.channels[slack.channel_id]
            channel.is_private = True
            path = configuration(slack, where, tmp_path)
            public = await check(path, tokens_of(slack))
            slack.workspace.scopes |= {"groups:history"}
            slack.workspace.bot_events = frozenset({"message.groups"})
            channel.is_member = False
            private = await check(path, tokens_of(slack))
        assert "lacks groups:history: " in public.of("scopes")
        assert "add message.groups " in public.of("event subscriptions")
        assert private.of("scopes") == "scopes: ok"
        assert private.of("channel").startswith("channel: problem: Slack shows sevbot no channel")
        assert "in a private channel type `/invite @sevbot`" in private.of("channel")
        assert "is the channel of that kind?" in private.of("event subscriptions")

    asyncio.run(run())


@pytest.mark.needs("sshd")
def test_all_that_is_wrong_is_named_in_one_run(tmp_path: Path) -> None:
    """A broken configuration hides nothing of Slack's, and Slack's problems hide no host's."""

    async def run() -> None:
        with real(tmp_path) as where:
            async with SlackStandIn() as slack:
                tokens = tokens_of(slack)
                for breaks in (
                    refuses_app_token,
                    lacks_scope,
                    is_not_in_channel,
                    is_not_told,
                    cannot_be_pressed,
                ):
                    breaks(slack, tokens)
                more = '[services.ranker]\nhosts = ["web9"]\nexpectd_peak = "1 GiB"\n'
                path = configuration(slack, where, tmp_path, more)
                done = await check(path, tokens)
                assert no_post(slack)
        assert done.status == 1
        for item, words in (
            ("configuration", "services.ranker.expectd_peak: is not known here"),
            ("configuration", "services.ranker.hosts: names web9, which has no [hosts.web9]"),
            ("app token", "invalid_auth"),
            ("scopes", "lacks commands"),
            ("channel", "not in"),
            ("event subscriptions", "message.channels"),
            ("interactivity", "is off"),
            ("unknown", "no entry for the name unknown"),
            ("refuses", "the key was refused"),
            ("old", "the host's copy of the probe is of version 1"),
            ("gone", "connection refused"),
        ):
            assert f"{item}: problem: " in done.of(item), item
            assert words in done.of(item)
        assert "install -m 755 probe.sh" in done.of("old")
        assert done.of("own").startswith("own: ok")
        assert "\n11 problems, " in done.said

    asyncio.run(run())


def test_a_wrong_bot_token_hides_no_other_problem(tmp_path: Path) -> None:
    """What only that token can ask could not be told; all else is looked at."""

    async def run() -> None:
        async with SlackStandIn() as slack, replayed(tmp_path) as where:
            tokens = tokens_of(slack)
            for breaks in (refuses_bot_token, refuses_app_token, cannot_be_pressed):
                breaks(slack, tokens)
            where.known_hosts.write_text(UNANSWERED.replace("web1", "web7"), encoding="utf-8")
            done = await check(configuration(slack, where, tmp_path), tokens)
        problems = [item for item in done.said.splitlines() if ": problem: " in item]
        assert [line.partition(":")[0] for line in problems] == [
            "bot token",
            "app token",
            "interactivity",
            "web1",
        ]
        assert "channel: could not tell: it needs the bot token" in done.said

    asyncio.run(run())


def test_without_the_configuration_token_it_says_what_it_could_not_tell(tmp_path: Path) -> None:
    """That is no problem, and no health: how to find out stands there."""

    async def run() -> None:
        async with SlackStandIn() as slack, replayed(tmp_path) as where:
            cannot_be_pressed(slack, {})
            tokens = tokens_of(slack)
            del tokens["SLACK_CONFIG_TOKEN"]
            path = configuration(slack, where, tmp_path)
            without = await check(path, tokens)
            refused = await check(path, {**tokens, "SLACK_CONFIG_TOKEN": "xoxe.xoxp-1-old"})
        assert (without.status, refused.status) == (0, 0)
        assert "set $SLACK_CONFIG_TOKEN" in without.of("event subscriptions")
        assert "install the app again" in without.of("event subscriptions")
        assert without.of("interactivity").startswith("interactivity: could not tell: ")
        assert "(Slack says invalid_auth): make a new token" in refused.of("event subscriptions")
        assert "xoxe" not in refused.said + refused.complained

    asyncio.run(run())


def test_half_a_configuration_is_tried_as_far_as_it_goes(tmp_path: Path) -> None:
    """A token is tried though [slack] has another mistake; where its address may be wrong none is
    sent anywhere.
    """

    async def run() -> None:
        async with SlackStandIn() as slack, replayed(tmp_path) as where:
            tokens = tokens_of(slack)
            refuses_bot_token(slack, tokens)
            path = configuration(slack, where, tmp_path)
            right = path.read_text(encoding="utf-8")
            path.write_text(right.replace("channel = ", "chanel = "), encoding="utf-8")
            misspelt = await check(path, tokens)
            calls = len(slack.history)
            path.write_text(right.replace("api_url = ", "api_url = 7 #"), encoding="utf-8")
            elsewhere = await check(path, tokens)
            assert len(slack.history) == calls
            path.write_text("[slack", encoding="utf-8")
            unreadable = await check(path, tokens)
        assert "slack.channel: is missing" in misspelt.of("configuration")
        assert "slack.chanel: is not known here" in misspelt.of("configuration")
        assert "bot token: problem: " in misspelt.said
        assert elsewhere.of("Slack").startswith("Slack: could not tell: ")
        assert elsewhere.of("web1").startswith("web1: ok")
        assert "is not TOML" in unreadable.of("configuration")
        assert unreadable.of("hosts").startswith("hosts: could not tell: ")
        assert (misspelt.status, elsewhere.status, unreadable.status) == (1, 1, 1)

    asyncio.run(run())


def test_a_workspace_without_newer_blocks_gets_plainer_ones(tmp_path: Path) -> None:
    """That is how it is meant, and no problem."""

    async def run() -> None:
        async with SlackStandIn() as slack, replayed(tmp_path) as where:
            slack.workspace.takes_newer = False
            path = configuration(slack, where, tmp_path)
            plainer = await check(path, tokens_of(slack))
            slack.fail_next("blocks.validate", "ok-false:unknown_method")
            unknown = await check(path, tokens_of(slack))
        assert plainer.status == 0
        assert "blocks: ok: this workspace gets plainer ones for the verdict" in plainer.said
        assert "blocks: could not tell: this Slack does not know the method" in unknown.said

    asyncio.run(run())


def test_blocks_that_slack_refuses_in_every_form_are_a_problem(tmp_path: Path) -> None:
    """With the place that Slack names."""

    async def run() -> None:
        async with SlackStandIn() as slack, replayed(tmp_path) as where:
            slack.fail_next("blocks.validate", "ok-false:invalid_message")
            slack.fail_next("blocks.validate", "ok-false:invalid_message")
            done = await check(configuration(slack, where, tmp_path), tokens_of(slack))
        assert "blocks: problem: Slack refuses the first message (invalid_message)" in done.said
        assert done.status == 1

    asyncio.run(run())


def test_there_is_a_sample_of_every_kind_of_block() -> None:
    """Of those that the sources of Slack's room write."""
    bundle = read_directory(ROOT / "bot/demo/bundles/ranker")
    report = report_on([diagnose(bundle)] * 4)
    taken = [
        block["type"]
        for sample in samples(report)
        for form in (sample.newer, sample.plainer)
        for block in form["blocks"]
    ]

    assert set(taken) == {
        "actions",
        "context",
        "context_actions",
        "header",
        "input",
        "rich_text",
        "table",
    }


def test_the_summary_counts() -> None:
    """In words that fit one and none."""
    assert summary([ok("a"), problem("b", "c")]) == (
        "1 problem, 0 could not be told, 1 ok. Nothing was posted."
    )
    assert summary([untold("a", "b")]).startswith("no problems, 1 could not be told, 0 ok.")
