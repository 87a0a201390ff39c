"""The configuration and the files that it names, as `sevbot run` and `sevbot diagnose` judge them:
the real command, real files.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from bot.config import Config, ConfigError
from bot.config_file import read_config, set_up
from tests.access_list import OURS, STRANGER, USER, give
from tests.bot.test_cli import sevbot
from tests.conftest import ROOT

OLD = ROOT / "tests" / "bot" / "config-0.1.0.toml"  # the example of docs/config.md as 0.1.0 had it
NEEDS_ROOT = pytest.mark.needs("root")  # who alone can give a file to another user, or become one


class Files:
    """A configuration that can be used, with all its files, in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        key = asyncssh.generate_private_key("ssh-ed25519")
        self.write("key", key.export_private_key().decode())
        self.write("known_hosts", f"web1 {key.export_public_key().decode()}")
        self.bot = self.write("bot", "xoxb-1\n")
        self.app = self.write("app", "xapp-1\n")
        self.slack = f"""
[slack]
channel = "C0PROD"
announcement = '(?i)^SEV-?\\d'
bot_token_file = "{self.bot}"
app_token_file = "{self.app}"
[[slack.announcers]]
bot_id = "B0SEV"
"""
        self.rest = f"""
[ssh]
client_key = "{directory}/key"
known_hosts = "{directory}/known_hosts"
[hosts.web1]
address = "10.0.0.11"
[services.ranker]
hosts = ["web1"]
"""
        self.path = self.write("config.toml", self.slack + self.rest)

    def write(self, name: str, text: str, mode: int = 0o600) -> Path:
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        return path

    def change(self, old: str, new: str) -> None:
        text = self.path.read_text(encoding="utf-8")
        assert old in text
        self.write("config.toml", text.replace(old, new, 1))

    def run_says(self) -> list[str]:
        """The lines that `sevbot run` refuses with."""
        return self._says("run")

    def diagnose_says(self) -> list[str]:
        """Those of `sevbot diagnose`; the host is asked for by a name that is not there, so nothing
        is dialled.
        """
        return self._says("diagnose", "nosuch")

    def _says(self, *command: str) -> list[str]:
        done = sevbot(*command, "--config", str(self.path))
        assert done.returncode == 2, done
        assert done.stdout == b""
        return done.stderr.decode().splitlines()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    (tmp_path / "etc").mkdir(mode=0o755)
    return Files(tmp_path / "etc")


def test_what_is_good_is_taken(files: Files) -> None:
    """Else the refusals below would prove nothing. Others may read the configuration."""
    files.path.chmod(0o644)
    setup = set_up(files.path, for_slack=True)

    assert setup.warnings == ()
    assert setup.tokens is not None


@pytest.mark.parametrize("command", ["run", "diagnose"])
def test_every_problem_comes_in_one_round(files: Files, command: str) -> None:
    """Types, ranges, names, patterns, references, key, certificate, known_hosts and tokens; each
    with its place and its cure.
    """
    files.change(
        'channel = "C0PROD"',
        'channel = "#prod"\nnotify_when_ready = "yes"\napi_url = "http://slack.example/api/"',
    )
    files.change(
        'address = "10.0.0.11"',
        (
            'address = "10.0.0.11"\nport = "22871"\nprot = 1\n[hosts.web2]\naddress = '
            '"10.0.0.12"\nport = 99999'
        ),
    )
    files.change(
        'hosts = ["web1"]',
        (
            'hosts = ["web1", "web9"]\n[services.web1]\nhosts = ["web2"]\n[services.one]\n'
            'hosts = "web1"'
        ),
    )
    files.change(
        "[ssh]",
        (
            '[job_logs]\npatterns = ["(", "x"]\n[ssh]\ncertificate = '
            f'"{files.directory}/none"\nat_once = true'
        ),
    )
    files.change("[services.ranker]", "[services.ranker]\nexpected_peak = 11")
    files.path.chmod(0o666)
    said = "\n".join(getattr(files, f"{command}_says")())

    wanted = [
        "can be changed by other users (mode 0666): `chmod 644",
        "hosts.web1.port: must be a whole number without quotes",
        "hosts.web1.prot: is not known here",
        "hosts.web2.port: must be less than or equal to 65535",
        "services.ranker.hosts: names web9, which has no [hosts.web9]",
        "services.ranker.expected_peak: must be a size with its unit",
        "services.web1: a host has this name, too",
        'services.one.hosts: must be a list, as ["web1"]',
        "job_logs.patterns.0: is not a regular expression that RE2 reads",
        "job_logs.patterns.1: 'x' must have a group",
        "ssh.at_once: must be a whole number",
    ]
    slack = [
        "slack.channel: must be the channel's id",
        "slack.notify_when_ready: must be true or false",
        "slack.api_url: must begin with https://",
    ]
    assert [
        words for words in wanted + (slack if command == "run" else []) if words not in said
    ] == []
    assert all(line.startswith(f"sevbot: {files.path}") for line in said.splitlines())


