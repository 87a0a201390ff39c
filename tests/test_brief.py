"""What stands above the fold: who died, the cause, its numbers and one step, in 900 characters, of
every recorded case and of whatever else a report may hold. `make golden` rewrites the texts.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diagnostics.bundle.directory import read_directory
from diagnostics.engine import report_on
from diagnostics.model import (
    Confidence,
    Examined,
    Finding,
    HostReport,
    Judgement,
    Moment,
    Report,
)
from diagnostics.plain import plain
from diagnostics.rules import RULES
from diagnostics.sizes import human
from diagnostics.telling.brief import (
    ELSEWHERE,
    MOST_SENTENCES,
    VISIBLE_CHARS,
    Brief,
    brief,
    visible_chars,
)
from diagnostics.telling.words import Step
from tests.examined import examined
from tests.reports import AWKWARD, Fleet, any_text, fleets, refused, rich_fleets, web
from tests.test_cases import CASES, case_of, only

generated = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CASE = {path.name: path for path in CASES}
MEMBIND = CASE["sigkill-by-kernel-16g-6.1"]
NUMBER = re.compile(
    r"\d\d UTC|\d (?:kB|MiB|GiB|%|tasks|s\b|adjacent)|status \d|nodes? \d|0x[0-9a-f]+"
)


def host_of(directory: Path) -> Examined:
    """The host as its expert judged it: of causes that came later it tells nothing."""
    case = case_of(directory)
    judged = {*case["findings"], *case["clear"], *case.get("unknown", [])}
    return only(judged, examined(read_directory(directory / case["bundle"])))


def as_text(told: Brief) -> str:
    """The brief as a phone shows it, with the line that folds below."""
    lines = [told.title, told.who, *told.says, *told.picture]
    if told.step is not None:
        lines += [f"-> {told.step.says}"]
        lines += [f"   {line}" for line in (told.step.code or "").split("\n") if line]
    lines += [f"Ruled out {told.ruled_out} · not checked: {', '.join(told.not_checked) or 'none'}"]
    return "\n".join([*lines, f"{told.evidence} lines of evidence", ""])


def visible(told: Brief) -> str:
    """All that counts, counted by hand."""
    step = [told.step.says, told.step.code or ""] if told.step else []
    return "\n".join([told.title, told.who, *told.says, *told.picture, *step])


def first(host: Examined) -> Finding:
    """The finding that leads: of the surest of the first."""
    headline = host.findings[0].headline
    return next(finding for finding in host.findings if finding.headline == headline)


FOUND = [path for path in CASES if case_of(path)["findings"]]


@pytest.mark.parametrize("directory", CASES, ids=lambda path: path.name)
def test_case_is_told_above_the_fold_in_these_words(directory: Path) -> None:
    """The words stand in brief.txt beside the whole text."""
    text = as_text(told := brief(report_on([host_of(directory)])))
    if os.environ.get("SEVBOT_GOLDEN"):
        (directory / "brief.txt").write_text(text, encoding="utf-8")

    assert len(visible(told)) <= VISIBLE_CHARS
    assert text == (directory / "brief.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("directory", FOUND, ids=lambda path: path.name)
def test_case_says_who_died_and_how_often(directory: Path) -> None:
    """The names of the dead, the count, the host, and how sure."""
    host = host_of(directory)
    finding, told = first(host), brief(report_on([host]))
    dead = [kill.task.comm for kill in finding.kills] or [end.unit for end in finding.ends]
    count = len(finding.kills) or sum(end.times for end in finding.ends)

    assert all(plain(name) in told.who for name in dead[:1])
    if dead:
        assert ("once" if count == 1 else f"{count} times") in told.who
    assert (f" on {host.host} ·" in told.who) is (host.host is not None)
    assert told.who.endswith(f" · {finding.confidence}")


@pytest.mark.parametrize("directory", FOUND, ids=lambda path: path.name)
def test_case_says_the_cause_its_numbers_and_one_step(directory: Path) -> None:
    """The numbers are the finding's own; the step is its first remedy."""
    host = host_of(directory)
    finding, told = first(host), brief(report_on([host]))
    numbers = " ".join(told.says)

    assert finding.headline in told.title
    assert 1 <= len(told.says) <= 3
    if finding.memory is not None:
        for number, node in finding.memory.nodes.items():
            said = numbers.split(f"Node {number} ")[1].split(").")[0]
            assert f"{human(node.free_kb)} free" in said
            assert human(node.min_kb) in said
            assert said.startswith("was full") == (human(node.free_kb) == human(node.min_kb)) or (
                node.free_kb < node.min_kb
            )
        assert f"Elsewhere {human(finding.memory.free_elsewhere_kb or 0)} were free" in numbers
    for limit in finding.limits[:2]:
        assert limit.limit is not None
        assert (human(limit.limit) if limit.unit == "kB" else f"{limit.limit} tasks") in numbers
    for disk in finding.disks:
        assert f"{disk.mount} is {disk.used_percent:.0f} % full" in numbers
    assert NUMBER.search(numbers), numbers
    assert [text for text, _ in told.times if text not in numbers] == []
    assert told.step is not None
    assert told.step.says.startswith(finding.remedies[0].says)
    edit = finding.remedies[0].edit
    assert [line for line in (told.step.code or "").split("\n") if line not in (edit or "")] == []
    assert (told.step.code is None) is (edit is None)


