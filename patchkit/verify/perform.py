"""Carrying out a step on a container, and telling what was seen. Every wait is bounded."""

from __future__ import annotations

import http.client
import time
from typing import TYPE_CHECKING, TypeVar, assert_never

from patchkit.verify.judge import Pulse, Seen, judge_step, plain, shown
from patchkit.verify.scenario import (
    Ended,
    Enter,
    Exec,
    Get,
    Kill,
    Pause,
    Restart,
    Stop,
    Until,
    Wait,
)
from patchkit.verify.vessel import Ran, StepFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from patchkit.verify.scenario import Step
    from patchkit.verify.verdict import CheckResult
    from patchkit.verify.vessel import Vessel

_T = TypeVar("_T")
STATE = ("systemctl", "is-system-running")
SETTLED = frozenset({"running", "degraded", "maintenance"})
_POLL = 0.05
_HEARING = 10.0
"""How long PID 1 may take to answer, in seconds; machines that verify are busy machines."""
_PATIENCE = 2.0
"""How long, in seconds, a line may take from a process to the engine's log."""


def carry_out(
    step: Step,
    vessel: Vessel,
    words: Mapping[str, str],
    *,
    since: float | None = None,
    pulse: bool = False,
) -> tuple[CheckResult, Seen]:
    """Do one step and judge it.

    `since` is the `time.monotonic()` from which its seconds count (else from now). With
    `pulse`, PID 1 is asked afterwards whether it lives.
    """
    begun = time.monotonic() if since is None else since
    before = len(vessel.logs()) if step.expect.new_logs else 0
    code, output, problem = None, "", None
    try:
        code, output = _act(step, vessel)
    except StepFailedError as error:
        problem = error.message
    seconds = time.monotonic() - begun

    def look() -> Seen:
        logs = vessel.logs() if step.expect.reads_logs or pulse else ""
        return Seen(
            seconds=seconds,
            code=code,
            output=output,
            problem=problem,
            logs=logs,
            new_logs=logs[before:],
            pulse=_pulse(vessel) if pulse else None,
        )

    seen = look()
    result = judge_step(step, seen, words)
    until = time.monotonic() + _PATIENCE
    while not result.passed and not problem and step.expect.reads_logs:
        if time.monotonic() > until:
            break
        time.sleep(_POLL)
        seen = look()
        result = judge_step(step, seen, words)
    return result, seen


def _act(step: Step, vessel: Vessel) -> tuple[int | None, str]:  # noqa: PLR0911 - one an action
    """The exit code (or status) and the output of what was done."""
    match step.action:
        case Wait(states=states):
            return None, _wait(vessel, frozenset(states), step.timeout)
        case Exec(line=line, user=user):
            ran = vessel.run(("/bin/sh", "-c", line), timeout=step.timeout, user=user)
            return ran.code, ran.output
        case Enter(line=line):
            vessel.enter(("/bin/sh", "-c", line))
            return None, ""
        case Until(line=line):
            ran = _until(vessel, line, step.timeout)
            return ran.code, ran.output
        case Stop(grace=grace):
            vessel.stop(grace)
            return _ended(vessel, step.timeout), ""
        case Kill(signal=name):
            vessel.kill(name)
            return None, ""
        case Restart(grace=grace):
            vessel.restart(grace)
            return None, ""
        case Ended():
            return _ended(vessel, step.timeout), ""
        case Get(port=port, path=path):
            return _get(vessel, port, path, step.timeout)
        case Pause(seconds=seconds):
            time.sleep(seconds)
            return None, ""
        case _ as never:
            assert_never(never)


def _wait(vessel: Vessel, states: frozenset[str], timeout: float) -> str:
    """Poll PID 1 until it is in one of the states."""
    answer = "nothing"

    def reached() -> str | None:
        nonlocal answer
        _require_life(vessel)
        try:
            answer = shown(vessel.run(STATE, timeout=5).output) or "nothing"
        except StepFailedError as error:
            _require_life(vessel)
            answer = error.message
        if answer in states:
            return answer
        if answer in SETTLED:
            raise StepFailedError(f"it is '{answer}'{_failed_units(vessel)}")
        return None

    return _poll(reached, timeout, lambda: f"after {timeout:g} s it still says: {answer}")


def _until(vessel: Vessel, line: str, timeout: float) -> Ran:
    said = "nothing"

    def done() -> Ran | None:
        nonlocal said
        ran = vessel.run(("/bin/sh", "-c", line), timeout=timeout)
        said = shown(ran.output) or f"exit code {ran.code}"
        return ran if ran.code == 0 else None

    return _poll(done, timeout, lambda: f"not so after {timeout:g} s: {said}")


def _get(vessel: Vessel, port: int, path: str, timeout: float) -> tuple[int, str]:
    host, outside = vessel.address(port)
    fault = ""

    def answered() -> tuple[int, str] | None:
        nonlocal fault
        connection = http.client.HTTPConnection(host, outside, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read(1 << 20).decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            fault = str(error) or type(error).__name__
            return None
        finally:
            connection.close()

    return _poll(answered, timeout, lambda: f"no page within {timeout:g} s: {fault}")


def _ended(vessel: Vessel, timeout: float) -> int:
    code = vessel.ended(timeout)
    if code is None:
        raise StepFailedError(f"it is still up after {timeout:g} s")
    return code


def _poll(attempt: Callable[[], _T | None], timeout: float, late: Callable[[], str]) -> _T:
    end = time.monotonic() + timeout
    while True:
        found = attempt()
        if found is not None:
            return found
        if time.monotonic() > end:
            raise StepFailedError(late())
        time.sleep(_POLL)


def _require_life(vessel: Vessel) -> None:
    life = vessel.life()
    if not life.running:
        last = shown(vessel.logs())
        said = f": {last}" if last else ", without a word"
        raise StepFailedError(f"it ended with exit code {life.exit_code}{said}")


def _failed_units(vessel: Vessel) -> str:
    listed = vessel.run(("systemctl", "--failed", "--no-legend", "--plain"), timeout=5).output
    names = [line.split()[0] for line in plain(listed).splitlines() if line.strip()]
    return f"; failed: {', '.join(names)}" if names else ""


def _pulse(vessel: Vessel) -> Pulse:
    """Ask PID 1 until it answers, or for a while: one that executes itself anew cannot at once."""
    until = time.monotonic() + _HEARING
    while True:
        pulse = _asked(vessel)
        if pulse.is_heard or not pulse.running or time.monotonic() > until:
            return pulse
        time.sleep(_POLL)


def _asked(vessel: Vessel) -> Pulse:
    if not vessel.life().running:
        return Pulse(running=False, answer="")
    try:
        ran = vessel.run(STATE, timeout=10)
    except StepFailedError as error:
        return Pulse(running=vessel.life().running, answer=error.message)
    return Pulse(running=True, answer=plain(ran.output).strip())
