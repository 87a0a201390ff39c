"""Names are keys into the inventory and nothing else."""

from __future__ import annotations

import pytest

from bot.inventory import Inventory
from diagnostics.collect.ssh import Target
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


@pytest.mark.parametrize(
    "text",
    [
        "host=web1 is down",
        "web1/web2: slow",
        "_web1_",
        "“web1” crashes",
        "web1… again",
        "WEB1 down",
    ],
)
def test_a_name_is_found_in_what_people_put_around_it(text: str) -> None:
    """Markup, labels and quotes are no part of it; names are lower case by their own rule."""
    targets = {
        name: Target(name=name, address="127.0.0.1", port=22, user="sevbot-probe")
        for name in ("web1", "web2")
    }

    assert Inventory(targets, {}).named_in(text)[0] == "web1"
