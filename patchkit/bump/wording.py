"""What steps came to, in a few words, and what the kept evidence says; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.bump.steps import Step
from patchkit.console import clean
from patchkit.report.verify_evidence import Evidence
from patchkit.verify.verdict import Verdict, worst

if TYPE_CHECKING:
    from patchkit.bump.ended import Findings
    from patchkit.releases import Release
    from patchkit.report.rebase import RebaseReport


def step_detail(step: Step, findings: Findings, release: Release) -> str:
    """What a step came to, in a few words."""
    result = findings.results.get(step) or {}
    match step:
        case Step.REBASE if findings.rebase is not None:
            told = findings.rebase
            outcomes = [str(patch.outcome) for patch in told.patches]
            counts = ", ".join(f"{outcomes.count(o)} {o}" for o in dict.fromkeys(outcomes))
            return f"from {told.base}: {counts}"
        case Step.OVERLAY:
            rows = [r for r in result.get("releases", []) if r.get("release") == release.tag]
            return next((row["nar_hash"] or "no source hash" for row in rows), "")
        case Step.BUILD:
            return str(result.get("version", ""))
        case Step.REPORT if result:
            return f".patchkit/bump/{release}/report/index.html"
        case Step.VERIFY if findings.verify is not None:
            return verify_detail(findings.verify)
        case _:
            return ""


def conflict_detail(told: RebaseReport) -> str:
    """Where a rebase stopped, and why."""
    stopped = told.patches[-1]
    where = "; ".join(f"{file.path}: {file.reason}" for file in stopped.conflict)
    what = f"the patch '{stopped.name}' needs a person" + (f": {where}" if where else "")
    if told.three_way:
        return what
    return f"the tree of {told.base} cannot be had, so that nothing can be merged, and {what}"


def verify_detail(told: Evidence) -> str:
    """A verification in a few words."""
    verdicts = scenario_verdicts(told)
    passed = [name for name, verdict in verdicts.items() if verdict is Verdict.PASSED]
    short = [name for name, verdict in verdicts.items() if verdict.falls_short]
    words = f"{told.verdict}: {len(passed)} of {len(verdicts)} scenarios"
    if short:  # names in evidence are a job's: here they go into a commit's message
        words += f"; {' '.join(clean(', '.join(short)).split())} fell short"
    if told.ablation:
        needed = sum(bool(failing) for failing in told.ablation.values())
        words += f"; {needed} of {len(told.ablation)} patches shown to be needed"
    return words


def scenario_verdicts(told: Evidence) -> dict[str, Verdict]:
    """The verdict on each scenario: that of its containers together."""
    return {
        name: worst(case.verdict for case in cases.values())
        for name, cases in told.scenarios.items()
    }


def read_evidence(content: bytes | None) -> Evidence | None:
    """The evidence of a verification; None where there is none that can be read."""
    if content is None:
        return None
    try:
        return documents.decode(content, Evidence)
    except documents.MalformedDocument:
        return None
