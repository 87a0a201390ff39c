"""sevbot installed as the documents say: their own commands, their own unit, Debian's own sshd with
its own configuration. `make lab`.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

import asyncssh
import pytest

from bot import __version__
from diagnostics.collect.ssh import SshSettings, Target
from tests.conftest import ROOT
from tests.diagnostics.sshd import FORCED_ANSWER, bundle, collect
from tests.diagnostics.test_stolen_key import direct, reverse, terminal, unix_socket
from tests.documents import blocks, step
from tests.lab.conftest import Lab
from tests.lab.guest import Guest

pytestmark = [
    pytest.mark.lab,
    pytest.mark.needs("qemu-system-x86_64"),
    pytest.mark.needs("mmdebstrap"),
    pytest.mark.timeout(900),
]
HOSTS = "docs/deploy/hosts.md"
ANSWER = "=sevbot-probe 1\n=begin uname\n|forced\n\n=end uname 0\n=done\n"
QEMU_GATEWAY = "10.0.2.2"  # from where the guest sees this machine
AT_HOME = "/var/lib/sevbot-probe"
# sshd reads its configuration anew some time after systemctl has come back, and resets who comes
# just then
RELOADED = "sleep 5"
WAYS = (direct, unix_socket, reverse, terminal)


@pytest.fixture
def guest(lab: Lab) -> Guest:
    return lab.guest("6.1", 600)


def set_up(guest: Guest) -> str:
    """Step 1 of docs/deploy/hosts.md and a key in /root; its public half."""
    guest.put({"/root/probe.sh": (ROOT / "diagnostics/probe.sh").read_bytes()})
    guest.run(
        f"set -e; cd /root\n{blocks(HOSTS, '1. The account')[0]}\nssh-keygen -q -t ed25519 "
        "-N '' -C sevbot -f id_ed25519"
    )
    return guest.run("cat /root/id_ed25519.pub").strip()


def force(guest: Guest, script: str) -> None:
    """Another program in the probe's place: one that answers at once, or tells what it sees."""
    guest.put({"/usr/libexec/sevbot-probe": f"#!/bin/sh\n{script}".encode()})
    guest.run("chmod 755 /usr/libexec/sevbot-probe")


def key_line(public: str, source: str = QEMU_GATEWAY) -> str:
    """Recipe 2b; `source` stands for the documents' 10.0.5.10."""
    return (
        blocks(HOSTS, "2b. With a key")[0]
        .replace("ssh-ed25519 AAAA… sevbot", public)
        .replace("10.0.5.10", source)
    )


SOURCE = f"source-address={QEMU_GATEWAY}/32"


def certificate(this: str = "", instead: str = "") -> str:
    """Recipe 2a's second command, which signs; for a test with `instead` in place of `this`."""
    (signing,) = [
        line for line in blocks(HOSTS, "2a. With a cert")[0].splitlines() if " -s " in line
    ]
    told = signing.replace("source-address=10.0.5.10/32", SOURCE)
    assert this in told
    return told.replace(this, instead)


