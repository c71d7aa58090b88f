"""Values of these tests: a rebase that is told, and evidence as a job prints it."""

from __future__ import annotations

from dataclasses import replace

from patchkit import documents
from patchkit.rebase.outcome import Notice, Outcome
from patchkit.report.rebase import PatchReport, RebaseReport
from patchkit.report.verify import (
    CaseReport,
    CheckReport,
    ControlReport,
    EngineReport,
    ScenarioReport,
    VerifyReport,
)
from patchkit.report.verify_evidence import Evidence
from patchkit.report.verify_evidence import evidence as evidence_file
from patchkit.upstream.sources import Origin, SourceKind
from patchkit.verify.ablation import Ablation, FailingCheck
from patchkit.verify.spread import spread
from patchkit.verify.verdict import ControlOutcome, Verdict

SERIES = "5" * 64


def patch(name: str, outcome: Outcome, *, look_at: tuple[Notice, ...] = ()) -> PatchReport:
    return PatchReport(
        name=name,
        outcome=outcome,
        meaning=outcome.meaning,
        strategy=None,
        file=f"0001-{name}-x.patch",
        sha256="0" * 64,
        files=("a.c",),
        hunks=2,
        offsets=(0, 3) if outcome is not Outcome.UNCHANGED else (0,),
        look_at=look_at,
        conflict=(),
    )


def told(*patches: PatchReport, release: str = "v262", base: str = "v261") -> RebaseReport:
    return RebaseReport(
        release=release,
        base=base,
        tree="a" * 40,
        commit=None,
        origin=Origin(kind=SourceKind.GIT, source="upstream"),
        three_way=True,
        dry_run=False,
        complete=all(p.outcome not in (Outcome.CONFLICT, Outcome.PROPOSED) for p in patches),
        patches=patches,
    )


def evidence(
    release: str = "v262",
    *,
    verdict: Verdict = Verdict.PASSED,
    whole: bool = True,
    series: str = SERIES,
    ablation: tuple[Ablation, ...] = (),
    boot: float = 0.5,
) -> VerifyReport:
    fault = ("is down",) if verdict is Verdict.FAILED else ()
    check = CheckReport(name="running", passed=not fault, measured="0.5 s", faults=fault)
    case = CaseReport(
        name="plain",
        options=("--tmpfs", "/run"),
        verdict=verdict,
        reason="running: is down" if fault else "",
        conditions=("as declared",),
        checks=(check,),
        unreached=(),
        seconds={"boot": boot},
        records={},
    )
    scenario = ScenarioReport(name="boot", summary="it boots", verdict=verdict, cases=(case,))
    control = ControlReport(
        name="plain",
        options=(),
        outcome=ControlOutcome.REFUSED,
        measured="exit 255",
        conditions=("as declared",),
    )
    engine = EngineReport(
        name="Docker",
        version="28.1",
        api="1.49",
        runtime="runc",
        containerd="2",
        kernel="6.18",
        os="Debian 12",
        architecture="x86_64",
        cgroup_version=2,
        storage_driver="overlay2",
        security=("seccomp",),
        rootless=False,
    )
    return VerifyReport(
        release=release,
        version=f"systemd {release[1:]}",
        series_sha256=series,
        verdict=verdict,
        voids=("the stock build boots, too",) if verdict is Verdict.VOID else (),
        whole=whole,
        images={"patched": "sha256:p", "stock": "sha256:s"},
        engine=engine,
        control=(control,),
        scenarios=(scenario,),
        milliseconds={"boot": spread([boot])},
        ablation=ablation,
        seconds=9.0,
    )


def without(name: str, *, fault: str = "exit 255", problem: str | None = None) -> Ablation:
    failing = FailingCheck(scenario="boot", case="plain", check="running", fault=fault)
    return Ablation(
        patch=name,
        scenarios=("boot",),
        failing=() if problem else (failing,),
        problem=problem,
    )


def kept(report: VerifyReport) -> Evidence:
    """What the repository keeps of it."""
    return documents.decode(evidence_file(report), Evidence)


def renamed(report: VerifyReport, version: str) -> VerifyReport:
    return replace(report, version=version)