@pytest.mark.parametrize("directory", FOUND, ids=lambda path: path.name)
def test_case_on_several_hosts_is_counted_and_still_has_all_four(directory: Path) -> None:
    """Who died, the cause, its numbers and the step, beside a host that could not be asked."""
    host = host_of(directory)
    finding, alone = first(host), brief(report_on([host]))
    hosts: list[HostReport] = [replace(host, host=web(number)) for number in (1, 2, 3)]
    told = brief(report_on([*hosts, refused("web4")]))
    dead = [kill.task.comm for kill in finding.kills] or [end.unit for end in finding.ends]

    assert len(visible(told)) <= VISIBLE_CHARS
    assert finding.headline in told.title
    assert all(plain(name) in told.who for name in dead[:1])
    assert f"on 3 of 4 hosts: web1, web2, web3 · {finding.confidence}" in told.who
    assert told.says[0] == f"On web1: {alone.says[0]}"
    assert "1 host could not be examined: web4." in told.says
    assert told.step is not None
    assert told.step.says.startswith(finding.remedies[0].says)


def test_several_hosts_are_counted_and_the_one_that_differs_is_named() -> None:
    """One group is one verdict; whose numbers these are is said."""
    host = host_of(MEMBIND)
    hosts = [replace(host, host=web(number)) for number in (1, 2, 3)]
    healthy = replace(host, host="web4", findings=())

    assert brief(report_on(hosts)).who == ("ranker was killed 24 times on 3 of 3 hosts · confirmed")
    told = brief(report_on([hosts[0], healthy, refused("web5")]))
    assert told.who == "ranker was killed 8 times on 1 of 3 hosts: web1 · confirmed"
    assert told.says[0].startswith("Node 1 was full: 44 MiB free")
    assert "1 host could not be examined: web5." in told.says
    assert brief(report_on(hosts)).says[0].startswith("On web1: Node 1 was full: 44 MiB free")


def test_who_is_behind_it_is_told_where_another_died() -> None:
    """The bystander's line names the dead; the first sentence, which always stays, the cause."""
    told = brief(report_on([host_of(CASE["membind-collateral-6.1"])]))

    assert told.who.startswith("store was killed once")
    assert told.says[0].endswith("Behind it is loader, not store.")


def test_a_time_is_a_moment_that_a_chat_may_show_in_its_own_way() -> None:
    """The text that stands for it is in a sentence."""
    host = host_of(MEMBIND)
    last = host.findings[0].kills[-1].at
    assert last is not None

    assert brief(report_on([host])).times == (("21:55:43 UTC on 22 Nov", last.wall),)


def test_what_is_older_is_told_of_a_host_without_a_cause() -> None:
    """It is no cause of now, and somebody may want to know."""
    host = host_of(MEMBIND)
    told = brief(report_on([replace(host, findings=(), older=host.findings)]))

    assert told.says[0] == (
        "Longer ago, and so not taken for a cause: membind OOM of node 1, suggest interleave."
    )
    assert told.says[-1] == "This does not say that the service is healthy."


def test_another_cause_gets_one_sentence() -> None:
    """The largest group leads."""
    host = host_of(MEMBIND)
    other = host_of(CASE["memcg-6.1"])
    report = report_on(
        [*(replace(host, host=web(number)) for number in (1, 2)), replace(other, host="web7")]
    )

    told = brief(report)

    assert told.who.startswith("ranker was killed 16 times on 2 of 3 hosts: web1, web2")
    assert (
        "Also: memcg OOM, limit 100 MiB, raise the limit or shrink the job on 1 of 3 hosts: web7."
        in told.says
    )


