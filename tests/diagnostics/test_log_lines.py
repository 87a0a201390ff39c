"""Prefixes: when a line was said, and whether it is certain that the kernel said it."""

from __future__ import annotations

import json

import pytest

from diagnostics.facts.log_lines import Facility, LogLine, read_lines

KILL = "Out of memory: Killed process 1 (a)"


def only(text: str) -> LogLine:
    (line,) = read_lines(text)
    return line


@pytest.mark.parametrize(
    ("prefix", "facility", "boot_s"),
    [
        ("[  178.280424] ", Facility.NOT_STATED, 178.280424),
        ("[  178.280424][  T110] ", Facility.NOT_STATED, 178.280424),
        ("kern  :err   : [  178.280424] ", Facility.KERNEL, 178.280424),
        ("user  :warn  : [  178.280424] ", Facility.OTHER, 178.280424),
        ("3,812,178280424,-;", Facility.KERNEL, 178.280424),
        ("12,812,178280424,-,caller=T110;", Facility.OTHER, 178.280424),
        ("<12>[  178.280424] ", Facility.OTHER, 178.280424),
        ("Nov 22 20:01:00 web1 kernel: [  178.280424] ", Facility.NOT_STATED, 178.280424),
        ("Nov 22 20:01:00 web1 kernel: ", Facility.NOT_STATED, None),
        ("[Sun Nov 22 20:30:23 2026] ", Facility.NOT_STATED, None),
        ("565 [六 9月 11 12:24:42 2021] ", Facility.NOT_STATED, None),
        ("[Nov22 20:30] ", Facility.NOT_STATED, None),
        ("[  +0.000946] ", Facility.NOT_STATED, None),
        ("kern  :err   : 2026-11-22T20:30:23,662017+00:00 ", Facility.KERNEL, None),
        ("<3>1 2026-11-22T20:01:00Z web1 kernel - - - ", Facility.NOT_STATED, None),
        (
            "2026-11-22T20:01:00.123456+01:00 web1 kernel: [  178.280424] ",
            Facility.NOT_STATED,
            178.280424,
        ),
        ("août 22 20:01:00 web1 kernel: ", Facility.NOT_STATED, None),
        ("11月 22 20:01:00 web1 kernel: ", Facility.NOT_STATED, None),
        ("Aug 30 06:58:55.050705 ... kernel: ", Facility.NOT_STATED, None),
        ("warning|kernel[-]|[  178.280424] ", Facility.NOT_STATED, 178.280424),
        ("> > [  178.280424] ", Facility.NOT_STATED, 178.280424),
        ("\t[  178.280424]  ", Facility.NOT_STATED, 178.280424),
        ("\x1b[32m[  178.280424] \x1b[0m", Facility.NOT_STATED, 178.280424),
        ("kernel: ", Facility.NOT_STATED, None),
        ("", Facility.NOT_STATED, None),
    ],
)
def test_each_prefix_is_taken_off(prefix: str, facility: Facility, boot_s: float | None) -> None:
    """The text is the kernel's own words; the prefix gives time and writer."""
    line = only(f"{prefix}{KILL}\n")

    assert (line.text, line.facility) == (KILL, facility)
    assert (line.at.boot_s if line.at else None) == boot_s


def test_a_low_number_of_dmesg_r_is_not_trusted() -> None:
    """util-linux prints a user's record as `<5>`: the number does not prove facility kern."""
    assert only(f"<3>[  178.280424] {KILL}\n").facility is Facility.NOT_STATED


def test_an_iso_stamp_is_wall_time() -> None:
    """journalctl -o short-iso prints the zone."""
    line = only(f"2026-11-22T20:01:00+0000 web1 kernel: {KILL}\n")

    assert line.at is not None
    assert line.at.iso() == "2026-11-22T20:01:00Z"


def test_a_continuation_belongs_to_the_record_above() -> None:
    """A line that a user wrote into the middle of its own record does not become the kernel's."""
    line = only(
        "user  :warn  : [  1.000000] first\n                               kern  :err   : "
        f"[  2.0] {KILL}\n"
    )

    assert line.facility is Facility.OTHER
    assert line.text == f"first\nkern  :err   : [  2.0] {KILL}"


def test_an_unterminated_last_line_is_no_line() -> None:
    """A number that was cut is not the number."""
    assert [line.text for line in read_lines("[  1.000000] one\n[  2.000000] tw")] == ["one"]


@pytest.mark.parametrize(
    ("fields", "facility"),
    [
        ({"_TRANSPORT": "kernel", "SYSLOG_FACILITY": "0"}, Facility.KERNEL),
        ({"_TRANSPORT": "kernel", "SYSLOG_FACILITY": "1"}, Facility.OTHER),
        ({"_TRANSPORT": "syslog", "SYSLOG_FACILITY": "0"}, Facility.OTHER),
    ],
)
def test_a_journal_record_is_the_kernels_by_transport_and_facility(
    fields: dict[str, str], facility: Facility
) -> None:
    """journald keeps what users write to /dev/kmsg under transport kernel, with their facility."""
    record = json.dumps({"MESSAGE": KILL, "_SOURCE_MONOTONIC_TIMESTAMP": "178280424", **fields})

    line = only(f"{record}\n")

    assert (line.text, line.facility) == (KILL, facility)


