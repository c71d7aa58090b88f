"""The report of a verification, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit import __version__
from patchkit.verify.ablation import Ablation
from patchkit.verify.spread import Spread, spreads
from patchkit.verify.verdict import ControlOutcome, Verdict

if TYPE_CHECKING:
    from patchkit.engine.facts import EngineFacts
    from patchkit.verify.verdict import CaseResult, CheckResult, ControlResult, Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineReport:
    """What ran the containers, and on what."""

    name: str
    version: str
    api: str
    runtime: str
    containerd: str
    kernel: str
    os: str
    architecture: str
    cgroup_version: int
    storage_driver: str
    security: tuple[str, ...]
    rootless: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """One check: what was measured, and what is wrong with it."""

    name: str
    passed: bool
    measured: str
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReport:
    """One container. `options` are those of `docker run -d`; `kept` has what a failure left."""

    name: str
    options: tuple[str, ...]
    verdict: Verdict
    reason: str
    conditions: tuple[str, ...]
    checks: tuple[CheckReport, ...]
    unreached: tuple[str, ...]
    seconds: dict[str, float]
    records: dict[str, str]
    kept: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioReport:
    """One scenario."""

    name: str
    summary: str
    verdict: Verdict
    cases: tuple[CaseReport, ...]

    @property
    def check_count(self) -> int:
        """How many checks its containers came to."""
        return sum(len(case.checks) for case in self.cases)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlReport:
    """The stock build in the conditions of one case: it must not boot."""

    name: str
    options: tuple[str, ...]
    outcome: ControlOutcome
    measured: str
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepetitionReport:
    """Boots and stops, many times: how many failed, why, and the distribution of times (ms)."""

    count: int
    failures: tuple[str, ...]
    milliseconds: dict[str, Spread]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What `patchkit verify` tells.

    `images` are the digests of the images' configurations, by variant. `milliseconds` are the
    times that scenarios measured.
    """

    schema: str = "patchkit.verify/1"
    patchkit: str = __version__
    release: str
    version: str
    series_sha256: str
    verdict: Verdict
    voids: tuple[str, ...]
    whole: bool
    images: dict[str, str]
    engine: EngineReport
    control: tuple[ControlReport, ...]
    scenarios: tuple[ScenarioReport, ...]
    milliseconds: dict[str, Spread]
    ablation: tuple[Ablation, ...] = ()
    repetition: RepetitionReport | None = None
    seconds: float = 0.0

    @property
    def falls_short(self) -> bool:
        """Whether the process has to end with 4: a patch that nothing needs is no success."""
        repeated = self.repetition is not None and bool(self.repetition.failures)
        idle = any(item.problem is None and not item.needed for item in self.ablation)
        return self.verdict is not Verdict.PASSED or repeated or idle


def report_engine(facts: EngineFacts) -> EngineReport:
    """What is told of the engine: not where it is reached."""
    return EngineReport(
        name=facts.name,
        version=facts.version,
        api=facts.api,
        runtime=facts.runtime,
        containerd=facts.containerd,
        kernel=facts.kernel,
        os=facts.os,
        architecture=facts.architecture,
        cgroup_version=facts.cgroup_version,
        storage_driver=facts.storage_driver,
        security=facts.security,
        rootless=facts.rootless,
    )


def report_scenarios(verification: Verification) -> tuple[ScenarioReport, ...]:
    """Every scenario with its cases and checks."""
    return tuple(
        ScenarioReport(
            name=scenario.name,
            summary=scenario.summary,
            verdict=scenario.verdict,
            cases=tuple(_case(case) for case in scenario.cases),
        )
        for scenario in verification.scenarios
    )


def _case(case: CaseResult) -> CaseReport:
    return CaseReport(
        name=case.name,
        options=case.options,
        verdict=case.verdict,
        reason=case.reason,
        conditions=case.violations if case.violations else _proof(case),
        checks=tuple(_check(check) for check in case.checks),
        unreached=case.unreached,
        seconds=dict(case.times),
        records=dict(case.records),
        kept=case.kept,
    )


def _proof(case: CaseResult) -> tuple[str, ...]:
    return ("as declared",) if case.proven else ()


def _check(check: CheckResult) -> CheckReport:
    return CheckReport(
        name=check.name, passed=check.passed, measured=check.measured, faults=check.faults
    )


def report_control(control: tuple[ControlResult, ...]) -> tuple[ControlReport, ...]:
    """The negative control."""
    return tuple(
        ControlReport(
            name=result.name,
            options=result.options,
            outcome=result.outcome,
            measured=result.measured,
            conditions=result.violations or (("as declared",) if result.proven else ()),
        )
        for result in control
    )


def report_repetition(cases: tuple[CaseResult, ...]) -> RepetitionReport:
    """The distribution of many boots and stops."""
    return RepetitionReport(
        count=len(cases),
        failures=tuple(
            f"{number}: {case.reason}"
            for number, case in enumerate(cases, 1)
            if case.verdict is not Verdict.PASSED
        ),
        milliseconds=spreads(cases),
    )
