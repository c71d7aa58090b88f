"""Judging: what was seen in, what is wrong with it out. Nothing is run here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.verify.scenario import Ended, Exec, Get, Restart, Stop, Until, Wait
from patchkit.verify.verdict import CheckResult, ControlOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.verify.scenario import Expect, Step

KILLED = 137
"""The exit code of a container whose PID 1 was ended by SIGKILL (128 + 9)."""

CRASH = re.compile(
    r"Assertion '.*' failed at|Caught <\w+>|Freezing execution|terminated by signal ABRT"
    r"|code=dumped.*status=6/ABRT"
)
"""What systemd logs when it, or its executor, gives up."""

REFUSED = re.compile(r"cgroup|control group", re.IGNORECASE)
READ_ONLY = re.compile(r"Read-only file system|Permission denied|Operation not permitted")
_SHOWN = 160
_CODES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # control sequences: colours, the cursor
    r"|\x1b[\]P^_X][^\x07\x1b\n]*(?:\x07|\x1b\\)"  # strings: titles, systemd's context marks
    r"|\x1b[ -/]*[0-~]"
)
"""Terminal sequences, by ECMA-48."""


_UP = re.compile(r"^(running|degraded|starting|stopping)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """Whether PID 1 lives: is its container up, and what does it answer?"""

    running: bool
    answer: str

    @property
    def is_heard(self) -> bool:
        """Whether it answered with a state of a system that is up."""
        return bool(_UP.search(self.answer))


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of one step.

    `code` is an exit code (of the command, or of the container when the step was to end it) or
    an HTTP status; None where there is none. `problem` says why the step could not be carried
    out or did not end in time. `logs` is the container's log from its start, `new_logs` its
    part since the step began.
    """

    seconds: float
    code: int | None = None
    output: str = ""
    problem: str | None = None
    logs: str = ""
    new_logs: str = ""
    pulse: Pulse | None = None


def plain(text: str) -> str:
    """A log without terminal sequences and carriage returns: what a person reads."""
    return _CODES.sub("", text).replace("\r", "")


def judge_step(step: Step, seen: Seen, words: Mapping[str, str]) -> CheckResult:
    """One step's result. `words` take the place of `@NAME@` in patterns, literally."""
    faults = [seen.problem] if seen.problem else []
    faults += _exit_faults(step, seen)
    if not seen.problem:
        faults += _output_faults(step.expect, seen, words)
        faults += _time_faults(step.expect, seen.seconds)
    faults += _log_faults(step.expect, seen, words)
    if seen.pulse is not None:
        faults += pulse_faults(seen.pulse, seen.logs)
    return CheckResult(name=step.name, measured=_measured(step, seen), faults=tuple(faults))


def pulse_faults(pulse: Pulse, logs: str) -> list[str]:
    """Why PID 1 does not count as alive."""
    crash = CRASH.search(plain(logs))
    if crash:
        line = next(line for line in plain(logs).splitlines() if crash[0] in line)
        return [f"the log tells of a crash: {shown(line)}"]
    if not pulse.running:
        return ["PID 1 is gone"]
    if not pulse.is_heard:
        return [f"PID 1 does not answer: {shown(pulse.answer) or 'nothing'}"]
    return []


def _exit_faults(step: Step, seen: Seen) -> list[str]:
    wanted = step.expect.exits
    if wanted is None or seen.code in wanted or (seen.code is None and seen.problem):
        return []
    listed = " or ".join(str(code) for code in sorted(wanted))
    if isinstance(step.action, Get):
        return [f"status {seen.code}, wanted {listed}"]
    if isinstance(step.action, Stop | Ended | Restart) and seen.code == KILLED:
        return [f"it was killed (exit code {KILLED}), wanted {listed}"]
    said = shown(seen.output)
    return [f"exit code {seen.code}, wanted {listed}" + (f": {said}" if said else "")]


def _output_faults(expect: Expect, seen: Seen, words: Mapping[str, str]) -> list[str]:
    text = plain(seen.output)
    faults = [
        f"the output does not say /{pattern}/: {shown(text) or 'it is empty'}"
        for pattern in expect.says
        if not _search(pattern, text, words)
    ]
    faults += [
        f"the output says /{pattern}/: {shown(match[0])}"
        for pattern in expect.lacks
        if (match := _search(pattern, text, words))
    ]
    return faults


def _log_faults(expect: Expect, seen: Seen, words: Mapping[str, str]) -> list[str]:
    logs, new_logs = plain(seen.logs), plain(seen.new_logs)
    faults = [
        f"the log does not have /{pattern}/"
        for pattern in expect.logs
        if not _search(pattern, logs, words)
    ]
    faults += [
        f"the log has no new /{pattern}/"
        for pattern in expect.new_logs
        if not _search(pattern, new_logs, words)
    ]
    faults += [
        f"the log has /{pattern}/: {shown(match[0])}"
        for pattern in expect.logs_lack
        if (match := _search(pattern, logs, words))
    ]
    at = 0
    for before, pattern in zip(("its start", *expect.order), expect.order, strict=False):
        match = re.compile(_filled(pattern, words), re.MULTILINE).search(logs, at)
        if match is None:
            faults.append(f"the log does not have /{pattern}/ after {before}")
            break
        at = match.end()
    return faults


def _time_faults(expect: Expect, seconds: float) -> list[str]:
    if expect.within is not None and seconds > expect.within:
        return [f"it took {seconds:.2f} s, at most {expect.within:g} s is allowed"]
    if expect.at_least is not None and seconds < expect.at_least:
        return [f"it took {seconds:.2f} s, at least {expect.at_least:g} s is wanted"]
    return []


def _measured(step: Step, seen: Seen) -> str:
    took = f"in {seen.seconds:.2f} s"
    said = shown(seen.output)
    match step.action:
        case Wait():
            return f"{said or 'no answer'} {took}"
        case Exec() | Until():
            return f"exit {seen.code} {took}" + (f": {said}" if said else "")
        case Get():
            return f"status {seen.code} {took}"
        case Stop() | Ended():
            return f"exit code {seen.code} {took}" if seen.code is not None else f"still up {took}"
        case _:
            return f"done {took}"


def _search(pattern: str, text: str, words: Mapping[str, str]) -> re.Match[str] | None:
    return re.compile(_filled(pattern, words), re.MULTILINE).search(text)


def _filled(pattern: str, words: Mapping[str, str]) -> str:
    for name, value in words.items():
        pattern = pattern.replace(f"@{name}@", re.escape(value))
    return pattern


def shown(text: str) -> str:
    """The last line that says something, shortened for a table."""
    lines = [line.strip() for line in plain(text).splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    return last if len(last) <= _SHOWN else last[: _SHOWN - 1] + "…"


def judge_control(*, booted: str | None, code: int | None, logs: str) -> tuple[ControlOutcome, str]:
    """What became of the stock build: the state that it reached, or how it ended.

    `code` is its exit code, None when it neither booted nor ended.
    """
    if booted is not None:
        return ControlOutcome.BOOTED, f"it reached '{booted}'"
    ended = f"exit code {code}" if code is not None else "hung"
    lines = [line.strip() for line in plain(logs).splitlines() if line.strip()]
    for line in lines:
        if REFUSED.search(line) and READ_ONLY.search(line):
            return ControlOutcome.REFUSED, f"{ended}: {shown(line)}"
    if not lines:
        return ControlOutcome.SILENT, f"{ended}, without a word"
    return ControlOutcome.OTHER, f"{ended}: {shown(lines[-1])}"
