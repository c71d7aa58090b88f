"""Judging is pure: what was seen in, what is wrong with it out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.verify.judge import Pulse, Seen, judge_control, judge_step, plain, shown
from patchkit.verify.scenario import Action, Exec, Expect, Get, Step, Stop
from patchkit.verify.verdict import ControlOutcome


def step(action: Action | None = None, **expect: Any) -> Step:
    return Step(
        name="it",
        action=action or Exec(line="true"),
        expect=Expect(**expect),
        timeout=5,
    )


def faults(wanted: Step, seen: Seen) -> tuple[str, ...]:
    return judge_step(wanted, seen, {"VERSION": "26.1"}).faults


@pytest.mark.parametrize(
    ("expect", "seen", "fault"),
    [
        (
            {"exits": frozenset({0})},
            {"code": 3, "output": "a\nwhy\n"},
            "exit code 3, wanted 0: why",
        ),
        ({"says": ("^a$",)}, {"output": "b"}, "the output does not say /^a$/: b"),
        ({"says": ("^a$",)}, {"output": ""}, "the output does not say /^a$/: it is empty"),
        ({"lacks": ("b",)}, {"output": "abc"}, "the output says /b/: b"),
        ({"logs": ("x",)}, {"logs": "y"}, "the log does not have /x/"),
        ({"new_logs": ("x",)}, {"logs": "x", "new_logs": ""}, "the log has no new /x/"),
        ({"logs_lack": ("x.*",)}, {"logs": "a\nxyz"}, "the log has /x.*/: xyz"),
        ({"order": ("a", "b")}, {"logs": "b a"}, "the log does not have /b/ after a"),
        ({"within": 1.0}, {"seconds": 2.0}, "it took 2.00 s, at most 1 s is allowed"),
        ({"at_least": 3.0}, {"seconds": 2.0}, "it took 2.00 s, at least 3 s is wanted"),
        ({}, {"problem": "it is late"}, "it is late"),
        ({}, {"pulse": Pulse(running=False, answer="")}, "PID 1 is gone"),
        ({}, {"pulse": Pulse(running=True, answer="")}, "PID 1 does not answer: nothing"),
        (
            {},
            {
                "pulse": Pulse(running=True, answer="running"),
                "logs": "ok\n\x1b[31mAssertion 'x' failed at a.c:1\x1b[0m\n",
            },
            "the log tells of a crash: Assertion 'x' failed at a.c:1",
        ),
    ],
)
def test_what_is_not_as_expected(expect: dict[str, Any], seen: dict[str, Any], fault: str) -> None:
    looked = Seen(**{"seconds": 0.1, "code": 0, **seen})
    assert faults(step(**expect), looked) == (fault,)


@pytest.mark.parametrize(
    ("expect", "seen"),
    [
        ({"exits": frozenset({0, 3})}, {"code": 3}),
        ({"exits": None}, {"code": 9}),
        ({"says": ("^systemd @VERSION@$",)}, {"output": "x\r\nsystemd 26.1\r\n"}),
        ({"order": ("a", "b", "a")}, {"logs": "a b a"}),
        ({"within": 3.0, "at_least": 1.0}, {"seconds": 2.0}),
        ({}, {"pulse": Pulse(running=True, answer="degraded")}),
    ],
)
def test_what_is_as_expected(expect: dict[str, Any], seen: dict[str, Any]) -> None:
    looked = Seen(**{"seconds": 0.1, "code": 0, **seen})
    assert faults(step(**expect), looked) == ()


def test_a_word_is_taken_literally() -> None:
    wanted = step(says=("^@VERSION@$",))
    assert faults(wanted, Seen(seconds=0, code=0, output="26x1"))


def test_a_container_that_was_killed_is_told_as_that() -> None:
    wanted = step(Stop(grace=1), exits=frozenset({0}))
    assert faults(wanted, Seen(seconds=1, code=137)) == ("it was killed (exit code 137), wanted 0",)


def test_a_page_has_a_status() -> None:
    wanted = step(Get(port=80), exits=frozenset({200}))
    assert faults(wanted, Seen(seconds=1, code=404)) == ("status 404, wanted 200",)


LOG = "\x1b[0;1;31mFailed to create /init.scope control group: Read-only file system\x1b[0m\r\n"


@pytest.mark.parametrize(
    ("booted", "code", "logs", "outcome"),
    [
        ("running", None, "", ControlOutcome.BOOTED),
        ("degraded", None, LOG, ControlOutcome.BOOTED),
        (None, 255, LOG + "Exiting PID 1...\n", ControlOutcome.REFUSED),
        (None, 255, "", ControlOutcome.SILENT),
        (None, 127, "libc.so.6: cannot open shared object\n", ControlOutcome.OTHER),
        (None, None, "", ControlOutcome.SILENT),
    ],
)
def test_the_negative_control(
    booted: str | None, code: int | None, logs: str, outcome: ControlOutcome
) -> None:
    assert judge_control(booted=booted, code=code, logs=logs)[0] is outcome


@given(st.text())
def test_a_plain_log_has_no_terminal_sequence(text: str) -> None:
    assert not re.search(r"\x1b\[[0-9;]*m", plain(text + "\x1b[1;31mred\x1b[0m"))


@given(st.text())
def test_what_is_shown_is_one_short_line(text: str) -> None:
    said = shown(text)
    assert len(said) <= 160
    assert len(said.splitlines()) <= 1


def test_systemds_own_marks_are_taken_out() -> None:
    raw = "\x1b[18t\x1b7\x1b[32766;32766H\x1b[6n\x1b8\x1b[!p\x1b]104\x1b\\\x1b[0m\x1b[?7h"
    raw += "systemd 262\r\n"
    assert plain(raw) == "systemd 262\n"
    assert plain("\x1b]3008;start=1;pid=1\x1b\\\x1b[0;1mtext") == "text"