def test_a_cause_that_one_host_has_is_not_ruled_out() -> None:
    """Ruled out is what no host has, and every one could tell."""
    host = host_of(MEMBIND)
    other = replace(host, host="b", clear={"segfault": "x"}, unknown={"abort": "y"}, findings=())

    told = brief(report_on([replace(host, clear={"segfault": "x", "abort": "z"}), other]))

    assert told.ruled_out == 1
    assert "abort" in told.not_checked


def test_hosts_without_a_cause_are_told_honestly() -> None:
    """Healthy, and of which nothing can be said."""
    healthy = host_of(CASE["healthy-interleave-6.1"])
    hosts: list[HostReport] = [replace(healthy, host=web(number)) for number in (1, 2, 3)]

    assert brief(report_on(hosts)).who == "No cause found on 3 of 3 hosts"
    assert brief(report_on([refused("web9")])).who == "Could not ask web9"
    assert "connection refused" in " ".join(brief(report_on([refused("web9")])).says)
    assert brief(Report((), ())).who == "No host was asked"


def test_a_missing_source_makes_no_riddle_of_a_healthy_host() -> None:
    """What could not be looked at is told; what was seen and not understood is “could not tell”."""
    healthy = host_of(CASE["healthy-interleave-6.1"])
    disks = "how full the file systems are was not seen (not recorded)"
    partly = replace(healthy, unknown={"disk-full": disks})
    code = "sigkill-not-by-kernel"
    seen = replace(healthy, unknown={code: "SIGKILL ended x, a log was not seen"}, saw=(code,))
    nothing = replace(healthy, clear={}, unknown={"disk-full": disks})

    told = brief(report_on([partly]))
    assert told.title == "no cause found, but not all could be checked"
    assert told.not_checked == ("disk full",)
    assert brief(report_on([seen])).title == "could not tell"
    assert brief(report_on([seen])).says == ("Not told: SIGKILL ended x, a log was not seen.",)
    assert brief(report_on([nothing])).title == "could not tell"


def test_kills_that_no_cause_covers_are_told_by_name() -> None:
    """The kernel did kill; why is not known."""
    kills = host_of(MEMBIND).findings[0].kills
    host = replace(host_of(MEMBIND), findings=(), unexplained=kills)

    assert brief(report_on([host])).who == (
        "ranker was killed 8 times on ranker-1 · no cause known"
    )


@pytest.mark.parametrize("text", AWKWARD)
def test_the_picture_goes_first_then_sentences_and_a_command_is_never_cut(text: str) -> None:
    """Title, who, the numbers and the step stay, whatever a host is called."""
    host = host_of(MEMBIND)
    finding = host.findings[0]
    short = "systemctl restart ranker.service"
    for edit in ("x" * 40, f"{short}\n" * 12, "y" * 900):
        remedy = replace(finding.remedies[0], edit=edit)
        hosts = [
            replace(
                host,
                host=f"{text}{number}",
                findings=(replace(finding, remedies=(remedy,)),),
            )
            for number in range(5)
        ]
        told = brief(report_on(hosts))

        assert len(visible(told)) <= VISIBLE_CHARS
        assert "ranker was killed 40 times" in told.who
        assert "44 MiB" in told.says[0]
        assert told.step is not None
        assert (told.step.code == edit) is not (told.step.says.endswith(ELSEWHERE))
        assert not told.picture or len(told.says) > 1


@pytest.mark.parametrize(
    ("command_chars", "has_picture", "sentences"),
    [(20, True, 3), (200, False, 3), (400, False, 2), (480, False, 1), (600, True, 3)],
)
def test_what_goes_first_where_there_is_no_room(
    command_chars: int, has_picture: bool, sentences: int
) -> None:
    """The picture, then sentences from the last; then the command, and all else is back."""
    host = host_of(MEMBIND)
    remedy = replace(host.findings[0].remedies[0], edit="x" * command_chars)
    finding = replace(host.findings[0], remedies=(remedy,))
    told = brief(report_on([replace(host, findings=(finding,))]))

    assert (bool(told.picture), len(told.says)) == (has_picture, sentences)


def test_every_part_as_long_as_can_be_still_fits() -> None:
    """The limits of each do not add up to it; then the one sentence is cut, and nothing else."""
    host = host_of(MEMBIND)
    remedy = replace(host.findings[0].remedies[0], says="s" * 999, edit="x" * 999)
    finding = replace(
        host.findings[0],
        headline="h" * 999,
        kills=tuple(
            kill._replace(task=kill.task._replace(comm=f"{number}" + "k" * 99))
            for number, kill in enumerate(host.findings[0].kills[:2])
        ),
        memory=None,
        story=("", "t" * 999, "u" * 999),
        remedies=(remedy,),
    )
    hosts = [replace(host, host=f"{number}" + "n" * 99, findings=(finding,)) for number in range(4)]
    told = brief(report_on([*hosts, refused("web1")]))

    assert 890 < len(visible(told)) <= VISIBLE_CHARS
    assert len(told.says) == 1
    assert len(told.says[0]) > 150
    assert told.step is not None
    assert told.step.says.endswith(ELSEWHERE)


