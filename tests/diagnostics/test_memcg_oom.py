"""memcg-oom: when it fires, when it stays clear, when it cannot tell."""

from __future__ import annotations

from diagnostics.model import Confidence, Finding
from tests.diagnostics.kernel_logs import examine, membind_report, recorded
from tests.diagnostics.test_oom_report import KERNEL_4_19_MEMCG

MEMCG = "5.10-D-memcg.txt"


def found(log: str, **sections: str) -> Finding:
    (finding,) = examine(log, **sections).findings
    assert finding.code == "memcg-oom"
    return finding


def test_names_the_limit_and_whose_it_is() -> None:
    """A real report of 5.10."""
    finding = found(recorded(MEMCG))

    assert finding.headline == "memcg OOM, limit 100 MiB, raise the limit or shrink the job"
    assert finding.confidence is Confidence.LIKELY
    assert "cgroup /mc was reached" in finding.story[1]


def test_is_confirmed_by_facility_and_the_kernels_counter() -> None:
    """The same report as `dmesg -x` shows it, and vmstat."""
    log = "".join(f"kern  :warn  : {line}\n" for line in recorded(MEMCG).splitlines())

    assert found(log, vmstat="oom_kill 1\n").confidence is Confidence.CONFIRMED
    assert found(log).confidence is Confidence.LIKELY


def test_says_when_the_limit_is_a_parents() -> None:
    """The killed process' own cgroup may have had room."""
    assert (
        found(KERNEL_4_19_MEMCG)
        .story[2]
        .startswith("The limit is a parent's: the killed process was in /docker/abc")
    )


def test_a_bare_kill_line_is_possible_at_best() -> None:
    """Its wording names a cgroup; limit and usage are gone."""
    bare = recorded(MEMCG).splitlines()[-1] + "\n"

    assert found(bare).confidence is Confidence.POSSIBLE


def test_is_only_possible_where_usage_is_far_from_the_limit() -> None:
    """A report that contradicts itself is not believed."""
    assert (
        found(recorded(MEMCG).replace("usage 102400kB", "usage 51200kB")).confidence
        is Confidence.POSSIBLE
    )


def test_each_limit_is_a_finding_of_its_own() -> None:
    """Two cgroups, two limits."""
    assert (
        len(
            examine(
                recorded(MEMCG) + recorded(MEMCG).replace("/mc", "/other").replace("194", "195")
            ).findings
        )
        == 2
    )


def test_stays_clear_when_another_constraint_is_named() -> None:
    """A memory policy's kill is not a cgroup's."""
    assert "memcg-oom" in examine(membind_report()).clear