def test_problems_of_the_files_come_in_the_same_round(files: Files) -> None:
    """Beside a problem in another table: key, certificate, known_hosts and both tokens."""
    files.change('address = "10.0.0.11"', 'address = "10.0.0.11"\nport = 0')
    files.change("[ssh]", f'[ssh]\ncertificate = "{files.directory}/none"')
    files.write("known_hosts", "")
    (files.directory / "key").chmod(0o644)
    files.bot.chmod(0o644)
    files.write("app", "xoxb-2\n")
    said = files.run_says()

    assert len(said) == 6
    for line, words in zip(
        sorted(said),
        [
            "hosts.web1.port: must be greater",
            "slack.app_token_file: ",
            "slack.bot_token_file: ",
            "ssh.certificate: there is no certificate",
            "ssh.client_key: ",
            "ssh.known_hosts: ",
        ],
        strict=True,
    ):
        assert line.startswith(f"sevbot: {files.path}: {words}")
    told = "\n".join(said)
    assert f"`chmod 600 {files.bot}`" in told
    assert "are the two swapped?" in told
    assert f"`chmod 600 {files.directory}/key`" in told
    assert "xoxb-2" not in told


@pytest.mark.parametrize(
    "broken",
    [
        'channel = "#prod"',
        'announcement = "("',
        "channel = 3",
        'nonsense = "x"',
        'api_url = "http://x/"',
    ],
)
def test_a_broken_slack_table_stops_only_what_needs_it(files: Files, broken: str) -> None:
    """In a SEV the command line still answers; a warning says what is wrong."""
    files.change(
        'channel = "C0PROD"' if broken.startswith("channel") else "[slack]",
        broken if broken.startswith("channel") else f"[slack]\n{broken}",
    )
    if broken.startswith("announcement"):
        files.change("announcement = '(?i)^SEV-?\\d'\n", "")
    done = sevbot("diagnose", "nosuch", "--config", str(files.path))

    assert done.returncode == 1
    assert b"nosuch: not in the inventory" in done.stdout
    assert done.stderr.decode().startswith(
        f"sevbot: warning: {files.path}: slack.{broken.partition(' ')[0]}: "
    )
    assert files.run_says()


def test_missing_tokens_and_a_missing_slack_table_do_not_stop_diagnose(files: Files) -> None:
    """The credentials are there for the service only."""
    files.bot.unlink()
    for text in (files.slack + files.rest, files.rest):
        files.write("config.toml", text)
        done = sevbot("diagnose", "nosuch", "--config", str(files.path))
        assert (done.returncode, done.stderr) == (1, b"")
        assert files.run_says()


@pytest.mark.parametrize("mode", [0o660, 0o606, 0o620, 0o602])
def test_a_configuration_that_others_can_write_is_refused(files: Files, mode: int) -> None:
    """Who can write it can send the tokens elsewhere, and point names at other addresses."""
    files.path.chmod(mode)
    (line,) = files.diagnose_says()

    assert line.endswith(
        f"{files.path} can be changed by other users (mode {mode:04o}): `chmod 644 {files.path}`"
    )


@pytest.mark.parametrize(
    "what", ["its directory", "a link's directory", "a link's target", "the target's directory"]
)
def test_every_way_to_the_configuration_is_looked_at(
    files: Files, tmp_path: Path, what: str
) -> None:
    """A file is as safe as the directory that holds it, and a link as safe as what it leads to."""
    (tmp_path / "links").mkdir(mode=0o755)
    link = tmp_path / "links" / "config.toml"
    link.symlink_to(files.path)
    bad = {
        "its directory": files.directory,
        "a link's directory": link.parent,
        "a link's target": files.path,
    }
    place = bad.get(what, files.directory)
    place.chmod(0o666 if place == files.path else 0o777)
    if what != "its directory":
        files.path = link
    said = files.diagnose_says()  # known_hosts lies in the same directory

    assert all("can be changed by other users" in line for line in said)
    assert what == "a link's target" or all(f" {place}`" in line for line in said)


