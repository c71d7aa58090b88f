"""The examination of a release: control, scenarios, ablation, repetition, in one engine."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

from patchkit.verify.ablation import Ablation, failing_checks, has_booted
from patchkit.verify.ground import Ground
from patchkit.verify.scenario import Case, Expect, Place, Scenario, Step, Stop, Wait
from patchkit.verify.suite import WORKERS, Job, Suite
from patchkit.verify.verdict import Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from patchkit.build.image import Image
    from patchkit.engine.connection import Engine
    from patchkit.verify.scenario import Need
    from patchkit.verify.verdict import CaseResult


@dataclass(slots=True, kw_only=True)
class Examination:
    """What all parts of it share.

    `scenarios` are those asked for, `known` all there are; `version` is systemd's as it names
    itself; `keep` the folder for what failures leave; `seen` is told of every case that ended.
    """

    engine: Engine
    scenarios: tuple[Scenario, ...]
    known: tuple[Scenario, ...]
    version: str
    keep: Path
    absent: Mapping[Need, str]
    seen: Callable[[CaseResult], None]
    _grounds: dict[str, Ground] = field(default_factory=dict)

    def verify(self, patched: Image, stock: Image) -> Verification:
        """The negative control with the stock build, then every scenario with the patched one."""
        control = [job for job in self._ground(stock).jobs(self._controls()) if not job.case.needs]
        return self._suite("patched").run(self._ground(patched).jobs(self.scenarios), control)

    def ablate(
        self, patch: str, image: Image, whole: Verification, named: Sequence[str]
    ) -> Ablation:
        """The scenarios that are said to prove the patch; all others when those show nothing.

        Where not even a boot succeeds without the patch, nothing more is tried.
        """
        begun = time.monotonic()
        ground, suite = self._ground(image), self._suite(f"without-{patch}")
        first = [s for s in self.scenarios if s.name in named] or list(self.scenarios)
        rounds = (
            [s for s in first if s.control],
            [s for s in first if not s.control],
            [s for s in self.scenarios if s not in first],
        )
        result = Verification(scenarios=())
        for number, scenarios in enumerate(rounds):
            failing = failing_checks(whole, result)
            if failing and (number == 2 or not has_booted(result)):
                break
            done = suite.run(ground.jobs(scenarios))
            result = replace(result, scenarios=result.scenarios + done.scenarios)
        return Ablation(
            patch=patch,
            scenarios=tuple(scenario.name for scenario in result.scenarios),
            failing=failing_checks(whole, result),
            seconds=time.monotonic() - begun,
        )

    def repeat(self, image: Image, count: int) -> tuple[CaseResult, ...]:
        """Boot and stop, one container after another, in the control's conditions by turns."""
        ground, suite = self._ground(image), self._suite("repeat", workers=1)
        kinds = [job.case.options for job in ground.jobs(self._controls()) if not job.case.needs]
        scenario = Scenario(name="repeat", summary="Boots and stops", cases=())
        harbour = ground.harbour(scenario)
        cases = [
            Case(name=f"boot {n + 1}", options=kinds[n % len(kinds)], steps=_BOOT_AND_STOP)
            for n in range(count)
        ]
        jobs = [Job(scenario=scenario, case=c, make=partial(harbour.vessel, c)) for c in cases]
        return suite.run(jobs).scenarios[0].cases

    def _controls(self) -> tuple[Scenario, ...]:
        return tuple(s for s in self.known if s.control and s.place is Place.DOCKER)

    def _ground(self, image: Image) -> Ground:
        if image.id not in self._grounds:
            self._grounds[image.id] = Ground(engine=self.engine, image=image)
        return self._grounds[image.id]

    def _suite(self, name: str, workers: int = WORKERS) -> Suite:
        return Suite(
            workers=workers,
            words={"VERSION": self.version},
            keep=self.keep / name,
            absent=self.absent,
            seen=self.seen,
        )


_BOOT_AND_STOP = (
    Step(
        name="boots",
        action=Wait(states=("running",)),
        expect=Expect(),
        timeout=20.0,
        time="boot",
    ),
    Step(
        name="docker stop",
        action=Stop(grace=10),
        expect=Expect(exits=frozenset({0})),
        timeout=25.0,
        time="stop",
    ),
)
