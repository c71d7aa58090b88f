"""The series without one patch: which checks fail then, that pass with all of it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.verify.verdict import Verdict

if TYPE_CHECKING:
    from patchkit.verify.verdict import CaseResult, ScenarioResult, Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class FailingCheck:
    """A check that passes with the whole series, and not without the patch."""

    scenario: str
    case: str
    check: str
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ablation:
    """What the series without `patch` showed in `scenarios`.

    `problem` says why nothing can be told: the variant cannot be built, say.
    """

    patch: str
    scenarios: tuple[str, ...] = ()
    failing: tuple[FailingCheck, ...] = ()
    problem: str | None = None
    seconds: float = 0.0

    @property
    def needed(self) -> bool:
        """Whether anything fails without the patch."""
        return bool(self.failing)

    @property
    def counts(self) -> dict[str, int]:
        """How many checks fail, by scenario."""
        names = [check.scenario for check in self.failing]
        return {name: names.count(name) for name in dict.fromkeys(names)}


def failing_checks(whole: Verification, without: Verification) -> tuple[FailingCheck, ...]:
    """The checks that the missing patch is for, in the order of the scenarios."""
    passed = {
        (scenario.name, case.name)
        for scenario in whole.scenarios
        for case in scenario.cases
        if case.verdict is Verdict.PASSED
    }
    return tuple(
        check
        for scenario in without.scenarios
        for case in scenario.cases
        if (scenario.name, case.name) in passed
        for check in _failing(scenario, case)
    )


def _failing(scenario: ScenarioResult, case: CaseResult) -> list[FailingCheck]:
    """The checks that failed; those after them that were not reached are not counted."""
    return [
        FailingCheck(
            scenario=scenario.name, case=case.name, check=check.name, fault=check.faults[0]
        )
        for check in case.checks
        if check.faults
    ]


def has_booted(verification: Verification) -> bool:
    """Whether any container got past its first step: without that, nothing else is worth trying."""
    return any(
        case.checks and case.checks[0].passed
        for scenario in verification.scenarios
        for case in scenario.cases
    )
