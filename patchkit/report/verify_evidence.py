"""What of a verification goes into the lock."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.report.verify import ControlReport, EngineReport, RepetitionReport
from patchkit.verify.spread import Spread
from patchkit.verify.verdict import Verdict
from patchkit.workspace.lock import LockedEngine, LockedScenario, LockedVerification

if TYPE_CHECKING:
    from patchkit.report.verify import CaseReport, ScenarioReport, VerifyReport


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceCase:
    """One container: how it was run, and every check with what was measured."""

    run: str
    verdict: Verdict
    checks: tuple[str, ...]
    records: dict[str, str]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is kept in the repository: every check, and nothing of the machine's own places."""

    schema: str = "patchkit.evidence/1"
    patchkit: str
    release: str
    version: str
    series_sha256: str
    verdict: Verdict
    images: dict[str, str]
    engine: EngineReport
    control: tuple[ControlReport, ...]
    scenarios: dict[str, dict[str, EvidenceCase]]
    milliseconds: dict[str, Spread]
    ablation: dict[str, tuple[str, ...]]
    repetition: RepetitionReport | None


def evidence(report: VerifyReport) -> bytes:
    """The file that has every check."""
    kept = Evidence(
        patchkit=report.patchkit,
        release=report.release,
        version=report.version,
        series_sha256=report.series_sha256,
        verdict=report.verdict,
        images=report.images,
        engine=report.engine,
        control=report.control,
        scenarios={
            scenario.name: {case.name: _case(case) for case in scenario.cases}
            for scenario in report.scenarios
        },
        milliseconds=report.milliseconds,
        ablation={
            item.patch: tuple(
                f"{check.scenario}/{check.case}: {check.check}: {check.fault}"
                for check in item.failing
            )
            for item in report.ablation
            if item.problem is None
        },
        repetition=report.repetition,
    )
    return documents.encode(kept).encode()


def _case(case: CaseReport) -> EvidenceCase:
    return EvidenceCase(
        run=" ".join(("docker run -d", *case.options)),
        verdict=case.verdict,
        checks=tuple(
            f"{'pass' if check.passed else 'FAIL'}: {check.name}: {check.measured}"
            + "".join(f"; {fault}" for fault in check.faults)
            for check in case.checks
        ),
        records=case.records,
        reason=case.reason,
    )


def lock_verification(
    report: VerifyReport, content: bytes, known: LockedVerification | None
) -> LockedVerification:
    """The record of a verification whose evidence is `content`.

    An ablation that was `known` of the same series stays, where this time none was asked for.
    """
    ablation = {item.patch: item.counts for item in report.ablation if item.problem is None}
    kept = known.ablation if known and known.series_sha256 == report.series_sha256 else None
    return LockedVerification(
        verdict=report.verdict,
        patchkit=report.patchkit,
        series_sha256=report.series_sha256,
        evidence_sha256=hashlib.sha256(content).hexdigest(),
        stock=report.images["stock"],
        patched=report.images["patched"],
        engine=LockedEngine(
            version=f"{report.engine.name} {report.engine.version}",
            kernel=report.engine.kernel,
            runtime=report.engine.runtime,
            architecture=report.engine.architecture,
        ),
        control={result.name: result.measured for result in report.control},
        scenarios={scenario.name: _scenario(scenario) for scenario in report.scenarios},
        median_ms={name: spread.median for name, spread in report.milliseconds.items()},
        ablation=ablation if report.ablation else kept,
    )


def _scenario(scenario: ScenarioReport) -> LockedScenario:
    return LockedScenario(
        verdict=scenario.verdict,
        containers=len(scenario.cases),
        checks=scenario.check_count,
        failed=tuple(
            f"{case.name}: {check.name}"
            for case in scenario.cases
            for check in case.checks
            if not check.passed
        ),
        not_run=tuple(c.name for c in scenario.cases if c.verdict is Verdict.NOT_RUN),
    )
