"""The negative control: the stock build, in the same conditions, must not boot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.verify.judge import judge_control
from patchkit.verify.perform import SETTLED, carry_out
from patchkit.verify.scenario import Expect, Step, Wait
from patchkit.verify.verdict import ControlResult
from patchkit.verify.vessel import StepFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from patchkit.verify.scenario import Case
    from patchkit.verify.vessel import Vessel

PATIENCE = 15.0
"""How long, in seconds, stock may take to boot before it counts as hung."""

_BOOT = Step(
    name="boots",
    action=Wait(states=tuple(sorted(SETTLED))),
    expect=Expect(),
    timeout=PATIENCE,
)


def run_control(case: Case, make: Callable[[], Vessel]) -> ControlResult:
    """Try to boot the stock build as the case is run; it is removed afterwards."""
    vessel = make()
    try:
        state = None
        try:
            vessel.start()
            check, seen = carry_out(_BOOT, vessel, {})
            state = seen.output if check.passed else None
        except StepFailedError:
            pass
        life = vessel.life()
        outcome, measured = judge_control(
            booted=state, code=None if life.running else life.exit_code, logs=vessel.logs()
        )
        proof = vessel.prove()
        return ControlResult(
            name=case.name,
            options=case.options.words,
            outcome=outcome,
            measured=measured,
            violations=proof.violations,
            proven=proof.proven,
        )
    finally:
        vessel.remove()
