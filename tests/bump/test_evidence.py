"""Bringing the evidence of jobs together."""

from __future__ import annotations

import itertools

import pytest

from patchkit.bump.evidence import merged
from patchkit.errors import InconsistentError, UsageError, VerificationError
from patchkit.verify.verdict import Verdict
from tests.bump.support import evidence, renamed, without


def test_the_whole_and_the_parts_become_one() -> None:
    found = merged(
        [
            ("b.json", evidence(whole=False, ablation=(without("main"),))),
            ("a.json", evidence()),
            ("c.json", evidence(ablation=(without("cgroup"),))),
            ("d.json", evidence("v261.3")),
        ]
    )
    assert list(found) == ["v261.3", "v262"]
    assert {item.patch for item in found["v262"].ablation} == {"main", "cgroup"}
    assert found["v262"].whole
    assert found["v261.3"].ablation == ()


def test_the_order_of_files_does_not_matter() -> None:
    files = [
        ("a", evidence(ablation=(without("main"),), boot=0.4)),
        ("b", evidence(ablation=(without("cgroup"),), boot=0.6)),
        ("c", evidence(boot=0.5)),
    ]
    results = {
        (*tuple(sorted(item.patch for item in report.ablation)), report.milliseconds["boot"].median)
        for order in itertools.permutations(files)
        for report in merged(order).values()
    }
    assert results == {("cgroup", "main", 500)}


def test_a_failure_in_any_whole_counts() -> None:
    files = [("a", evidence()), ("b", evidence(verdict=Verdict.FAILED))]
    assert merged(files)["v262"].verdict is Verdict.FAILED
    files = [("a", evidence()), ("b", evidence(verdict=Verdict.VOID))]
    assert merged(files)["v262"].verdict is Verdict.VOID


def test_a_part_that_failed_where_the_whole_passed_is_not_passed_over() -> None:
    part = evidence(verdict=Verdict.FAILED, whole=False)
    with pytest.raises(VerificationError, match="is failed for v262"):
        merged([("a", evidence()), ("b", part)])


def test_what_does_not_belong_together_is_refused() -> None:
    with pytest.raises(UsageError, match="no file has every scenario"):
        merged([("a", evidence(whole=False))])
    with pytest.raises(InconsistentError, match="another series"):
        merged([("a", evidence()), ("b", evidence(series="6" * 64, whole=False))])
    with pytest.raises(InconsistentError, match="another systemd"):
        merged([("a", evidence()), ("b", renamed(evidence(whole=False), "systemd 262~rc"))])
    other = evidence(ablation=(without("main", fault="hangs"),))
    with pytest.raises(InconsistentError, match="disagree"):
        merged([("a", evidence(ablation=(without("main"),))), ("b", other)])


def test_a_job_that_could_tell_goes_before_one_that_could_not() -> None:
    broken = evidence(ablation=(without("main", problem="does not build"),))
    good = evidence(ablation=(without("main"),))
    for files in ([("a", broken), ("b", good)], [("a", good), ("b", broken)]):
        (item,) = merged(files)["v262"].ablation
        assert item.needed
