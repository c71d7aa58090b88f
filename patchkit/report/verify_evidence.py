"""What of a verification goes into the lock."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.verify.verdict import Verdict
from patchkit.workspace.lock import LockedEngine, LockedScenario, LockedVerification

if TYPE_CHECKING:
    from patchkit.report.verify import ScenarioReport, VerifyReport


def evidence(report: VerifyReport) -> bytes:
    """The file that has every check, without what is of this machine."""
    return documents.encode(report.evidence()).encode()


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
