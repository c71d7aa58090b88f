"""Running many cases at once, bounded, with the negative control first; one result at the end."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from patchkit.errors import PatchkitError
from patchkit.verify.case_run import run_case
from patchkit.verify.control import run_control
from patchkit.verify.verdict import CaseResult, ControlResult, ScenarioResult, Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from patchkit.verify.scenario import Case, Need, Scenario
    from patchkit.verify.vessel import Vessel

_R = TypeVar("_R")
WORKERS = 3 * (os.cpu_count() or 1)
"""How many containers live at once: most of their time is waiting."""
_TICK = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A case to be run: which scenario it belongs to, and how its container is made."""

    scenario: Scenario
    case: Case
    make: Callable[[], Vessel]


@dataclass(slots=True, kw_only=True)
class Suite:
    """What all cases of one variant share.

    `absent` are the needs that cannot be met here, each with its reason. `seen` is told of
    every case as it ends; `words` stand for `@NAME@` in patterns; `keep` is the folder for
    what failures leave.
    """

    words: Mapping[str, str]
    keep: Path
    absent: Mapping[Need, str] = field(default_factory=dict)
    seen: Callable[[CaseResult], None] = lambda _result: None
    workers: int = WORKERS
    stopping: threading.Event = field(default_factory=threading.Event)
    _alive: dict[int, Vessel] = field(default_factory=dict)

    def run(self, jobs: list[Job], control: list[Job] | None = None) -> Verification:
        """Run the negative control, then the scenarios that want the machine alone, then the rest.

        Raises what the engine raises, and `KeyboardInterrupt`; no case goes on then.
        """
        begun = time.monotonic()
        controls = self._each(control or [], self._control, self.workers)
        alone = [job for job in jobs if job.scenario.alone]
        results = self._each(alone, self._case, 1)
        together = [job for job in jobs if not job.scenario.alone]
        results += self._each(together, self._case, self.workers)
        return Verification(
            scenarios=_by_scenario(jobs, {id(job): result for job, result in results}),
            control=tuple(result for _, result in controls),
            seconds=time.monotonic() - begun,
        )

    def _case(self, job: Job) -> CaseResult:
        reasons = [self.absent[need] for need in sorted(job.case.needs) if need in self.absent]
        if reasons:
            result = CaseResult(
                scenario=job.scenario.name,
                name=job.case.name,
                options=job.case.options.words,
                not_run="; ".join(reasons),
            )
        else:
            result = run_case(
                job.case,
                lambda: self._made(job),
                scenario=job.scenario.name,
                words=self.words,
                keep=self.keep / job.scenario.name / _folder_name(job.case.name),
                stopping=self.stopping,
            )
        self.seen(result)
        return result

    def _control(self, job: Job) -> ControlResult:
        return run_control(job.case, lambda: self._made(job))

    def _made(self, job: Job) -> Vessel:
        vessel = job.make()
        self._alive[id(vessel)] = vessel
        return vessel

    def _end(self) -> None:
        """No case goes on: what it waits for is taken away."""
        self.stopping.set()
        for vessel in list(self._alive.values()):
            with contextlib.suppress(PatchkitError):
                vessel.remove()

    def _each(
        self, jobs: list[Job], work: Callable[[Job], _R], workers: int
    ) -> list[tuple[Job, _R]]:
        """Do the work for all jobs, `workers` at a time; the order is that of the jobs."""
        self._alive.clear()
        pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="case")
        futures = {pool.submit(work, job): job for job in jobs}
        waiting: set[Future[_R]] = set(futures)
        try:
            while waiting:  # with a timeout, so that Ctrl-C is heard
                done, waiting = wait(waiting, timeout=_TICK, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
        except BaseException:
            self._end()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return [(job, future.result()) for future, job in futures.items()]


def _by_scenario(jobs: list[Job], results: Mapping[int, CaseResult]) -> tuple[ScenarioResult, ...]:
    scenarios = {job.scenario.name: job.scenario for job in jobs}
    return tuple(
        ScenarioResult(
            name=name,
            summary=scenario.summary,
            cases=tuple(results[id(job)] for job in jobs if job.scenario.name == name),
        )
        for name, scenario in scenarios.items()
    )


def _folder_name(name: str) -> str:
    return "".join(c if c.isalnum() or c in "._-" else "-" for c in name).strip("-") or "case"
