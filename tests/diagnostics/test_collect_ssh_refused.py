"""A key that is refused, against a real sshd that has many names in the inventory: nobody may be
locked out by sevbot's zeal.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import replace
from pathlib import Path

import asyncssh
import pytest

from diagnostics.bundle import Bundle, Missing
from diagnostics.collect.logins import RestingError
from diagnostics.collect.ssh import SshCollector, SshSettings, Target
from diagnostics.collect.ssh_failures import rests
from tests.bench.refused import NAMES, names_on
from tests.diagnostics.sshd import FORCED_ANSWER, Sshd, because, forced

pytestmark = pytest.mark.needs("sshd")

MAX_STARTUPS = "MaxStartups 10:30:100"  # sshd's own default


async def ask_all(collector: SshCollector, targets: list[Target]) -> list[Bundle | Missing]:
    return list(await asyncio.gather(*(collector.collect(target) for target in targets)))


def test_a_hundred_names_on_an_address_that_refuses_make_three_failed_log_ins(
    tmp_path: Path,
) -> None:
    """The others are not examined, with the reason and the cure, and the address sees nothing of
    them.
    """

    async def run(sshd: Sshd) -> list[Bundle | Missing]:
        targets = names_on(sshd)
        collector = SshCollector(sshd.settings())
        return [*await ask_all(collector, targets), *await ask_all(collector, targets)]

    with Sshd(tmp_path, key_is_known=False, config=MAX_STARTUPS) as sshd:
        told = [because(found) for found in asyncio.run(run(sshd))]
        log = sshd.log
    assert log.count("Failed publickey") <= 3
    assert log.count("Connection from") <= 3
    assert "drop connection" not in log
    assert "beginning MaxStartups throttling" not in log
    refused = [words for words in told if "the key was refused" in words]
    resting = [words for words in told if "not examined, because" in words]
    assert (len(refused), len(resting)) == (3, 2 * NAMES - 3)
    assert all(f"touch {sshd.client_key}" in words for words in resting)


def test_once_the_key_works_a_hundred_names_are_all_asked(tmp_path: Path) -> None:
    """Never with more unfinished log-ins than an sshd takes without dropping some."""

    async def run(sshd: Sshd) -> list[Bundle | Missing]:
        targets = names_on(sshd)
        return await ask_all(SshCollector(sshd.settings(deadline_s=60)), targets)

    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER), config=MAX_STARTUPS) as sshd:
        found = asyncio.run(run(sshd))
        log = sshd.log
    assert [type(each) for each in found] == [Bundle] * NAMES
    assert "drop connection" not in log
    assert "beginning MaxStartups throttling" not in log


def test_a_key_that_is_let_in_after_all_is_tried_as_soon_as_its_file_changes(
    tmp_path: Path,
) -> None:
    """The operator adds the public key and touches the private one: no rest, no restart."""

    async def run(sshd: Sshd) -> None:
        targets = names_on(sshd)[:10]
        collector = SshCollector(sshd.settings())
        assert not any(isinstance(found, Bundle) for found in await ask_all(collector, targets))
        public = asyncssh.read_private_key(str(sshd.client_key)).export_public_key().decode()
        (sshd.directory / "authorized_keys").write_text(
            f"{forced(sshd.directory, FORCED_ANSWER)} {public}"
        )
        assert "tries again in 5 min" in because(await collector.collect(targets[0]))
        os.utime(sshd.client_key, ns=(1, 1))
        assert all(isinstance(found, Bundle) for found in await ask_all(collector, targets))

    with Sshd(tmp_path, key_is_known=False) as sshd:
        asyncio.run(run(sshd))


def test_a_certificate_that_rests_has_a_cure_of_its_own(tmp_path: Path) -> None:
    """The public key in authorized_keys would help nobody."""

    async def run(settings: SshSettings, targets: list[Target]) -> str:
        collector = SshCollector(settings)
        return because([await collector.collect(target) for target in targets][-1])

    with Sshd(tmp_path) as sshd:
        key = asyncssh.read_private_key(str(sshd.client_key))
        certificate = key.generate_user_certificate(key, "sevbot", principals=["sevbot"])
        certificate.write_certificate(str(tmp_path / "certificate"))
        settings = replace(sshd.settings(), certificate=tmp_path / "certificate")
        told = asyncio.run(run(settings, names_on(sshd)[:4]))
    assert "not examined" in told
    assert "authorized_keys" not in told
    assert "sign the key anew" in told
    assert f"or at once after `touch {tmp_path}/certificate`" in told


def test_a_copy_that_systemd_made_is_made_anew_by_a_restart() -> None:
    """It is read-only, and so is its directory."""
    settings = SshSettings(Path("/run/credentials/sevbot.service/id_ed25519"), Path("known_hosts"))
    assert "or at once after `systemctl restart sevbot`" in rests(
        "web1", settings, RestingError(60, everywhere=True)
    )


def test_a_new_key_in_the_file_is_the_one_that_is_offered(tmp_path: Path) -> None:
    """Also where nothing rests: a certificate of ten minutes is replaced while sevbot runs."""

    async def run(sshd: Sshd) -> None:
        collector = SshCollector(sshd.settings())
        assert isinstance(await collector.collect(sshd.target), Bundle)
        new = asyncssh.generate_private_key("ssh-ed25519")
        (sshd.directory / "authorized_keys").write_bytes(
            b"%b %b" % (forced(sshd.directory, FORCED_ANSWER).encode(), new.export_public_key())
        )
        assert "the key was refused" in because(await collector.collect(sshd.target))
        sshd.client_key.write_bytes(new.export_private_key())
        assert isinstance(await collector.collect(sshd.target), Bundle)

    with Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd:
        asyncio.run(run(sshd))


def test_a_key_file_that_is_half_written_leaves_the_key_that_was_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said in the log; the answer still comes."""

    async def run(sshd: Sshd) -> None:
        collector = SshCollector(sshd.settings())
        sshd.client_key.write_text("-----BEGIN OPENSSH")
        assert isinstance(await collector.collect(sshd.target), Bundle)

    with (
        Sshd(tmp_path, options=forced(tmp_path, FORCED_ANSWER)) as sshd,
        caplog.at_level(logging.WARNING),
    ):
        asyncio.run(run(sshd))
    assert "the one read before is used" in caplog.text


