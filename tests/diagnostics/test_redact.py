"""What of programs' own words is stored: canaries in many places, and sentences that must stay readable."""

from __future__ import annotations

import json

import pytest

from diagnostics.bundle import Bundle, Section
from diagnostics.redact import redact, redact_bundle

TALLY = "/run/service/web:@400000006b036f2a12345678 signal SIGKILL\n"  # of s6: a time that looks like a secret
SECRETS = (
    "hunter2",
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "xoxb-2384729-238947293-aSdKjHaSdKjH",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmNHl0w5N",
    "5f4dcc3b5aa765d61d8327deb882cf99",
    "4111111111111111",
    "4111 1111 1111 1111",
    "sk-proj-9aF8xQ2mL0pZ7tY4",
    "correcthorse battery",
)
BEHIND_KEYS = (
    *("password=%s", "DB_PASSWORD: %s", '"api_key": "%s"', "token %s refused", "Authorization: Bearer %s", "DB_PASS=%s", "PASSWORD_2=%s"),
    *('{\\"password\\":\\"%s\\"}', "<password>%s</password>", "jdbc:mysql://db/x;user=a;pass=%s", "encryption_key=%s", "psk=%s"),
    *("GET /cb?code=%s", "secret=%s", "cookie: %s", "--passwd %s"),
)
BARE = (
    *("postgres://app:%s@db1/x", "postgres://app:p@%s@db1/x", "app:%s@tcp(db1:3306)/shop", "GET https://db1/x?key=%s HTTP/1.1"),
    *("cannot log in with %s", "key %s is not valid", "[%s]", "id=%s,"),
)
ONLY_BEHIND_KEYS = ("hunter2", "correcthorse battery")  # by their looks they might be anything


@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_left(secret: str) -> None:
    """Behind a word that announces one, in URLs, or by its looks."""
    places = BEHIND_KEYS if secret in ONLY_BEHIND_KEYS else (*BEHIND_KEYS, *BARE)
    for place in places:
        shown = redact(f"2026-11-23 ERROR {place % secret} and so on")
        assert not any(part in shown for part in secret.replace("/", " ").replace(".", " ").split() if len(part) > 3), (place, shown)


@pytest.mark.parametrize(
    "line",
    [
        "open /data/queue: No space left on device",
        "listen tcp 0.0.0.0:8080: bind: address already in use",
        "terminate called after throwing an instance of 'std::bad_alloc'",
        "java.lang.OutOfMemoryError: Java heap space",
        "2026-11-23T07:00:00.123Z ERROR dial tcp 10.0.0.12:5432: connect: connection refused",
        "mmap: Cannot allocate memory (wanted 629145600 bytes)",
        "libnuma: Warning: node argument 5 is out of range",
    ],
)
def test_what_an_engineer_needs_stays(line: str) -> None:
    """Errors, addresses, times and sizes."""
    assert redact(line) == line


def test_of_a_bundle_only_programs_own_words_are_redacted() -> None:
    """Records keep their times; what is no record goes; notes are words, too."""
    own = {"_SYSTEMD_UNIT": "web.service", "__REALTIME_TIMESTAMP": "1795384069000000"}
    record = {"MESSAGE": "password=hunter2", **own, "__CURSOR": "s=4f1c"}
    sections = {
        "last-words": Section("last-words", f"{json.dumps(record)}\nnot a record hunter2\n", notes="token hunter2"),
        "runner-logs": Section("runner-logs", f"/etc/sevbot/logs/a:job ended, secret=hunter2\n{TALLY}"),
        "uname": Section("uname", "Linux 6.1.0-50-cloud-amd64 x86_64\n"),
    }
    shown = redact_bundle(Bundle("web1", sections)).sections

    assert json.loads(shown["last-words"].text.split("\n")[0]) == {"MESSAGE": "password […]", **own}
    assert "hunter2" not in str(shown)
    assert shown["runner-logs"].text == f"/etc/sevbot/logs/a:job ended, secret […]\n{TALLY}"
    assert shown["uname"] == sections["uname"]