@generated
@given(st.one_of(fleets(), rich_fleets), st.sampled_from((0, 1, 2, 3, 40, 1_000)))
def test_whatever_the_report_holds_it_fits(fleet: Fleet, hosts: int) -> None:
    """One host, a thousand, no group, sixty, and any text in them."""
    told = brief(fleet.report(hosts))

    assert len(visible(told)) <= visible_chars(told) <= VISIBLE_CHARS
    assert told.who
    assert len(told.says) <= MOST_SENTENCES
    assert all("\n" not in line for line in (told.title, told.who, *told.says, *told.picture))


@generated
@given(any_text, st.integers(0, 60))
def test_hosts_may_be_called_anything(text: str, hosts: int) -> None:
    """A name has its place, and no more."""
    told = brief(report_on([refused(f"{text}{number % 7}") for number in range(hosts)]))

    assert len(visible(told)) <= VISIBLE_CHARS


def test_every_cause_has_a_name_in_words() -> None:
    """A code is not told to people: a name is short, and no two are alike."""
    names = [rule.name for rule in RULES]

    assert [name for name in names if not 3 <= len(name) <= 26] == []
    assert len(set(names)) == len(names)
    assert [name for name in names if {"oom", "-"} & set(name.split())] == []


def test_a_change_by_hand_keeps_the_lines_that_say_it() -> None:
    """Comments are left out where the commands do all of it."""
    host = host_of(MEMBIND)
    finding = host.findings[0]
    by_hand = "# - old\n# + new\nsystemctl edit --full x.service   # make the change above by hand"

    def step(edit: str) -> Step | None:
        remedy = replace(finding.remedies[0], edit=edit)
        one = replace(finding, remedies=(remedy,))
        return brief(report_on([replace(host, findings=(one,))])).step

    kept, left_out = step(by_hand), step("# - old\n# + new\nsed x")
    assert kept is not None
    assert left_out is not None
    assert (kept.code, left_out.code) == (by_hand, "sed x")


def test_a_doubtful_finding_says_so() -> None:
    """How sure stands in the line that is read first."""
    host = host_of(MEMBIND)
    judged = replace(host.findings[0].judged, confidence=Confidence.POSSIBLE)

    told = brief(report_on([replace(host, findings=(replace(host.findings[0], judged=judged),))]))

    assert told.who.endswith("· possible")


def test_ends_of_several_units_are_counted_and_the_last_of_all_is_told() -> None:
    """Whose were most leads; a rhythm is one unit's, and is not told of several."""
    host = host_of(CASE["segfault-6.1"])
    (finding,) = host.findings[:1]
    (end,) = finding.ends[:1]
    assert end.last_at is not None
    assert end.last_at.wall is not None
    later = Moment(wall=end.last_at.wall + timedelta(minutes=40))
    ends = (
        replace(end, unit="a.service", times=5, every_s=1.0),
        replace(end, unit="b.service", times=30, last_at=later),
    )
    told = brief(report_on([replace(host, findings=(replace(finding, ends=ends),))]))

    assert told.who.startswith("b.service and a.service ended 35 times")
    said = " ".join(told.says)
    assert "every" not in said
    assert f"Ended last at {later.wall:%H:%M:%S}" in said


def test_a_confidence_that_some_hosts_have_is_not_told_of_all() -> None:
    """Confirmed on one of three is not confirmed on three."""
    host = host_of(MEMBIND)
    (finding,) = host.findings
    weak = replace(finding, judged=Judgement(Confidence.POSSIBLE, "Not sure."))
    hosts = [host, *(replace(host, host=web(n), findings=(weak,)) for n in (2, 3))]

    assert brief(report_on(hosts)).who.endswith("on 3 of 3 hosts · confirmed on 1 of them")


def test_the_most_alarming_of_the_quiet_hosts_gives_the_title() -> None:
    """Whichever comes first."""
    healthy = replace(host_of(CASE["healthy-interleave-6.1"]), unknown={})
    code = "sigkill-not-by-kernel"
    seen = replace(healthy, host="web2", unknown={code: "SIGKILL ended x"}, saw=(code,))

    for hosts in ([healthy, seen], [seen, healthy]):
        assert brief(report_on(hosts)).title == "could not tell"