def test_a_sticky_directory_is_safe_enough(files: Files) -> None:
    """As /tmp: nobody can replace another user's file there."""
    files.directory.chmod(0o1777)
    assert read_config(files.path)


@NEEDS_ROOT
@pytest.mark.parametrize("what", ["file", "directory"])
def test_a_configuration_of_a_third_user_is_refused(files: Files, what: str) -> None:
    """Neither root nor the user that runs sevbot."""
    os.chown(files.path if what == "file" else files.directory, 65534, 65534)
    (line,) = files.diagnose_says()

    assert (
        "belongs to user 65534, who is neither root nor the user that runs sevbot: `chown root "
        in line
    )


@contextlib.contextmanager
def somebody() -> Iterator[None]:
    """As a user who is not root, since root may read everything."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def says_to_somebody(files: Files, *, for_slack: bool = False) -> str:
    with somebody(), pytest.raises(ConfigError) as caught:
        set_up(files.path, for_slack=for_slack)
    return str(caught.value)


@pytest.fixture
def open_files() -> Iterator[Files]:
    """Below a directory that everybody may enter; pytest's own is closed."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        (Path(directory) / "etc").mkdir(mode=0o755)
        files = Files(Path(directory) / "etc")
        for path in (files.path, files.directory / "known_hosts"):
            path.chmod(0o644)
        for path in (files.bot, files.app, files.directory / "key"):
            os.chown(path, 65534, 65534)
        yield files


@NEEDS_ROOT
def test_another_user_can_use_what_is_readable(open_files: Files) -> None:
    """Else the next tests would prove nothing."""
    with somebody():
        assert set_up(open_files.path, for_slack=True)


@NEEDS_ROOT
@pytest.mark.parametrize("what", ["file", "directory"])
def test_a_configuration_that_the_user_cannot_read_names_the_chmod(
    open_files: Files, what: str
) -> None:
    """It was found, so that no other file needs to be named."""
    place = open_files.path if what == "file" else open_files.directory
    place.chmod(0o600 if what == "file" else 0o700)
    told = says_to_somebody(open_files)

    assert told == (
        f"{open_files.path}: user nobody cannot read it: `chmod "
        f"{'644' if what == 'file' else '755'} {place}`"
    )


@NEEDS_ROOT
@pytest.mark.parametrize("name", ["known_hosts", "key-cert.pub"])
def test_a_public_file_that_the_user_cannot_read_is_opened_to_all(
    open_files: Files, name: str
) -> None:
    """It is no secret, and need not be somebody else's."""
    open_files.write("key-cert.pub", "x", 0o644)
    open_files.change("[ssh]", f'[ssh]\ncertificate = "{open_files.directory}/key-cert.pub"')
    open_files.path.chmod(0o644)
    place = open_files.directory / name
    place.chmod(0o600)
    told = says_to_somebody(open_files)

    assert f"{place}: user nobody cannot read it: `chmod 644 {place}` (it is no secret)" in told
    assert "chown" not in told


@NEEDS_ROOT
def test_secrets_of_roots_are_for_root_or_for_systemd_to_hand_over(open_files: Files) -> None:
    """As README's installation makes them: a chown would leave the service nothing to hand over."""
    for path in (open_files.app, open_files.directory / "key"):
        os.chown(path, 0, 0)
    told = says_to_somebody(open_files, for_slack=True).splitlines()

    assert len(told) == 2
    for path, line in zip((open_files.app, open_files.directory / "key"), told, strict=True):
        assert (
            f"{path}: user nobody cannot read it, it is user root's: run sevbot as root, or "
            in line
        )
        assert "/run/credentials/sevbot.service" in line


def test_what_systemd_hands_over_is_there_while_the_service_runs(files: Files) -> None:
    """Nobody makes a key or a token below /run/credentials by hand."""
    for path, name in ((files.bot, "bot_token"), (files.directory / "key", "id_ed25519")):
        files.change(str(path), f"/run/credentials/sevbot.service/{name}")
    told = files.run_says()

    assert len(told) == 2
    assert all(
        "systemd puts it there while sevbot.service runs (`systemctl start sevbot`)" in line
        for line in told
    )
    assert "README, Installing, step 6" in told[1]
    assert "ssh-keygen" not in "".join(told)


