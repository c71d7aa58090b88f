"""Reading a scenario's steps: what is done, and what is to be seen then."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from patchkit.toml.table import near
from patchkit.verify import scenario as sc

if TYPE_CHECKING:
    from collections.abc import Callable

    from patchkit.toml.table import Table

LONGEST = 120.0
"""No step may wait longer, in seconds: a hung container must not hang the suite."""

_ACTIONS = ("wait", "exec", "enter", "until", "stop", "kill", "restart", "ended", "get", "pause")
_EXPECTATIONS = (
    "exit", "says", "lacks", "logs", "new_logs", "logs_lack", "order", "within", "at_least",
)  # fmt: skip
_STEP = (*_ACTIONS, *_EXPECTATIONS, "name", "user", "path", "timeout", "time", "record")
_STATES = (
    "initializing", "starting", "running", "degraded", "maintenance", "stopping", "offline",
)  # fmt: skip


def read_step(step: Table) -> sc.Step | None:
    """Read one step; None after a mistake that leaves nothing of it."""
    step.only(_STEP)
    given = [key for key in _ACTIONS if step.has(key)]
    if len(given) != 1:
        what = f"both '{given[0]}' and '{given[1]}'" if given else f"none of {', '.join(_ACTIONS)}"
        step.problem(given[1] if given else "", f"a step does one thing; this one has {what}")
        return None
    action, timeout = _ACTION_READERS[given[0]](step)
    limit = step.number("timeout", timeout)
    if not 0 < limit <= LONGEST:
        step.problem("timeout", f"'timeout' must be more than 0 and at most {LONGEST:g} seconds")
    for key, owner in (("user", "exec"), ("path", "get"), ("record", "exec")):
        if step.has(key) and given[0] != owner:
            step.problem(key, f"'{key}' belongs to '{owner}', not to '{given[0]}'")
    return sc.Step(
        name=step.values["name"] if step.has("name") and step.text("name") else _title(action),
        action=action,
        expect=_expect(step, action),
        timeout=limit,
        time=step.text("time") if step.has("time") else None,
        record=step.text("record") if step.has("record") else None,
    )


def _wait(step: Table) -> tuple[sc.Action, float]:
    states = step.texts("wait", one=True)
    for state in states:
        if state not in _STATES:
            step.problem("wait", f"'{state}' is not a state of systemd{near(state, _STATES)}")
    return sc.Wait(states=states), 20.0


def _exec(step: Table) -> tuple[sc.Action, float]:
    user = step.text("user") if step.has("user") else None
    return sc.Exec(line=step.text("exec").strip(), user=user), 20.0


def _enter(step: Table) -> tuple[sc.Action, float]:
    return sc.Enter(line=step.text("enter").strip()), 10.0


def _until(step: Table) -> tuple[sc.Action, float]:
    return sc.Until(line=step.text("until").strip()), 10.0


def _stop(step: Table) -> tuple[sc.Action, float]:
    grace = int(step.number("stop", 10))
    return sc.Stop(grace=grace), grace + 15.0


def _kill(step: Table) -> tuple[sc.Action, float]:
    name = step.text("kill").removeprefix("SIG")
    known = [member.name.removeprefix("SIG") for member in signal.Signals]
    known += [f"RTMIN+{number}" for number in range(31)]
    if name and name not in known:
        step.problem("kill", f"'{name}' is not a signal{near(name, known)}")
    if name in {"KILL", "STOP"}:
        step.problem("kill", f"'{name}' cannot be caught: it proves nothing of PID 1")
    return sc.Kill(signal=name), 10.0


def _restart(step: Table) -> tuple[sc.Action, float]:
    grace = int(step.number("restart", 10))
    return sc.Restart(grace=grace), grace + 15.0


def _ended(step: Table) -> tuple[sc.Action, float]:
    return sc.Ended(), step.number("ended", 15)


def _get(step: Table) -> tuple[sc.Action, float]:
    path = step.text("path") if step.has("path") else "/"
    if not path.startswith("/"):
        step.problem("path", f"'{path}' must begin with '/'")
    return sc.Get(port=int(step.number("get", 80)), path=path), 10.0


def _pause(step: Table) -> tuple[sc.Action, float]:
    seconds = step.number("pause", 1)
    return sc.Pause(seconds=seconds), seconds + 5


_ACTION_READERS: dict[str, Callable[[Table], tuple[sc.Action, float]]] = {
    "wait": _wait,
    "exec": _exec,
    "enter": _enter,
    "until": _until,
    "stop": _stop,
    "kill": _kill,
    "restart": _restart,
    "ended": _ended,
    "get": _get,
    "pause": _pause,
}


def _expect(step: Table, action: sc.Action) -> sc.Expect:
    def bound(key: str) -> float | None:
        return step.number(key, 0) if step.has(key) else None

    return sc.Expect(
        exits=_exits(step, action),
        says=step.patterns("says"),
        lacks=step.patterns("lacks"),
        logs=step.patterns("logs"),
        new_logs=step.patterns("new_logs"),
        logs_lack=step.patterns("logs_lack"),
        order=step.patterns("order"),
        within=bound("within"),
        at_least=bound("at_least"),
    )


def _exits(step: Table, action: sc.Action) -> frozenset[int] | None:
    """The exit codes that will do: 0 (200 for a page) where the step says nothing else."""
    if not step.has("exit"):
        match action:
            case sc.Exec() | sc.Stop() | sc.Ended():
                return frozenset({0})
            case sc.Get():
                return frozenset({200})
            case _:
                return None
    value = step.values["exit"]
    if value == "any":
        return None
    if not isinstance(action, sc.Exec | sc.Stop | sc.Ended | sc.Get):
        step.problem("exit", "'exit' belongs to exec, stop, ended and get")
    codes = value if isinstance(value, list) else [value]
    if not codes or not all(isinstance(c, int) and not isinstance(c, bool) for c in codes):
        step.problem("exit", "'exit' must be a number, a list of numbers or \"any\"")
        return None
    return frozenset(codes)


def _title(action: sc.Action) -> str:  # noqa: PLR0911 - one an action
    """What a step without a name of its own is called."""
    match action:
        case sc.Wait(states=states):
            return f"reaches {' or '.join(states)}"
        case sc.Exec(line=line) | sc.Until(line=line):
            first = line.splitlines()[0] if line else ""
            return first if len(first) <= 70 and "\n" not in line else first[:69] + "…"
        case sc.Enter(line=line):
            return f"docker exec -dt {line}"
        case sc.Stop():
            return "docker stop"
        case sc.Kill(signal=name):
            return f"docker kill -s {name}"
        case sc.Restart():
            return "docker restart"
        case sc.Ended():
            return "ends by itself"
        case sc.Get(port=port, path=path):
            return f"GET :{port}{path}"
        case _:
            return "pause"
