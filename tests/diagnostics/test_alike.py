"""Why many hosts could not be asked: real failures' sentences, one for each cause, with the cure
said once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from diagnostics.collect import ssh_failures as because
from diagnostics.collect.capture import Capture
from diagnostics.collect.logins import RestingError
from diagnostics.collect.ssh import SshSettings, Target
from diagnostics.telling.alike import MOST_TOLD, told_once

SETTINGS = SshSettings(Path("/etc/sevbot/id_ed25519"), Path("/etc/sevbot/known_hosts"))
FILE = "/etc/sevbot/known_hosts"


def targets(count: int) -> list[Target]:
    return [
        Target(f"web{number}", f"10.0.{number // 250}.{number % 250}", 22, "sevbot-probe")
        for number in range(1, count + 1)
    ]


def fingerprint(target: Target) -> str:
    return f" (ssh-ed25519 SHA256:{target.name}Zm9vYmFyYmF6+/)"


def printed(target: Target) -> str:
    """What is said where the probe's output is of no use."""
    capture = Capture(stopped="did not end in 25 s and was stopped")
    capture.take_stderr(b"sh: cannot fork\n")
    found = capture.result(target.name, target.where)
    return str(getattr(found, "because", found))


def rests(target: Target) -> str:
    return because.rests(
        target.where, SETTINGS, RestingError(60.0 * (3 + int(target.name[3:]) % 3), everywhere=True)
    )


FAILURES: dict[str, Callable[[Target], str]] = {
    "no_such_name": lambda t: because.no_such_name(t.where, t.address),
    "name_too_slow": lambda t: because.name_too_slow(t.where, t.address, 5),
    "refused": lambda t: because.refused(t.where, str(t.port)),
    "no_tcp_answer": lambda t: because.no_tcp_answer(t.where, 5),
    "no_route": lambda t: because.no_route(t.where, OSError(113, "No route to host")),
    "no_ssh_answer": lambda t: because.no_ssh_answer(t.where, because.waited((5, 12))),
    "login_too_slow": lambda t: because.login_too_slow(
        t.where, because.waited((5, 6.5 + int(t.name[3:])))
    ),
    "rests": rests,
    "crowded": lambda t: because.crowded(t.where, 60),
    "held_back": lambda t: because.held_back(t.where, "/etc/sevbot/id_ed25519"),
    "flooded": lambda t: because.flooded(
        t.where, "the host sent more than 32 KiB before it proved who it is"
    ),
    "host_key_unknown": lambda t: because.host_key_unknown(t.where, t.name, FILE),
    "host_key_too_old": lambda t: because.host_key_too_old(t.where, t.name, FILE),
    "host_key_changed": lambda t: because.host_key_changed(t.where, t.name, FILE, fingerprint(t)),
    "host_key_of_another_kind": lambda t: because.host_key_of_another_kind(
        t.where, t.name, FILE, fingerprint(t), "ssh-rsa"
    ),
    "host_key_revoked": lambda t: because.host_key_revoked(t.where, FILE),
    "host_certificate_bad": lambda t: because.host_certificate_bad(
        t.where, t.name, "Certificate has expired"
    ),
    "key_refused": lambda t: because.key_refused(t.where, t.user, "/etc/sevbot/id_ed25519"),
    "certificate_refused": lambda t: because.certificate_refused(
        t.where, "/etc/sevbot/cert.pub", "it expired at 12:00"
    ),
    "wants_other_login": lambda t: because.wants_other_login(t.where, t.user),
    "asked_for_nothing": lambda t: because.asked_for_nothing(t.where),
    "nothing_in_common": lambda t: because.nothing_in_common(
        t.where, "No matching key exchange algorithm found"
    ),
    "closed_before_ssh": lambda t: because.closed_before_ssh(t.where),
    "not_ssh": lambda t: because.not_ssh(t.where, "Unsupported SSH version"),
    "lost_in_login": lambda t: because.lost_in_login(t.where, "Connection lost"),
    "lost_in_key_exchange": lambda t: because.lost_in_key_exchange(t.where, "Connection lost"),
    "no_exec": lambda t: because.no_exec(t.where, "Session request failed"),
    "probe": printed,
    "inventory": lambda _: (
        "not in the inventory: check the spelling, or add it as [hosts.NAME] to sevbot's "
        "configuration"
    ),
}
HELPERS = {"quoted", "waited", "host_key_because"}


def told(failure: Callable[[Target], str], hosts: list[Target]) -> tuple[str, ...]:
    return told_once((target.name, failure(target)) for target in hosts)


def test_every_failure_that_ssh_has_a_sentence_for_is_tried_here() -> None:
    """A sentence that is added later is added to the table."""
    sentences = {
        name
        for name, value in vars(because).items()
        if callable(value) and getattr(value, "__module__", "") == because.__name__
    }
    assert {name for name in sentences if not name.startswith("_")} - HELPERS == set(FAILURES) - {
        "probe",
        "inventory",
    }


