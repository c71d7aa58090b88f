"""Evidence to report on, made of the types that a verification writes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from patchkit.report.verify import (
    CaseReport,
    CheckReport,
    ControlReport,
    EngineReport,
    RepetitionReport,
    ScenarioReport,
    VerifyReport,
)
from patchkit.report.verify_evidence import evidence, lock_verification
from patchkit.verify.ablation import Ablation, FailingCheck
from patchkit.verify.spread import spread
from patchkit.verify.verdict import ControlOutcome, Verdict
from patchkit.workspace.layout import Workspace

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ENGINE = EngineReport(
    name="Docker Engine",
    version="28.5.1",
    api="1.51",
    runtime="runc 1.3.3",
    containerd="1.7.28",
    kernel="6.18.0",
    os="Debian GNU/Linux 12 (bookworm)",
    architecture="x86_64",
    cgroup_version=2,
    storage_driver="overlay2",
    security=("seccomp",),
    rootless=False,
)


def case(name: str, *options: str, faults: Sequence[str] = (), text: str = "") -> CaseReport:
    """One container's life: three checks, of which the last has the faults."""
    checks = (
        CheckReport(name="is-system-running says running", passed=True, measured="running"),
        CheckReport(name="no unit failed", passed=True, measured="0 units"),
        CheckReport(
            name="docker stop ends it with 0",
            passed=not faults,
            measured="exit 137 after 10.2 s" if faults else "exit 0 after 0.24 s",
            faults=tuple(faults),
        ),
    )
    return CaseReport(
        name=name,
        options=options or ("--tmpfs", "/run"),
        verdict=Verdict.FAILED if faults else Verdict.PASSED,
        reason=f"docker stop ends it with 0: {faults[0]}" if faults else "",
        conditions=("as declared",),
        checks=checks,
        unreached=("the log is whole",) if faults else (),
        seconds={"boot": 0.62, "stop": 0.24},
        records={"systemd's own figure": text} if text else {},
    )


def verification(
    tag: str,
    series_sha256: str,
    *,
    names: Sequence[str],
    boot: float = 0.62,
    faults: Sequence[str] = (),
    ablated: Sequence[str] = (),
    text: str = "Startup finished in 402ms.",
) -> VerifyReport:
    """A verification with a scenario per name; `faults` are those of the last one."""
    scenarios = tuple(
        ScenarioReport(
            name=name,
            summary=f"What {name} is about",
            verdict=Verdict.FAILED if faults and name == names[-1] else Verdict.PASSED,
            cases=(
                case(f"{name}, plain", text=text),
                case(
                    f"{name}, with a terminal",
                    "-t",
                    "--tmpfs",
                    "/run",
                    faults=faults if name == names[-1] else (),
                ),
            ),
        )
        for name in names
    )
    times = {
        "boot": spread([boot + 0.01 * n for n in range(20)]),
        "boot, with a terminal": spread([boot + 0.05]),
        "stop": spread([0.22 + 0.004 * n for n in range(20)]),
    }
    failing = FailingCheck(
        scenario=names[0],
        case=f"{names[0]}, plain",
        check="is-system-running says running",
        fault="the container exited with 255",
    )
    return VerifyReport(
        release=tag,
        version=f"systemd {tag[1:]}",
        series_sha256=series_sha256,
        verdict=Verdict.FAILED if faults else Verdict.PASSED,
        voids=(),
        whole=True,
        images={"patched": f"sha256:{'a' * 64}", "stock": f"sha256:{'b' * 64}"},
        engine=ENGINE,
        control=(
            ControlReport(
                name="plain",
                options=("--tmpfs", "/run"),
                outcome=ControlOutcome.REFUSED,
                measured="exit 255: Failed to create /init.scope control group",
                conditions=("as declared",),
            ),
        ),
        scenarios=scenarios,
        milliseconds=times,
        ablation=tuple(
            Ablation(
                patch=patch,
                scenarios=tuple(names[:2]),
                failing=(failing,) * (number % 3),
            )
            for number, patch in enumerate(ablated)
        ),
        repetition=RepetitionReport(count=50, failures=(), milliseconds=times),
    )


def record(root: Path, report: VerifyReport) -> None:
    """Put a verification into a patch repository, as `patchkit verify` does."""
    workspace = Workspace(root)
    lock = workspace.lock()
    locked = lock.releases[report.release]
    content = evidence(report)
    kept = replace(locked, verification=lock_verification(report, content, None))
    plan = workspace.plan_verification(locked.release, content, lock.with_release(kept))
    for path, text in plan.writes.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_bytes(text)