class Thief:
    """The real ssh client on this machine, with sevbot's key and whatever certificate it is
    given.
    """

    def __init__(self, guest: Guest, directory: Path) -> None:
        self._guest, self._directory = guest, directory
        self.key = self.fetch("id_ed25519")
        self.certificate: Path | None = None

    def fetch(self, name: str, to: str = "") -> Path:
        file = self._directory / (to or f"stolen-{name}")
        file.write_text(self._guest.run(f"cat /root/{name}"))
        file.chmod(0o600)
        return file

    def signed(self, command: str) -> None:
        """With a certificate that this command makes in the guest, whose clock decides."""
        self._guest.run(f"set -e; cd /root; rm -f id_ed25519-cert.pub\n{command}")
        self.certificate = self.fetch("id_ed25519-cert.pub", "certificate.pub")

    def ssh(
        self, *words: str, user: str = "sevbot-probe", key: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        options = {
            "UserKnownHostsFile": self._guest.image.directory / "known_hosts",
            "HostKeyAlias": "lab",
            "HostName": "127.0.0.1",
            "Port": self._guest.port,
            "User": user,
            "IdentityFile": key or self.key,
            "IdentityAgent": "none",
            "IdentitiesOnly": "yes",
            "BatchMode": "yes",
            "CertificateFile": self.certificate or "none",
        }
        told = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return subprocess.run(
            ["ssh", "-F", "none", *told, *words],
            check=False,
            input="id\n",
            capture_output=True,
            text=True,
            timeout=60,
        )

    def refused(self, user: str = "sevbot-probe", key: Path | None = None) -> bool:
        done = self.ssh("lab", "id", user=user, key=key)
        return (
            done.returncode == 255
            and "Permission denied (publickey" in done.stderr
            and done.stdout == ""
        )

    async def open(self, way: Callable[[asyncssh.SSHClientConnection], Awaitable[None]]) -> None:
        """One request below ssh(1)'s manners."""
        pair = self.key if self.certificate is None else (self.key, self.certificate)
        options = {
            "config": None,
            "host_key_alias": "lab",
            "agent_path": None,
            "username": "sevbot-probe",
            "client_keys": [pair],
        }
        known = str(self._guest.image.directory / "known_hosts")
        async with asyncssh.connect(
            "127.0.0.1", self._guest.port, known_hosts=known, **options
        ) as connection:
            await way(connection)

    def settings(self) -> SshSettings:
        return SshSettings(
            self.key,
            self._guest.image.directory / "known_hosts",
            self.certificate,
            login_timeout_s=20,
        )


def assert_gets_the_probe_or_nothing(guest: Guest, thief: Thief) -> None:
    """Whoever has the key, whatever is asked; and sevbot's own client gets its answer."""
    force(guest, f"env > {AT_HOME}/env\n{FORCED_ANSWER}")
    for words in (
        ["lab", "id"],
        ["lab"],
        ["lab", "bash -c 'id; true'"],
        ["lab", "scp -f /etc/passwd"],
        ["-s", "lab", "sftp"],
        ["-A", "lab", "id"],
    ):
        assert thief.ssh(*words).stdout == ANSWER, words
    with_terminal = thief.ssh("-tt", "lab", "id")
    assert "PTY allocation request failed" in with_terminal.stderr
    assert with_terminal.stdout.replace("\r", "") in ("", ANSWER), (
        "ssh may give up where it is refused a terminal"
    )
    assert thief.ssh("-W", "127.0.0.1:22", "lab").stdout == ""
    for way in WAYS:
        with pytest.raises((asyncssh.ChannelOpenError, asyncssh.ChannelListenError)):
            asyncio.run(thief.open(way))
    found = bundle(
        collect(thief.settings(), Target("lab", "127.0.0.1", guest.port, "sevbot-probe"))
    )
    assert found.sections["uname"].text == "forced\n"


def environment_given(guest: Guest, thief: Thief) -> Mapping[str, str]:
    """What the forced program sees where the client sends as much as it can."""
    sent = (
        "LD_PRELOAD=/x.so LD_LIBRARY_PATH=/x PATH=/x BASH_ENV=/x ENV=/x SEVBOT=x "
        "LC_ALL=C.UTF-8 LANG=C.UTF-8"
    )
    assert thief.ssh("-o", f"SetEnv={sent}", "lab", "id").stdout == ANSWER
    lines = guest.run(f"cat {AT_HOME}/env").splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


@pytest.mark.ci
def test_with_a_certificate_nothing_but_the_probe(guest: Guest, tmp_path: Path) -> None:
    """Recipe 2a, on a host whose own configuration accepts any variable."""
    public = set_up(guest)
    effective = "sshd -T -C user=root,host=lab,addr=10.0.2.2"
    guest.run(
        "echo 'AcceptEnv *' > /etc/ssh/sshd_config.d/50-wide.conf; systemctl reload ssh; "
        f"{RELOADED}"
    )
    for_others = guest.run(effective)
    make_authority = blocks(HOSTS, "2a. With a cert")[0].splitlines()[0]
    guest.run(
        f"set -e; cd /root\n{make_authority} -q -N "
        f"''\n{blocks(HOSTS, '2a. With a cert')[1]}\n{RELOADED}"
    )
    assert guest.run(effective) == for_others
    thief = Thief(guest, tmp_path)
    thief.signed(certificate())

    assert_gets_the_probe_or_nothing(guest, thief)
    assert {"LD_PRELOAD", "LD_LIBRARY_PATH", "BASH_ENV", "ENV", "SEVBOT", "LC_ALL"}.isdisjoint(
        environment_given(guest, thief)
    )
    assert thief.refused(user="root")
    thief.signed(
        certificate("force-command=/usr/libexec/sevbot-probe", "force-command=/usr/bin/id")
    )
    assert thief.ssh("lab", "id").stdout == ANSWER, (
        "the host's forced command, not the certificate's"
    )
    for signing in (
        certificate("-n sevbot-probe", "-n somebody"),
        certificate("-5m:+13w", "-2h:-1h"),
        certificate(SOURCE, "source-address=10.0.5.10/32"),
        (
            "ssh-keygen -q -t ed25519 -N '' -f other_ca; "
            f"{certificate('-s sevbot_user_ca', '-s other_ca')}"
        ),
    ):
        thief.signed(signing)
        assert thief.refused(), signing
    thief.certificate = None
    guest.run(f"set -e\n{key_line(public)}")
    assert thief.refused(), "a plain key, though recipe 2b's line is there too"
    thief.signed(certificate())
    guest.run(": > /etc/ssh/sevbot_principals")
    assert thief.refused(), "shut out"


def test_with_a_key_nothing_but_the_probe(guest: Guest, tmp_path: Path) -> None:
    """Recipe 2b, on Debian's own configuration of sshd."""
    public = set_up(guest)
    guest.run(f"set -e\n{key_line(public)}")
    thief = Thief(guest, tmp_path)

    assert_gets_the_probe_or_nothing(guest, thief)
    given = environment_given(guest, thief)
    assert {"LD_PRELOAD", "LD_LIBRARY_PATH", "BASH_ENV", "ENV", "SEVBOT"}.isdisjoint(given)
    assert "/x" not in given["PATH"].split(":")
    assert thief.refused(user="root")
    guest.run("cd /root; ssh-keygen -q -t ed25519 -N '' -f other")
    assert thief.refused(key=thief.fetch("other"))
    guest.run(f"chmod 777 {AT_HOME}")
    assert thief.refused(), "StrictModes: a home that others may write to"
    guest.run(f"chmod 700 {AT_HOME}")
    assert not thief.refused()
    guest.run(f"set -e\n{key_line(public, source='10.0.5.10')}")
    assert thief.refused(), "from another address"

    guest.run(
        f"set -e\n{key_line(public)}\necho 'AcceptEnv *' > "
        f"/etc/ssh/sshd_config.d/50-wide.conf; systemctl reload ssh; {RELOADED}"
    )
    assert environment_given(guest, thief)["LD_PRELOAD"] == "/x.so", "what the page warns of"
    (look,) = [
        line for line in (ROOT / HOSTS).read_text().splitlines() if line.startswith("    sshd -T")
    ]
    assert "acceptenv *" in guest.run(look)


CHECKS = r"""
can() { if "$@" 2>/dev/null | grep -q .; then echo yes; else echo no; fi; }
can dmesg; can journalctl -q -k -b -n 1; can journalctl -q -b -n 1 _PID=1
can head -n 1 /proc/1/numa_maps
"""


def test_which_account_sees_what(guest: Guest, tmp_path: Path) -> None:
    """The table of docs/deploy/hosts.md, each cell of it, with real logins."""
    table = (ROOT / HOSTS).read_text(encoding="utf-8").split("## What the account sees")[1]
    promised = [
        tuple(re.findall(r"\b(?:yes|no)\b", line))
        for line in table.splitlines()
        if line.startswith("| ")
    ][1:]
    public = set_up(guest)
    guest.run(
        f"set -e\n{key_line(public)}\necho '<4>a line of the kernel log' > /dev/kmsg; "
        "systemctl restart systemd-sysctl; journalctl --sync"
    )
    force(guest, CHECKS)
    thief = Thief(guest, tmp_path)

    def seen() -> tuple[str, ...]:
        return tuple(thief.ssh("lab").stdout.split())

    assert guest.run("cat /proc/sys/kernel/dmesg_restrict").strip() == "1"
    in_group = seen()
    guest.run("gpasswd -d sevbot-probe systemd-journal >/dev/null")
    plain = seen()
    guest.run("gpasswd -a sevbot-probe systemd-journal >/dev/null")
    guest.run(f"set -e\n{blocks(HOSTS, 'What the account sees')[0]}")
    with_capability = seen()
    assert [plain, in_group, with_capability, tuple(guest.run(CHECKS).split())] == promised
    other = "setpriv --reuid=nobody --regid=nogroup --clear-groups dmesg"
    assert (
        guest.run(
            f"if {other} 2>/dev/null | grep -q .; then echo read; else echo refused; fi"
        ).strip()
        == "refused"
    )

    force(guest, "if [ -e /proc/1/status ]; then echo visible; else echo hidden; fi")
    guest.run("mount -o remount,hidepid=2 /proc")
    assert seen() == ("hidden",)
    guest.run("mount -o remount,hidepid=2,gid=$(id -g sevbot-probe) /proc")
    assert seen() == ("visible",)


CONFIG = """
[slack]
channel = "{channel}"
announcement = '(?i)\\bSEV-?\\d\\b'
bot_token_file = "/run/credentials/sevbot.service/bot_token"
app_token_file = "/run/credentials/sevbot.service/app_token"
api_url = "{api_url}"
[[slack.announcers]]
bot_id = "{announcer}"
[ssh]
client_key = "/run/credentials/sevbot.service/id_ed25519"
known_hosts = "/etc/sevbot/known_hosts"
[hosts.lab]
address = "127.0.0.1"
"""
OUTCOMES = {
    "write to /etc/sevbot": "EROFS",
    "write to /opt/sevbot": "EROFS",
    "write to /var/tmp": "done",
    "write to /run/lock": "EROFS",
    "write to /dev/shm": "EACCES",
    "write to the credential": "EACCES",
    "read the credential": "done",
    "read root's copy of it": "EACCES",
    "see other processes": "ENOENT",
    "see its own": "done",
    "writable and executable memory": "EPERM",
    "a raw socket": "EAFNOSUPPORT",
    "a netlink socket": "EAFNOSUPPORT",
    "an internet socket": "done",
    "look up a name": "done",
    "another user": "EPERM",
    "a higher priority": "EPERM",
    "roots to trust for TLS": "done",
}
UNTIL = (
    "i=0; until {test}; do i=$((i+1)); [ $i -lt 300 ] || {{ journalctl -u sevbot -u standin "
    "--no-pager; exit 1; }}; sleep 1; done"
)


SCRIPT = b"#!/opt/sevbot/bin/python3\nimport sys\n\nfrom bot.cli import main\n\nsys.exit(main())\n"
IN_VENV = "/opt/sevbot/lib/python3.11/site-packages"


def program(directory: Path) -> dict[str, bytes]:
    """What the README's first step installs, made here since pip takes minutes in emulation;
    tests/test_install.py runs that step.
    """
    into = f"--no-compile --only-binary :all: --python-version 3.11 --target {directory}/packages"
    for words in (
        f"build --no-isolation --wheel --outdir {directory}",
        f"pip install -q --require-hashes {into} -r requirements.lock",
        (
            f"pip install -q --no-deps --no-index --upgrade {into} "
            f"{directory}/sevbot-{__version__}-py3-none-any.whl"
        ),
        (
            f"compileall -q --invalidation-mode unchecked-hash -s {directory}/packages -p "
            f"{IN_VENV} {directory}/packages"
        ),
    ):
        subprocess.run(
            [sys.executable, "-m", *words.split()], check=True, cwd=ROOT, capture_output=True
        )
    packages = directory / "packages"
    return {
        f"{IN_VENV}/{file.relative_to(packages)}": file.read_bytes()
        for file in packages.rglob("*")
        if file.is_file()
    }


def install(guest: Guest, directory: Path) -> None:
    """The README's steps, in the guest: the program, its account and key, the host (itself), host
    keys, configuration and tokens.
    """
    sources = {"/root/docs/deploy/sevbot.service": "docs/deploy/sevbot.service"}
    sources |= {
        "/root/standin.py": "tests/lab/standin.py",
        "/opt/attempts.py": "tests/lab/attempts.py",
    }
    guest.run("python3 -m venv --without-pip /opt/sevbot")
    guest.put(
        program(directory)
        | {"/opt/sevbot/bin/sevbot": SCRIPT}
        | {name: (ROOT / path).read_bytes() for name, path in sources.items()}
    )
    guest.run("chmod 755 /opt/sevbot/bin/sevbot")
    guest.run(f"set -e\n{step(3)}")
    set_up(guest)
    public = guest.run("cat /etc/sevbot/id_ed25519.pub").strip()
    guest.run(f"set -e\n{key_line(public, source='127.0.0.1')}")
    guest.run(
        'echo "lab $(cut -d" " -f1,2 /etc/ssh/ssh_host_ed25519_key.pub)" > /etc/sevbot/known_hosts'
    )
    guest.run(
        "umask 077; systemd-run -q --unit standin /opt/sevbot/bin/python /root/standin.py /root"
    )
    guest.run(UNTIL.format(test="[ -s /root/slack.json ]"))
    guest.run("cd /root; install -m 600 bot_token app_token /etc/sevbot/")
    guest.put(
        {
            "/etc/sevbot/config.toml": CONFIG.format(
                **json.loads(guest.run("cat /root/slack.json"))
            ).encode()
        }
    )


@pytest.mark.ci
def test_the_service_runs_in_its_sandbox(guest: Guest, tmp_path: Path) -> None:
    """Installed and started as the README says, it listens, answers a SEV over real SSH, and can do
    little else.
    """
    install(guest, tmp_path)
    guest.run(f"set -e; cd /root\n{step(8)}")
    guest.run(
        UNTIL.format(test="journalctl -u sevbot -o cat | grep -q 'listening in channel'"),
        timeout_s=400,
    )
    guest.run(UNTIL.format(test="[ -s /root/thread.json ]"), timeout_s=400)
    answer = json.loads(guest.run("cat /root/thread.json"))[-1]
    assert answer["metadata"]["event_payload"]["state"] == "done"
    assert "on lab" in json.dumps(answer["blocks"])
    assert "not examined" not in json.dumps(answer["blocks"])

    status = dict(
        re.findall(
            r"^(\w+):\t(.*)$",
            guest.run("cat /proc/$(systemctl show -P MainPID sevbot)/status"),
            re.MULTILINE,
        )
    )
    assert (status["NoNewPrivs"], status["Seccomp"], int(status["CapBnd"], 16)) == ("1", "2", 0)
    assert "0" not in status["Uid"].split()
    assert guest.run("systemctl show -P NRestarts sevbot").strip() == "0"
    assert guest.run("stat -c '%U %a' /etc/sevbot/id_ed25519").strip() == "root 600"
    assert "lab" in guest.run("runuser -u sevbot -- /opt/sevbot/bin/sevbot diagnose lab")
    assert outcomes(guest) == OUTCOMES
    assert guest.run("ls /var/tmp/x 2>/dev/null || echo private").strip() == "private"


def outcomes(guest: Guest) -> dict[str, str]:
    """What the attempts say, as a service of the same unit."""
    instead = (
        "s|^ExecStart=.*|ExecStart=/opt/sevbot/bin/python /opt/attempts.py|; "
        "s|^Restart=.*|Restart=no|"
    )
    guest.run(
        f"cd /etc/systemd/system && sed '{instead}' sevbot.service > "
        "sevbot-attempts.service && systemctl daemon-reload"
    )
    guest.run("systemctl start sevbot-attempts")
    guest.run(UNTIL.format(test="journalctl -u sevbot-attempts -o cat | grep -q '^outcomes '"))
    said = guest.run("journalctl -u sevbot-attempts -o cat | sed -n 's/^outcomes //p'")
    found: dict[str, str] = json.loads(said)
    return found