def test_a_certificate_that_soon_ends_is_a_warning(files: Files) -> None:
    """On standard error, by `diagnose` as by `run`; the answer comes all the same."""
    key = asyncssh.read_private_key(str(files.directory / "key"))
    authority, file = asyncssh.generate_private_key("ssh-ed25519"), files.directory / "key-cert.pub"
    authority.generate_user_certificate(
        key, "sevbot", principals=["x"], valid_before="+5d"
    ).write_certificate(str(file))
    files.change("[ssh]", f'[ssh]\ncertificate = "{file}"')
    done = sevbot("diagnose", "nosuch", "--config", str(files.path))

    assert done.returncode == 1
    (line,) = done.stderr.decode().splitlines()
    assert line.startswith(
        f"sevbot: warning: {files.path}: ssh.certificate: the certificate {file} expires on "
    )
    assert line.endswith(" UTC: sign the key anew")


def test_a_configuration_that_is_a_fifo_is_refused(files: Files) -> None:
    """It would be waited for for ever."""
    files.path.unlink()
    os.mkfifo(files.path, 0o600)
    assert "name a regular file" in files.diagnose_says()[0]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_tokens_that_others_can_read_are_refused(files: Files, mode: int) -> None:
    """Who reads them is the bot."""
    files.app.chmod(mode)
    (line,) = files.run_says()

    assert line.endswith(
        f"slack.app_token_file: {files.app} can be read by other users (mode {mode:04o}): "
        f"`chmod 600 {files.app}`"
    )


def test_the_credentials_of_systemd_are_taken(files: Files) -> None:
    """LoadCredential= gives the service's user access by a list, whose mask shows as group bits:
    mode 0440.
    """
    for file in (files.app, files.directory / "key"):
        give(file, USER, OURS)

    assert set_up(files.path, for_slack=True).tokens


def test_tokens_that_a_list_gives_to_others_are_refused(files: Files) -> None:
    """As by their mode."""
    give(files.app, USER, STRANGER)
    (line,) = files.run_says()

    assert f"{files.app} can be read by other users" in line


@pytest.mark.parametrize(
    ("url", "is_good"),
    [
        ("https://slack.example/api/", True),
        ("http://127.0.0.1:3000/api/", True),
        ("http://127.8.9.10/", True),
        ("http://[::1]:3000/", True),
        ("http://localhost:3000/api/", True),
        ("http://slack.com/api/", False),
        ("http://127.0.0.1@slack.example/", False),
        ("http://localhost.example/", False),
        ("http://128.0.0.1/", False),
        ("HTTP://10.0.0.1/", False),
        ("ftp://127.0.0.1/", False),
        ("https://", False),
        ("", False),
    ],
)
def test_tokens_are_sent_over_tls_only(files: Files, url: str, is_good: bool) -> None:
    """But on this machine."""
    files.change("[slack]", f'[slack]\napi_url = "{url}"')
    if is_good:
        assert read_config(files.path)
    else:
        with pytest.raises(ConfigError, match=r"slack\.api_url: must begin with https://"):
            read_config(files.path)


@pytest.mark.parametrize(
    "text",
    [
        "a = 1979-05-27",
        "[hosts]\nweb1 = 1979-05-27",
        f"x = {'[' * 5000}",
        f"x = {'9' * 5000}",
        "ssh = 1",
        'x = "\\u0000"',
        "\ufeff[ssh]",
    ],
)
def test_odd_toml_is_a_sentence(files: Files, text: str) -> None:
    """Never a traceback."""
    files.write("config.toml", text)
    assert all(line.startswith(f"sevbot: {files.path}: ") for line in files.diagnose_says())


def test_a_path_with_a_nul_is_a_sentence(files: Files) -> None:
    """Of the key, and of a token."""
    files.change(str(files.directory / "key"), "/a\\u0000b")
    files.change(str(files.bot), "/a\\u0000b")
    assert len(files.run_says()) == 2


def test_the_example_of_0_1_0_goes_on_working(tmp_path: Path) -> None:
    """docs/config.md as it was, byte for byte."""
    path = tmp_path / "config.toml"
    path.write_bytes(OLD.read_bytes())
    path.chmod(0o644)
    config = read_config(path)

    assert isinstance(config, Config)
    assert list(config.hosts) == ["web1", "db1.prod"]
