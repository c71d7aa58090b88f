"""A verification as it goes, told line by line where there is no terminal."""

from __future__ import annotations

import io

from patchkit.console import Console
from patchkit.report.verify_live import LiveView
from patchkit.verify.verdict import CaseResult, CheckResult

KILLED = CheckResult(name="docker stop", measured="exit code 137", faults=("it was killed",))


def case(*checks: CheckResult) -> CaseResult:
    return CaseResult(scenario="shutdown", name="stop", checks=checks, proven=True, seconds=14.7)


def told(*results: CaseResult, without: str | None = None) -> list[str]:
    err = io.StringIO()
    console = Console(json=False, verbosity=0, out=io.StringIO(), err=err, environ={})
    view = LiveView(console=console, expected={})
    with view.shown((), without=without):
        for result in results:
            view.seen(result)
    return err.getvalue().splitlines()


def test_a_line_a_container_with_the_reason_where_it_falls_short() -> None:
    passed, failed = told(
        case(CheckResult(name="docker stop", measured="exit code 0")), case(KILLED)
    )
    assert passed == "passed   shutdown/stop, 1 checks, 14.7 s"
    assert failed.startswith("failed   shutdown/stop, 1 checks, 14.7 s: docker stop")


def test_what_fails_without_a_patch_does_not_read_as_a_failure_of_the_series() -> None:
    (line,) = told(case(KILLED), without="manager")
    assert line.startswith("  without manager: failed   shutdown/stop")
