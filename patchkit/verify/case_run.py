"""One container's life, from its making to its removal."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from patchkit.verify.perform import carry_out
from patchkit.verify.scenario import Exec, Kill, Restart, Until, Wait
from patchkit.verify.verdict import CaseResult, CheckResult
from patchkit.verify.vessel import StepFailedError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from patchkit.errors import PatchkitError
    from patchkit.verify.scenario import Case, Step
    from patchkit.verify.vessel import Vessel


_INIT = 5.0
"""The longest that an image's program may take to begin, in seconds, before a moment is counted."""


@dataclass(slots=True)
class _Story:
    """What has been seen so far."""

    checks: list[CheckResult] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)
    times: list[tuple[str, float]] = field(default_factory=list)
    records: list[tuple[str, str]] = field(default_factory=list)
    violations: tuple[str, ...] = ()
    proven: bool = False


def run_case(
    case: Case,
    make: Callable[[], Vessel],
    *,
    scenario: str,
    words: Mapping[str, str],
    keep: Path,
    stopping: threading.Event,
) -> CaseResult:
    """Run one case to its end and remove its container.

    What a case that falls short leaves is kept in `keep`. Raises a `PatchkitError` when the
    engine is to blame rather than the container.
    """
    begun = time.monotonic()
    story, kept = _Story(), None
    vessel = make()
    try:
        _live(case, vessel, story, words, stopping)
        _prove(vessel, story)
        result = _result(case, scenario, story, time.monotonic() - begun)
        if result.verdict.falls_short and not stopping.is_set():
            vessel.keep(keep)
            kept = str(keep)
    finally:
        vessel.remove()
    return _result(case, scenario, story, time.monotonic() - begun, kept=kept)


def _live(
    case: Case,
    vessel: Vessel,
    story: _Story,
    words: Mapping[str, str],
    stopping: threading.Event,
) -> None:
    started: float | None = time.monotonic()
    try:
        vessel.start()
    except StepFailedError as error:
        story.checks.append(_broken("starts", error))
        story.unreached += [step.name for step in case.steps]
        return
    if case.moment is not None:
        vessel.await_init(_INIT)
        time.sleep(case.moment)
        started = None
    for number, step in enumerate(case.steps):
        if stopping.is_set():
            story.unreached += [later.name for later in case.steps[number:]]
            return
        done = _step(step, vessel, story, words, since=started, pulse=case.survives)
        started = None
        if not done and (isinstance(step.action, Wait) or not vessel.life().running):
            story.unreached += [later.name for later in case.steps[number + 1 :]]
            return
        if not story.proven and isinstance(step.action, Wait | Exec | Until):
            _prove(vessel, story)


def _step(
    step: Step,
    vessel: Vessel,
    story: _Story,
    words: Mapping[str, str],
    *,
    since: float | None,
    pulse: bool,
) -> bool:
    """Do one step; returns whether it could be carried out, whatever was seen then."""
    asked = pulse and isinstance(step.action, Exec | Until | Kill | Restart)
    check, seen = carry_out(step, vessel, words, since=since, pulse=asked)
    story.checks.append(check)
    if step.time and check.passed:
        story.times.append((step.time, round(seen.seconds, 3)))
    if step.record:
        story.records.append((step.record, seen.output.strip()))
    return seen.problem is None


def _prove(vessel: Vessel, story: _Story) -> None:
    """Read the conditions, once."""
    if not story.proven:
        proof = vessel.prove()
        story.proven, story.violations = proof.proven, proof.violations


def _result(
    case: Case, scenario: str, story: _Story, seconds: float, *, kept: str | None = None
) -> CaseResult:
    return CaseResult(
        scenario=scenario,
        name=case.name,
        options=case.options.words,
        checks=tuple(story.checks),
        violations=story.violations,
        proven=story.proven,
        unreached=tuple(story.unreached),
        times=tuple(story.times),
        records=tuple(story.records),
        seconds=seconds,
        kept=kept,
    )


def _broken(name: str, error: PatchkitError) -> CheckResult:
    return CheckResult(name=name, measured="not done", faults=(error.message,))
