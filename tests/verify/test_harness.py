"""The harness fails what must fail: a shell script stands in for systemd, in a real engine."""

from __future__ import annotations

import _thread
import json
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from patchkit.console import clean
from patchkit.engine.options import RunOptions as EngineOptions
from patchkit.verify import perform
from patchkit.verify.case_run import run_case
from patchkit.verify.docker_vessel import DockerVessel
from patchkit.verify.scenario import Need, RunOptions
from patchkit.verify.verdict import ControlOutcome, Verdict
from tests.verify.support import HEAD, parsed, run, threads

if TYPE_CHECKING:
    from tests.verify.support import Rig

pytestmark = pytest.mark.docker

WAIT, STOP = 'wait = "running", timeout = 6', "stop = 1"


def containers(rig: Rig) -> list[object]:
    found: list[object] = rig.engine._client().containers(
        all=True, filters={"label": f"org.patchkit.run={rig.engine.run_id}"}
    )
    return found


@pytest.mark.parametrize("mounts", ["plain", "tmpfs"])
@pytest.mark.parametrize("tty", ["false", "true"])
def test_a_good_one_passes_in_proven_conditions(rig: Rig, mounts: str, tty: str) -> None:
    case = rig.case(
        "good",
        run(
            'wait = "running", time = "boot", logs = "stand-in @VERSION@ starts"',
            'exec = "cat /proc/1/comm", says = "init"',
            'stop = 5, within = 4, logs = "STOPPING", time = "stop"',
            more=f'mounts = "{mounts}"\ntty = {tty}',
        ),
    )
    assert (case.verdict, case.reason) == (Verdict.PASSED, "")
    assert case.proven
    assert dict(case.times).keys() == {"boot", "stop"}
    assert containers(rig) == []


@pytest.mark.parametrize(
    ("behaviour", "steps", "reason"),
    [
        ("hangs", ['wait = "running", timeout = 1'], "after 1 s it still says: nothing"),
        ("dies", [WAIT], "it ended with exit code 3: it cannot go on"),
        ("silent", [WAIT], "it ended with exit code 255, without a word"),
        ("degraded", [WAIT], "it is 'degraded'"),
        ("deaf", [WAIT, STOP], "it was killed \\(exit code 137\\)"),
        ("good", [WAIT, 'exec = "exit 3"'], "exit code 3, wanted 0"),
        ("good", [WAIT, 'exec = "sleep 9", timeout = 1'], "in time"),
        ("good", [WAIT, 'exec = "/none"'], "exit code 127"),
        ("good", [WAIT, 'exec = "echo a", says = "b"'], "does not say /b/: a"),
        ("good", [WAIT, 'exec = "true", logs = "never"'], "the log does not have /never/"),
        ("good", [WAIT, "ended = 1"], "it is still up after 1 s"),
        ("good", [WAIT, 'stop = 5, order = ["STOPPING", "starts"]'], "starts/ after STOPPING"),
        ("good", [WAIT, "stop = 5, exit = 7"], "exit code 0, wanted 7"),
        ("good", [WAIT, 'until = "false", timeout = 0.5'], "not so after 0.5 s"),
        ("good", [WAIT, "get = 8080, timeout = 1"], "has not published port 8080"),
        ("leaves", [WAIT, 'exec = "sleep 5"'], ""),
    ],
)
def test_a_bad_one_fails_and_says_why(
    rig: Rig, behaviour: str, steps: list[str], reason: str
) -> None:
    begun = time.monotonic()
    case = rig.case(behaviour, run(*steps))
    assert case.verdict is Verdict.FAILED
    assert re.search(reason, case.reason)
    assert time.monotonic() - begun < 20
    assert containers(rig) == []


def test_a_published_port_without_an_answer(rig: Rig) -> None:
    case = rig.case("good", run(WAIT, "get = 8080, timeout = 1", more="publish = [8080]"))
    assert "no page within 1 s" in case.reason


def test_a_crash_in_the_log_is_seen_at_once(rig: Rig) -> None:
    steps = (WAIT, 'exec = "sleep 2"', 'exec = "true"')
    case = rig.case("crashes", run(*steps, more="survives = true"))
    assert [check.passed for check in case.checks] == [True, False, False]
    assert "the log tells of a crash: Assertion 'x' failed" in case.reason
    assert rig.case("crashes", run(*steps)).verdict is Verdict.PASSED


def test_a_pid_1_that_executes_itself_anew_is_given_time(rig: Rig) -> None:
    steps = (WAIT, 'kill = "HUP"', STOP)
    case = rig.case("executes itself anew", run(*steps, more="survives = true"))
    assert (case.verdict, case.reason) == (Verdict.PASSED, "")


def test_a_pid_1_that_stays_mute_is_seen(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perform, "_HEARING", 1.0)
    steps = (WAIT, 'kill = "USR1"', STOP)
    case = rig.case("executes itself anew", run(*steps, more="survives = true"))
    assert "PID 1 does not answer: nothing" in case.reason


