"""What a verification found, as values, and the verdict that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Verdict(StrEnum):
    """How a verification, a scenario or a container's life ended."""

    PASSED = "passed"
    FAILED = "failed"
    VOID = "void"
    """Nothing was proven: the conditions were not those that it is about."""
    NOT_RUN = "not run"
    """This engine or machine does not offer what the run needs."""

    @property
    def falls_short(self) -> bool:
        """Whether it makes the whole fall short."""
        return self in {Verdict.FAILED, Verdict.VOID}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """One step's result. `measured` is what was seen; `faults` say what should have been."""

    name: str
    measured: str
    faults: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.faults


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """What one container's life showed.

    `options` are as a person types them. `violations` say where the conditions were not those
    of an unprivileged container; `proven` whether they were read at all. `unreached` are the
    steps that were not tried any more. `times` are seconds by name; `records` texts by name.
    `not_run` is the reason where there was no container. `kept` is the folder with what a
    failure left.
    """

    scenario: str
    name: str
    options: tuple[str, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    violations: tuple[str, ...] = ()
    proven: bool = False
    unreached: tuple[str, ...] = ()
    times: tuple[tuple[str, float], ...] = ()
    records: tuple[tuple[str, str], ...] = ()
    seconds: float = 0.0
    not_run: str | None = None
    kept: str | None = None

    @property
    def verdict(self) -> Verdict:
        """Void before failed before passed; what was not proven has not passed."""
        if self.not_run is not None:
            return Verdict.NOT_RUN
        if self.violations:
            return Verdict.VOID
        if self.unreached or not self.checks or not all(check.passed for check in self.checks):
            return Verdict.FAILED
        return Verdict.PASSED if self.proven else Verdict.VOID

    @property
    def reason(self) -> str:
        """Why it did not pass, in one line; empty when it passed."""
        if self.not_run is not None:
            return self.not_run
        if self.violations:
            return self.violations[0]
        for check in self.checks:
            if check.faults:
                return f"{check.name}: {check.faults[0]}"
        if self.unreached:
            return f"{len(self.unreached)} steps were not reached"
        if not self.checks:
            return "nothing was looked at"
        return "" if self.proven else "the conditions inside could not be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """All cases of a scenario, in the order of its file."""

    name: str
    summary: str
    cases: tuple[CaseResult, ...]

    @property
    def verdict(self) -> Verdict:
        """That of the cases together."""
        return worst(case.verdict for case in self.cases)


class ControlOutcome(StrEnum):
    """What became of the stock build in one case of the negative control."""

    REFUSED = "refused"
    """It did not boot, and said that the cgroup tree is why."""
    SILENT = "silent"
    """It did not boot, and left no word why (as it does without a terminal)."""
    BOOTED = "booted"
    OTHER = "other"
    """It did not boot, for another reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlResult:
    """The stock build in the conditions of one case. `measured` is how it ended."""

    name: str
    options: tuple[str, ...]
    outcome: ControlOutcome
    measured: str
    violations: tuple[str, ...] = ()
    proven: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """One variant's whole verification. `control` is empty where none was asked for."""

    scenarios: tuple[ScenarioResult, ...]
    control: tuple[ControlResult, ...] = ()
    seconds: float = 0.0

    @property
    def voids(self) -> tuple[str, ...]:
        """Why nothing is proven; empty when something may be."""
        return (*control_voids(self.control), *_case_voids(self.scenarios))

    @property
    def verdict(self) -> Verdict:
        """The verdict on the whole."""
        if self.voids:
            return Verdict.VOID
        return worst(scenario.verdict for scenario in self.scenarios)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Void before failed before passed; `NOT_RUN` where nothing else is."""
    seen = set(verdicts)
    for verdict in (Verdict.VOID, Verdict.FAILED, Verdict.PASSED):
        if verdict in seen:
            return verdict
    return Verdict.NOT_RUN


def control_voids(control: tuple[ControlResult, ...]) -> tuple[str, ...]:
    """What the negative control takes from the verdict."""
    if not control:
        return ()
    found = [
        f"the stock build boots, too ({result.name}: {result.measured}): the patches may no longer"
        " be needed on this engine"
        for result in control
        if result.outcome is ControlOutcome.BOOTED
    ]
    found += [
        f"the stock build fails for another reason than its cgroup tree ({result.name}:"
        f" {result.measured})"
        for result in control
        if result.outcome is ControlOutcome.OTHER
    ]
    for result in control:
        found += [f"negative control, {result.name}: {what}" for what in result.violations]
        if not result.proven:
            found.append(f"negative control, {result.name}: the conditions could not be read")
    if not found and not any(r.outcome is ControlOutcome.REFUSED for r in control):
        found.append("the stock build does not boot, but nothing shows that its cgroup tree is why")
    return tuple(found)


def _case_voids(scenarios: tuple[ScenarioResult, ...]) -> tuple[str, ...]:
    found = [
        f"{scenario.name}/{case.name}: {case.reason}"
        for scenario in scenarios
        for case in scenario.cases
        if case.verdict is Verdict.VOID
    ]
    if all(scenario.verdict is Verdict.NOT_RUN for scenario in scenarios):
        found.append("no scenario could be run here")
    return tuple(found)