@pytest.mark.parametrize("name", ["_SOURCE_MONOTONIC_TIMESTAMP", "__REALTIME_TIMESTAMP"])
@pytest.mark.parametrize("digits", ["9" * 17, "9" * 310, "9" * 5000, "-1", "1e3", "", "١٢"])
def test_a_journal_record_of_no_time_is_read_without_it(name: str, digits: str) -> None:
    """Anybody may hand such a file in; 310 digits are no float, 5000 are no int to Python."""
    line = only(json.dumps({"MESSAGE": KILL, name: digits}) + "\n")

    assert (line.text, line.boot_s, line.wall) == (KILL, None, None)


def test_a_journal_record_has_both_its_times() -> None:
    """Of microseconds, since boot and since 1970."""
    record = {
        "MESSAGE": KILL,
        "_SOURCE_MONOTONIC_TIMESTAMP": "178280424",
        "__REALTIME_TIMESTAMP": "1795383969000000",
    }
    line = only(f"{json.dumps(record)}\n")

    assert (line.boot_s, str(line.wall)) == (178.280424, "2026-11-22 21:46:09+00:00")


def test_a_journal_message_may_be_bytes_and_hold_several_lines() -> None:
    """Unprintable messages come as a list of bytes."""
    record = json.dumps(
        {"MESSAGE": list(b"one\ntwo \xff"), "_TRANSPORT": "kernel", "SYSLOG_FACILITY": "0"}
    )

    assert only(f"{record}\n").text == "one\ntwo �"


def test_crlf_is_no_part_of_the_text() -> None:
    """A log that went through another system's editor."""
    assert only(f"[  178.280424] {KILL}\r\n").text == KILL


def test_dockers_json_lines_are_read() -> None:
    """A container that prints the kernel's log; what it says is not certain to be the kernel's."""
    record = json.dumps(
        {"log": f"[  178.280424] {KILL}\n", "stream": "stdout", "time": "2026-11-22T20:01:00Z"}
    )

    line = only(f"{record}\n")

    assert (line.text, line.facility) == (KILL, Facility.NOT_STATED)


def test_a_wrapped_line_is_joined_to_its_beginning() -> None:
    """Mail programs wrap; the rest has no prefix."""
    assert only(
        "[  1.000000] job invoked oom-killer:\ngfp_mask=0xcc0(GFP_KERNEL), order=0\n"
    ).text == ("job invoked oom-killer:\ngfp_mask=0xcc0(GFP_KERNEL), order=0")


def test_a_service_that_logs_an_oom_line_is_not_the_kernel() -> None:
    """Only `kernel:` is taken off: the line does not begin with the kernel's words."""
    assert only(f"Nov 22 20:01:00 web1 app[77]: {KILL}\n").text == f"web1 app[77]: {KILL}"
    assert (
        only(f"Nov 22 20:01:00 web1 app[77]: [  178.280424] {KILL}\n").text
        == f"web1 app[77]: [  178.280424] {KILL}"
    )


def test_a_line_that_a_console_glued_to_a_programs_words_is_found() -> None:
    """The program's words have no prefix; they are no part of the kernel's line."""
    line = only(f"Creating journal (131072 blocks): [   31.251333] {KILL}\n")

    assert (line.text, line.boot_s, line.facility) == (KILL, 31.251333, Facility.NOT_STATED)


def test_a_facility_inside_the_text_states_nothing() -> None:
    """A user may write any prefix behind its own."""
    assert (
        only(f"user  :warn  : [  1.000000] kern  :err   : [  2.000000] {KILL}\n").facility
        is Facility.OTHER
    )


@pytest.mark.parametrize("claim", ["kern  :err   : [  2.000000] ", "3,812,2000000,-;"])
def test_a_facility_behind_a_loggers_name_is_the_records_own_text(claim: str) -> None:
    """What a user wrote to /dev/kmsg comes out as `host kernel: ...` in syslog, too."""
    assert only(f"Nov 22 20:01:00 host kernel: {claim}{KILL}\n").facility is Facility.NOT_STATED
    assert (
        only(f"<4>1 2026-11-22T20:01:00Z host kernel - - - {claim}{KILL}\n").facility
        is Facility.NOT_STATED
    )
    assert only(json.dumps({"log": f"{claim}{KILL}\n"}) + "\n").facility is Facility.NOT_STATED
    assert only(f'{{"log": "{claim}{KILL}\n').facility is Facility.NOT_STATED
    assert only(f"{claim}{KILL}\n").facility is Facility.KERNEL