def test_a_pid_1_that_is_gone_is_seen(rig: Rig) -> None:
    case = rig.case("leaves", run(WAIT, 'exec = "sleep 0.3"', "pause = 1", 'exec = "true"'))
    assert case.verdict is Verdict.FAILED
    assert not case.checks[-1].passed


def test_steps_after_the_end_are_not_reached(rig: Rig) -> None:
    case = rig.case("dies", run(WAIT, 'exec = "true", name = "later"'))
    assert case.unreached == ("later",)


def test_what_a_failure_leaves_is_kept(rig: Rig) -> None:
    case = rig.case("escapes", run(WAIT))
    assert case.kept is not None
    kept = Path(case.kept)
    assert (kept / "log.txt").read_bytes().startswith(b"\x1b]0;owned\x07")
    assert json.loads((kept / "inspect.json").read_text())["State"]["ExitCode"] == 9
    assert "cannot be told" in (kept / "units.txt").read_text()
    assert "\x1b" not in clean(case.reason)
    assert "owned" not in case.reason


@pytest.mark.parametrize(
    ("slipped_in", "violation"),
    [
        (EngineOptions(security=("seccomp=unconfined",)), "SecurityOpt"),
        (EngineOptions(cgroupns="host"), "CgroupnsMode"),
        (EngineOptions(binds=("/tmp:/mnt",)), "Binds"),
        (EngineOptions(read_only=True), "ReadonlyRootfs"),
        (EngineOptions(cap_drop=("ALL",)), "CapDrop"),
    ],
)
def test_an_option_that_was_slipped_in_voids(
    rig: Rig, slipped_in: EngineOptions, violation: str
) -> None:
    harbour = rig.harbour("good")

    def make() -> DockerVessel:
        return DockerVessel(
            engine=rig.engine,
            container=rig.engine.create(harbour.image, slipped_in),
            options=RunOptions(),
            witness=lambda: None,
        )

    case = run_case(
        parsed(run(WAIT, "stop = 5")).cases[0],
        make,
        scenario="test",
        words={},
        keep=rig.keep,
        stopping=threading.Event(),
    )
    assert case.verdict is Verdict.VOID
    assert case.violations[0].startswith(violation)
    if violation == "SecurityOpt":
        assert "no seccomp filter is on (Seccomp: 0)" in case.violations


def test_a_container_that_is_gone_has_a_twin_that_tells(rig: Rig) -> None:
    case = rig.case("silent", run("ended = 5, exit = 255"))
    assert case.proven
    assert case.verdict is Verdict.PASSED


@pytest.mark.parametrize(
    ("behaviour", "outcome", "verdict"),
    [
        ("stock", ControlOutcome.REFUSED, Verdict.PASSED),
        ("silent", ControlOutcome.SILENT, Verdict.VOID),
        ("dies", ControlOutcome.OTHER, Verdict.VOID),
        ("good", ControlOutcome.BOOTED, Verdict.VOID),
    ],
)
def test_the_negative_control(
    rig: Rig, behaviour: str, outcome: ControlOutcome, verdict: Verdict
) -> None:
    found = rig.verify("good", run(WAIT, "stop = 5"), control=behaviour)
    assert [result.outcome for result in found.control] == [outcome]
    assert found.control[0].proven
    assert found.verdict is verdict


def test_what_cannot_be_run_here_says_so(rig: Rig) -> None:
    suite = rig.suite()
    suite.absent = {Need.PODMAN: "podman is not here"}
    runs = run(WAIT, more='needs = "podman"')
    (scenario,) = suite.run(rig.jobs("good", runs)).scenarios
    assert scenario.cases[0].verdict is Verdict.NOT_RUN
    assert scenario.cases[0].reason == "podman is not here"


def test_restart_keeps_the_container(rig: Rig) -> None:
    runs = run(
        WAIT, 'exec = "echo x >/kept"', "restart = 5", WAIT, 'exec = "cat /kept"', "stop = 5"
    )
    assert rig.case("good", runs).verdict is Verdict.PASSED


def test_many_at_once_keep_their_order(rig: Rig) -> None:
    head = HEAD + f"steps = [{{ {WAIT} }}, {{ stop = 5 }}]\n"
    runs = "".join(f'[[runs]]\nname = "{n}"\n' for n in range(8))
    (scenario,) = rig.verify("good", runs, head=head).scenarios
    assert [case.name for case in scenario.cases] == [str(n) for n in range(8)]
    assert scenario.verdict is Verdict.PASSED
    assert len(rig.seen) == 8


def test_ctrl_c_ends_all_and_leaves_nothing(rig: Rig) -> None:
    head = HEAD + 'steps = [{ wait = "running", timeout = 60 }]\n'
    runs = "".join(f'[[runs]]\nname = "{n}"\n' for n in range(12))
    jobs = rig.jobs("hangs", runs, head=head)
    timer = threading.Timer(1.5, _thread.interrupt_main)
    begun = time.monotonic()
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        rig.suite().run(jobs)
    assert time.monotonic() - begun < 20
    assert not threads()
    assert containers(rig) == []
