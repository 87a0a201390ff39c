"""The configuration file: whole or refused, with every problem named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.config import ConfigError, SlackConfig
from bot.config_file import read_config, read_tokens
from tests.bot.configs import SLACK

GOOD = """
[slack]
channel = "C0PROD"
announcement = '(?i)^SEV-?\\d'
[[slack.announcers]]
bot_id = "B0SEV"
[ssh]
client_key = "/etc/sevbot/key"
known_hosts = "/etc/sevbot/known_hosts"
[hosts.web1]
address = "10.0.0.11"
[services.ranker]
hosts = ["web1"]
"""


def read(tmp_path: Path, text: str) -> object:
    return read_config(_written(tmp_path, text))


def _written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return path


def problems_of(tmp_path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    return str(caught.value)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    """The example of the docstring."""
    assert read(tmp_path, GOOD)


def test_who_may_ask_is_read(tmp_path: Path) -> None:
    """Without the keys there is no list; an empty list would let in nobody or everybody, so it is
    refused (below).
    """
    lists = 'channel = "C0PROD"\nallowed_users = ["U0ANNA", "W0BEN"]\nallowed_groups = ["S0ONCALL"]'
    config = read_config(_written(tmp_path, GOOD.replace('channel = "C0PROD"', lists))).slack

    assert config is not None
    assert (config.allowed_users, config.allowed_groups) == (("U0ANNA", "W0BEN"), ("S0ONCALL",))
    assert (SLACK.allowed_users, SLACK.allowed_groups) == (None, None)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (GOOD.replace('channel = "C0PROD"', 'channel = "#prod"'), "slack.channel"),
        (GOOD.replace("announcement =", "anouncement ="), "slack.anouncement: is not known here"),
        (
            GOOD.replace("'(?i)^SEV-?\\d'", "'(unclosed'"),
            "is not a regular expression that RE2 reads: missing )",
        ),
        (GOOD.replace('bot_id = "B0SEV"', ""), "at least one of bot_id, app_id, user_id"),
        (
            GOOD.replace('hosts = ["web1"]', 'hosts = ["web9"]'),
            "services.ranker.hosts: names web9, which has no [hosts.web9]",
        ),
        (
            GOOD.replace('address = "10.0.0.11"', 'address = "10.0.0.11 -oProxyCommand=id"'),
            "hosts.web1.address",
        ),
        (GOOD.replace("'(?i)^SEV-?\\d'", '"\\bSEV"'), "write it in single quotes"),
        (GOOD.replace("'(?i)^SEV-?\\d'", "''"), "must say something"),
        (GOOD.replace('"B0SEV"', '"sevbot"'), "must be a bot's id"),
        (
            GOOD.replace('channel = "C0PROD"', 'channel = "C0PROD"\nallowed_users = ["@anna"]'),
            "slack.allowed_users.0: must be users' ids",
        ),
        (
            GOOD.replace('channel = "C0PROD"', 'channel = "C0PROD"\nallowed_groups = ["oncall"]'),
            "slack.allowed_groups.0: must be user groups' ids",
        ),
        (
            GOOD.replace('channel = "C0PROD"', 'channel = "C0PROD"\nallowed_users = []'),
            "slack.allowed_users: ",
        ),
        (
            GOOD.replace('channel = "C0PROD"', 'channel = "C0PROD"\nallowed_users = "U0ANNA"'),
            "slack.allowed_users: ",
        ),
        (GOOD.replace('client_key = "/etc/sevbot/key"', ""), "ssh.client_key: is missing"),
        ("[", "is not TOML"),
    ],
)
def test_each_problem_is_named(tmp_path: Path, wrong: str, words: str) -> None:
    """Where it is, and what is the matter."""
    assert words in problems_of(tmp_path, wrong)


def test_all_problems_are_named_at_once(tmp_path: Path) -> None:
    """Nobody wants to start a bot five times to find five problems."""
    text = problems_of(
        tmp_path,
        GOOD.replace('"C0PROD"', '"#prod"').replace("[hosts.web1]", "[hosts.web1]\nport = 99999"),
    )

    assert "slack.channel" in text
    assert "hosts.web1.port" in text


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    """The cure is in the sentence."""
    with pytest.raises(ConfigError, match="--config"):
        read_config(tmp_path / "none.toml")


def test_tokens_come_from_file_or_environment_and_never_show(tmp_path: Path) -> None:
    """A token's repr is stars."""
    file = tmp_path / "bot"
    file.write_text("xoxb-secret\n", encoding="utf-8")
    file.chmod(0o600)
    slack = SLACK.model_copy(update={"bot_token_file": file})

    tokens = read_tokens(slack, {"SLACK_APP_TOKEN": "xapp-secret"})

    assert (tokens.bot.get_secret_value(), tokens.app.get_secret_value()) == (
        "xoxb-secret",
        "xapp-secret",
    )
    assert "secret" not in repr(tokens).replace("SecretStr", "")


def test_a_wrong_token_is_named_by_its_place_not_by_its_value() -> None:
    """Somebody swapped the two; the message must not print them."""
    with pytest.raises(
        ConfigError, match=r"\$SLACK_BOT_TOKEN does not hold a token that begins with xoxb-"
    ) as caught:
        read_tokens(
            SlackConfig.model_validate(SLACK.model_dump()),
            {"SLACK_BOT_TOKEN": "xapp-secret", "SLACK_APP_TOKEN": "xapp-1"},
        )

    assert "secret" not in str(caught.value)