def test_three_hosts_that_refuse_a_new_key_stop_it_everywhere(tmp_path: Path) -> None:
    """Twenty hosts, each with an sshd of its own: three refusals over all of them."""

    async def run(directory: Path) -> tuple[list[str], int]:
        refusals = []

        class Refusing(asyncssh.SSHServer):
            def public_key_auth_supported(self) -> bool:
                return True

            def validate_public_key(self, _username: str, _key: asyncssh.SSHKey) -> bool:
                refusals.append(1)
                return False

        key = asyncssh.generate_private_key("ssh-ed25519")
        servers = [
            await asyncssh.listen(
                "127.0.0.1",
                0,
                config=None,
                server_factory=Refusing,
                server_host_keys=[key],
                gss_host=None,
            )
            for _ in range(20)
        ]
        (directory / "key").write_bytes(
            asyncssh.generate_private_key("ssh-ed25519").export_private_key()
        )
        (directory / "key").chmod(0o600)
        (directory / "known_hosts").write_text(f"* {key.export_public_key().decode()}")
        targets = [
            Target(f"web{number}", "127.0.0.1", server.get_port(), "x")
            for number, server in enumerate(servers)
        ]
        found = await ask_all(
            SshCollector(SshSettings(directory / "key", directory / "known_hosts")), targets
        )
        for server in servers:
            server.close()
            await server.wait_closed()
        return [because(each) for each in found], len(refusals)

    told, refusals = asyncio.run(run(tmp_path))
    assert refusals == 3
    assert sum("let in nowhere" in words for words in told) == 17
