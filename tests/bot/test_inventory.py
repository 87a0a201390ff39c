"""Names are keys into the inventory and nothing else."""

from __future__ import annotations

import pytest

from tests.bot.configs import inventory


def test_a_service_stands_for_its_hosts_and_each_host_comes_once() -> None:
    """web1 is named twice, ranker runs on web1 and web2."""
    targets, unknown = inventory().find(["ranker", "web1", "db1.prod"])

    assert [target.name for target in targets] == ["web1", "web2", "db1.prod"]
    assert unknown == ()


@pytest.mark.parametrize(
    "name",
    [
        "attacker.example",
        "169.254.169.254",
        "127.0.0.1",
        "0x7f000001",
        "[::1]",
        "web1@evil",
        "web1:22",
        "`id`",
        "$(id)",
        "web1;id",
        "../web1",
        "WEB1",
    ],
)
def test_anything_else_is_unknown(name: str) -> None:
    """No address, port, user or spelling of them is ever dialled."""
    assert inventory().find([name]) == ((), (name,))