@pytest.mark.parametrize("name", FAILURES)
def test_many_hosts_with_one_cause_are_one_sentence(name: str) -> None:
    """300 of them, however often each sentence names its host, its address, its key or its own
    time; it names no single one of them.
    """
    (sentence,) = told(FAILURES[name], targets(300))

    assert sentence.startswith("300 hosts (web1, web2, web3 and 297 more): ")
    assert "10.0." not in sentence
    assert "web" not in sentence.partition("more): ")[2]


@pytest.mark.parametrize("name", FAILURES)
def test_one_host_is_told_as_it_was(name: str) -> None:
    """The whole sentence, opened by the host."""
    (target,) = targets(1)
    sentence = FAILURES[name](target)

    assert told(FAILURES[name], [target]) == (
        sentence if sentence.startswith("web1 (") else f"web1: {sentence}",
    )


def test_all_failures_at_once_are_a_sentence_each() -> None:
    """No two causes are taken for one."""
    names = list(FAILURES)[:MOST_TOLD]
    hosts = targets(10 * len(names))
    sentences = told_once(
        (target.name, FAILURES[names[place % len(names)]](target))
        for place, target in enumerate(hosts)
    )

    assert len(sentences) == len(names)
    assert all(sentence.startswith("10 hosts (") for sentence in sentences)


def test_a_few_are_all_named_with_their_addresses() -> None:
    """Up to four."""
    (sentence,) = told(FAILURES["refused"], targets(2))
    assert sentence.startswith(
        "web1 (10.0.0.1:22), web2 (10.0.0.2:22): connection refused, nothing listens on "
        "port 22: is sshd"
    )


def test_what_stands_for_each_hosts_own_says_so() -> None:
    """NAME as in the README, a key's fingerprint left out, the shortest and the longest time."""
    (unknown,) = told(FAILURES["host_key_unknown"], targets(300))
    (changed,) = told(FAILURES["host_key_changed"], targets(300))
    (resting,) = told(FAILURES["rests"], targets(300))

    assert "add the line `NAME ssh-ed25519 AAAA…`" in unknown
    assert "than the one presented (ssh-ed25519 SHA256:…). Nothing was sent" in changed
    assert "sevbot tries again in 3 to 5 min" in resting


def test_one_key_that_all_hosts_present_is_named() -> None:
    """One machine that answers for all of them is a thing to see."""
    (sentence,) = told(
        lambda t: because.host_key_changed(t.where, t.name, FILE, " (ssh-ed25519 SHA256:same)"),
        targets(300),
    )
    assert "SHA256:same" in sentence


def test_two_ports_are_two_sentences_and_the_larger_is_first() -> None:
    """They are two things to look at."""
    hosts = [
        replace(target, port=2222 if place < 100 else 22)
        for place, target in enumerate(targets(300))
    ]
    first, second = told(FAILURES["refused"], hosts)

    assert first.startswith(
        "200 hosts (web101, web102, web103 and 197 more): connection refused, nothing "
        "listens on port 22:"
    )
    assert second.startswith(
        "100 hosts (web1, web2, web3 and 97 more): connection refused, nothing listens on "
        "port 2222:"
    )


@pytest.mark.parametrize("name", sorted(FAILURES.keys() - {"inventory"}))
def test_hosts_at_two_ports_are_told_apart_whatever_the_sentence_says(name: str) -> None:
    """Five hosts each: a port that is not SSH's own is told, once."""
    hosts = [
        replace(target, port=22 if place < 5 else 2222) for place, target in enumerate(targets(10))
    ]
    usual, other = told(FAILURES[name], hosts)

    assert usual.startswith("5 hosts (web1, web2, web3 and 2 more): ")
    assert other.startswith("5 hosts (web6, web7, web8 and 2 more)")
    assert ("2222" in usual, other.count("2222")) == (False, 1)


def test_reasons_without_end_are_counted() -> None:
    """Hosts that each say something of their own, as those that attack do."""
    *sentences, last = told(
        lambda t: because.not_ssh(t.where, f"banner of {t.address}x"), targets(300)
    )

    assert len(sentences) == MOST_TOLD
    assert last == (
        "288 hosts (web13, web14, web15 and 285 more): 288 other reasons; `sevbot diagnose "
        "HOST` tells that of one."
    )


@pytest.mark.parametrize("name", ["the", "is", "22", "port", "s"])
def test_a_host_that_is_called_like_a_word_is_told_in_full(name: str) -> None:
    """It may stand apart from the others, never wrongly."""
    target = Target(name, "10.0.0.1", 22, "sevbot-probe")
    assert told(FAILURES["refused"], [target]) == (FAILURES["refused"](target),)


def test_what_hosts_say_hides_no_changed_key() -> None:
    """Each host may say something else, so what quotes one gives way to our own words."""
    quoting = [(t.name, because.not_ssh(t.where, f"banner {t.name * 3}")) for t in targets(40)]
    (changed,) = targets(1)
    key = because.host_key_changed(f"db1 ({changed.address}:22)", "db1", FILE, fingerprint(changed))
    told = told_once([*quoting, ("db1", key)])

    assert any("HOST KEY CHANGED" in sentence for sentence in told)
    assert len(told) <= MOST_TOLD + 1
