"""The verdict follows from what was found, and never the other way round."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.verify.ablation import failing_checks, has_booted
from patchkit.verify.spread import spread, spreads
from patchkit.verify.verdict import (
    CaseResult,
    CheckResult,
    ControlOutcome,
    ControlResult,
    ScenarioResult,
    Verdict,
    Verification,
)

GOOD = CheckResult(name="good", measured="seen")
BAD = CheckResult(name="bad", measured="seen", faults=("not so",))


def case(*checks: CheckResult, proven: bool = True, **more: object) -> CaseResult:
    return CaseResult(scenario="s", name="c", checks=checks, proven=proven, **more)  # type: ignore[arg-type]


def verification(*cases: CaseResult, control: tuple[ControlResult, ...] = ()) -> Verification:
    scenario = ScenarioResult(name="s", summary="", cases=cases)
    return Verification(scenarios=(scenario,), control=control)


def control(outcome: ControlOutcome, *, proven: bool = True) -> ControlResult:
    return ControlResult(name="b", options=(), outcome=outcome, measured="so", proven=proven)


@pytest.mark.parametrize(
    ("result", "verdict"),
    [
        (case(GOOD), Verdict.PASSED),
        (case(GOOD, BAD), Verdict.FAILED),
        (case(GOOD, unreached=("x",)), Verdict.FAILED),
        (case(), Verdict.FAILED),
        (case(GOOD, proven=False), Verdict.VOID),
        (case(BAD, proven=False), Verdict.FAILED),
        (case(GOOD, violations=("privileged",)), Verdict.VOID),
        (case(BAD, violations=("privileged",)), Verdict.VOID),
        (case(not_run="no podman"), Verdict.NOT_RUN),
    ],
)
def test_a_container(result: CaseResult, verdict: Verdict) -> None:
    assert result.verdict is verdict
    assert bool(result.reason) == (verdict is not Verdict.PASSED)


def test_the_whole() -> None:
    assert verification(case(GOOD)).verdict is Verdict.PASSED
    assert verification(case(GOOD), case(not_run="x")).verdict is Verdict.PASSED
    assert verification(case(GOOD), case(BAD)).verdict is Verdict.FAILED
    assert verification(case(BAD), case(GOOD, proven=False)).verdict is Verdict.VOID
    assert verification(case(not_run="x")).verdict is Verdict.VOID


def test_a_passing_control_voids_the_verdict() -> None:
    found = verification(case(GOOD), control=(control(ControlOutcome.BOOTED),))
    assert found.verdict is Verdict.VOID
    assert "the patches may no longer be needed" in found.voids[0]


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ((ControlOutcome.REFUSED, ControlOutcome.SILENT), Verdict.PASSED),
        ((ControlOutcome.SILENT,), Verdict.VOID),
        ((ControlOutcome.REFUSED, ControlOutcome.OTHER), Verdict.VOID),
        ((ControlOutcome.REFUSED, ControlOutcome.BOOTED), Verdict.VOID),
    ],
)
def test_the_control_must_fail_for_its_cgroup_tree(
    outcomes: tuple[ControlOutcome, ...], verdict: Verdict
) -> None:
    found = verification(case(GOOD), control=tuple(control(o) for o in outcomes))
    assert found.verdict is verdict


def test_an_unproven_control_proves_nothing() -> None:
    found = verification(case(GOOD), control=(control(ControlOutcome.REFUSED, proven=False),))
    assert found.verdict is Verdict.VOID


def test_ablation_counts_what_passes_with_the_patch_only() -> None:
    whole = verification(case(GOOD, CheckResult(name="bad", measured="")))
    assert [c.check for c in failing_checks(whole, verification(case(GOOD, BAD)))] == ["bad"]
    assert failing_checks(whole, whole) == ()
    assert failing_checks(verification(case(BAD)), verification(case(BAD))) == ()


def test_has_booted() -> None:
    assert has_booted(verification(case(GOOD, BAD)))
    assert not has_booted(verification(case(BAD, GOOD), case()))


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=60))
def test_a_spread_is_ordered_and_of_the_values(values: list[float]) -> None:
    found = spread(values)
    assert found.lowest <= found.median <= found.highest
    assert found.lowest <= found.p95 <= found.highest
    assert found.count == len(values)
    assert {found.lowest, found.p95, found.highest} <= {round(v * 1000) for v in values}


def test_a_terminal_is_told_apart() -> None:
    found = spreads(
        [case(GOOD, times=(("boot", 0.5),)), case(GOOD, times=(("boot", 1.5),), options=("-t",))]
    )
    assert {name: s.median for name, s in found.items()} == {
        "boot": 500,
        "boot, with a terminal": 1500,
    }
