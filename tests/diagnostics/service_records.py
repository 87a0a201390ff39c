"""Records of systemd's in its journal, made to measure, as `journalctl -o json` prints them."""

from __future__ import annotations

import json

from diagnostics.model import Examined, Finding
from tests.diagnostics.kernel_logs import ONE_LINE, examine

BOOTED_S = 1795383969
CLOCK = f"now {BOOTED_S + 601}\nuptime 600.92 537.49\nbtime {BOOTED_S}\n"
BOOT = "kern  :info  : [    0.000000] Linux version 6.1.0\n"


def said(text: str, at_s: float = 100, *, unit: str = "web.service", **fields: str) -> str:
    """What systemd said of a unit so many seconds after boot."""
    own = {
        "_PID": "1",
        "_TRANSPORT": "journal",
        "UNIT": unit,
        "MESSAGE": f"{unit}: {text}",
        "__REALTIME_TIMESTAMP": _stamp(at_s),
    }
    return json.dumps({**own, **fields}) + "\n"


def ended(
    status: int, at_s: float = 100, *, code: str = "killed", unit: str = "web.service"
) -> str:
    """The end of a main process; `code` is killed or dumped by a signal, or exited."""
    fields = {
        "MESSAGE_ID": "98e322203f7a4ed290d09fe03c09fe15",
        "EXIT_CODE": code,
        "EXIT_STATUS": str(status),
    }
    return said(f"Main process exited, code={code}, status={status}", at_s, unit=unit, **fields)


def failed(result: str, at_s: float = 100, *, unit: str = "web.service") -> str:
    """The failure of a unit."""
    return said(
        f"Failed with result '{result}'.",
        at_s,
        unit=unit,
        MESSAGE_ID="d9b373ed55a64feb8242e02dbe79a49c",
        UNIT_RESULT=result,
    )


def host_of(journal: str, kernel_log: str = "", clock: str = CLOCK, **sections: str) -> Examined:
    """The report on a host whose systemd logged this, with a kernel log from boot on."""
    return examine(BOOT + kernel_log, clock=clock, service_journal=journal, **sections)


def finding_on(code: str, host: Examined) -> Finding:
    """The only finding of this code."""
    (finding,) = (finding for finding in host.findings if finding.code == code)
    return finding


def assert_told_by_signal(code: str, number: int, other: int) -> None:
    """A cause that is an end by a signal: fires on it and on a shell's status for it, is clear of
    others, unknown without a journal.
    """
    for how in ("killed", "dumped"):
        finding = finding_on(
            code, host_of("".join(ended(number, at_s, code=how) for at_s in (100, 141, 182)))
        )
        assert str(finding.confidence) == "likely"
        assert "web.service" in finding.story[0]
        assert "3 times in 82 s, every 41 s" in finding.story[0]
        assert [citation.line for citation in finding.citations] == [1, 3]
    assert (
        f"status {128 + number}"
        in finding_on(code, host_of(ended(128 + number, code="exited"))).story[0]
    )
    assert code in host_of(ended(other) + ended(number, code="exited")).clear
    # an end of hours ago is not what a SEV of now is about
    assert code in host_of(ended(number, -7200)).clear
    assert code in host_of("").clear
    assert code in examine(ONE_LINE).unknown


def assert_confirmed_by_the_kernel(code: str, number: int, line: str) -> None:
    """The kernel's own line of that moment is a second sign; a user's, or one of another time, is
    none.
    """
    for facility, at_s, sure in (
        ("kern", 99, "confirmed"),
        ("user", 99, "likely"),
        ("kern", 40, "likely"),
    ):
        host = host_of(ended(number), f"{facility}  :info  : [{at_s:5}.000000] {line}\n")
        assert str(finding_on(code, host).confidence) == sure


def daemon_said(text: str, at_s: float = 100, *, by: str, **fields: str) -> str:
    """A daemon's line in the journal, under its own unit."""
    own = {
        "_SYSTEMD_UNIT": f"{by}.service",
        "_TRANSPORT": "stdout",
        "MESSAGE": text,
        "__REALTIME_TIMESTAMP": _stamp(at_s),
    }
    return json.dumps({**own, **fields}) + "\n"


def last_words(text: str, at_s: float = 99.5, *, unit: str = "web.service") -> str:
    """A line of a service's own."""
    own = {
        "_SYSTEMD_UNIT": unit,
        "_PID": "388",
        "_TRANSPORT": "stdout",
        "MESSAGE": text,
        "__REALTIME_TIMESTAMP": _stamp(at_s),
    }
    return json.dumps(own) + "\n"


def _stamp(at_s: float) -> str:
    return str(int((BOOTED_S + at_s) * 1e6))
