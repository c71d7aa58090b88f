"""What pull requests and issues say: safe, bounded, the verdict first."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patchkit.bump.blocks import LIMIT, fenced, mark
from patchkit.bump.body import Facts, body, title
from patchkit.bump.ended import Failure, Findings
from patchkit.bump.issue import issue_body, issue_title
from patchkit.bump.steps import Step
from patchkit.errors import ExitCode
from patchkit.rebase.outcome import Notice, Outcome
from patchkit.report.range_diff import RangeDiff, RangeKind, RangeLine, Side
from patchkit.verify.verdict import Verdict
from tests.bump.support import evidence as report
from tests.bump.support import kept, patch, told, without

if TYPE_CHECKING:
    from patchkit.report.rebase import RebaseReport

NOTICE = Notice(path="src/core/main.c", function="run", what="changed upstream (3 lines)")
TOLD = told(
    patch("cgroup", Outcome.CLEAN, look_at=(NOTICE,)),
    patch("main", Outcome.MERGED),
)


def facts(**different: object) -> Facts:
    chunk = (RangeLine(Side.OLD, "+ old()"), RangeLine(Side.NEW, "+ new()"))
    made = Facts(
        rebase=TOLD,
        verify=kept(
            report(ablation=(without("main"), without("cgroup", problem="does not build")))
        ),
        before=kept(report("v261", boot=0.7)),
        ranges=(
            RangeDiff(name="cgroup", kind=RangeKind.MOVED),
            RangeDiff(name="main", kind=RangeKind.CHANGED, chunks=(chunk,)),
        ),
        nar_hash="sha256-abc=",
        compare="https://github.com/systemd/systemd/compare/v261...v262",
        news=("Changes in the service manager",),
    )
    return replace(made, **different)  # type: ignore[arg-type]


def test_everything_that_review_needs_the_verdict_first() -> None:
    text = body(facts())
    wanted = [
        "## systemd v262: passed in unprivileged Docker",
        "exit 255",
        "| boot | passed | 1 | 1 |",
        "| main | **merged** | +0…+3 | - | fails 1, first boot/plain: running: exit 255 |",
        "-+ old()",
        "++ new()",
        "changed upstream",
        "| boot | 700 | 500 |",
        "sha256-abc=",
        "compare/v261...v262",
        "- Changes in the service manager",
        mark("v262"),
    ]
    places = [text.index(each) for each in wanted]
    assert places == sorted(places)
    assert places[0] == 0
    assert title(facts()) == "systemd v262: new text for main"
    assert text == body(facts())


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.VOID])
def test_a_verdict_that_falls_short_says_so(verdict: Verdict) -> None:
    first = body(facts(verify=kept(report(verdict=verdict)))).split("\n")[0]
    assert "passed" not in first
    assert str(verdict).upper() in first.upper()
    assert "not verified" in body(facts(verify=None)).split("\n")[0]


def test_a_page_that_is_too_long_keeps_the_verdict_and_the_mark() -> None:
    lines = tuple(RangeLine(Side.NEW, "x" * 70) for _ in range(2000))
    long = RangeDiff(name="main", kind=RangeKind.CHANGED, chunks=(lines,))
    text = body(facts(ranges=(long,)))
    assert len(text) <= LIMIT
    assert text.startswith("## systemd v262: passed")
    assert "too long for this page" in text
    assert mark("v262") in text
    text = body(facts(ranges=(), news=("Changes " + "y" * 100,) * 900))
    assert len(text) <= LIMIT
    assert text.rstrip().endswith(mark("v262"))


@given(st.text(alphabet=st.sampled_from("`~\n\r ab@#<>[]()\x1b\u202e|"), max_size=60))
def test_nothing_from_elsewhere_gets_out_of_its_block(text: str) -> None:
    block = fenced(text, "diff")
    fence = re.match("`+", block)
    assert fence is not None
    inside = block.split("\n")[1:-1]
    assert not any(re.match(rf" {{0,3}}`{{{len(fence[0])},}}\s*$", line) for line in inside)
    assert block.split("\n")[-1] == fence[0]
    assert "\x1b" not in block and "\u202e" not in block and "\r" not in block


def failed(step: Step, message: str = "it broke") -> Failure:
    return Failure(step=step, exit_code=ExitCode.CONFLICT, message=message, hint="mend it")


def findings(rebase: RebaseReport | None = None, verdict: Verdict | None = None) -> Findings:
    made = Findings()
    made.rebase = rebase
    made.verify = kept(report(verdict=verdict)) if verdict else None
    return made


def test_an_issue_says_what_broke_and_how_to_go_on() -> None:
    stopped = told(patch("cgroup", Outcome.CLEAN), patch("main", Outcome.CONFLICT))
    about = findings(stopped)
    assert issue_title("v262", failed(Step.REBASE), about) == (
        "systemd v262: 'main' no longer applies"
    )
    text = issue_body("v262", failed(Step.REBASE), about, branch="patchkit/v262")
    assert "patchkit rebase --continue" in text
    assert "git push -u origin patchkit/v262" in text
    assert mark("v262") in text
    proposed = findings(told(patch("main", Outcome.PROPOSED)))
    text = issue_body("v262", failed(Step.REBASE), proposed, branch="patchkit/v262")
    assert "patchkit rebase --accept main" in text
    assert "accept" in issue_title("v262", failed(Step.REBASE), proposed)


def test_an_issue_about_a_verification_names_what_failed() -> None:
    about = findings(TOLD, Verdict.FAILED)
    assert issue_title("v262", failed(Step.VERIFY), about) == (
        "systemd v262: verification failed (boot)"
    )
    text = issue_body("v262", failed(Step.VERIFY), about, branch="b")
    assert "boot/plain: running: is down" in text
    assert "patchkit verify v262" in text


def test_an_issue_without_any_step(  # the branch and HEAD cannot be put together, say
) -> None:
    failure = Failure(step=None, exit_code=7, message="both changed series.toml")
    text = issue_body("v262", failure, Findings(), branch="b")
    assert "before its first step" in text
    assert "both changed series.toml" in text


def test_issues_are_bounded_and_their_titles_one_line() -> None:
    failure = failed(Step.BUILD, "x\n" * 50_000)
    text = issue_body("v262", failure, Findings(), branch="b")
    assert len(text) <= LIMIT
    assert mark("v262") in text
    name = issue_title("v262", failed(Step.COMMIT, "a\nb\x1b[31m" * 90), Findings())
    assert len(name) <= 200
    assert "\n" not in name and "\x1b" not in name
