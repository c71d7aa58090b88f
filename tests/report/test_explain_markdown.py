"""The page of explain in Markdown shows what comes from elsewhere as it is written."""

from __future__ import annotations

from dataclasses import replace

from patchkit.rebase.culprit import Culprit
from patchkit.rebase.journeys import Journey, Way
from patchkit.rebase.outcome import Notice, Outcome
from patchkit.report.explain import Explained, ExplainReport, Neighbour, Rule, page
from patchkit.report.explain_markdown import explain_markdown
from patchkit.report.rebase import PatchReport, RebaseReport
from patchkit.upstream.sources import Origin, SourceKind

BY = Culprit(commit="c" * 40, author="A|da", date="2026-01-02", subject="*bold* `x` <b>", path="a")
PATCH = PatchReport(
    name="main", outcome=Outcome.RESOLVED, meaning="settled", strategy="adjacent lines", file="f",
    sha256="0", files=("a.c",), hunks=1, offsets=(), look_at=(), conflict=(),
    speaks_for=("for it",), speaks_against=("against it",), left_out=("x | y `z`",),
)  # fmt: skip
TOLD = RebaseReport(
    release="v261", base="v260", tree="t", commit=None,
    origin=Origin(kind=SourceKind.GIT, source="u"), three_way=True, dry_run=True, complete=True,
    patches=(PATCH,),
)  # fmt: skip
EXPLAINED = Explained(
    name="main",
    summary="A <summary>",
    why="one\ntwo",
    hunks=(
        Journey(path="a.c", function="f", old_line=1, new_line=2, way=Way.SAME),
        Journey(path="a.c", function="", old_line=3, new_line=None, way=Way.LOST, culprit=BY),
        Journey(path="a.c", function="g", old_line=5, new_line=6, way=Way.SETTLED, new_path="b.c"),
    ),
    rules=(
        Rule(text="in f of a.c: has x | y", holds=True),
        Rule(text="in g of a.c: has z", holds=False, why="lacks *it*", culprit=BY),
        Rule(text="in h of a.c: has w"),
    ),
    watch=("w(...)",),
    neighbours=(
        Neighbour(
            notice=Notice(path="a.c", function="f", what="changed"),
            commits=tuple(replace(BY, subject=f"change {n}") for n in range(8)),
        ),
    ),
    landed=(BY,),
)
REPORT = ExplainReport(rebase=TOLD, history=True, patches=(EXPLAINED,))


def test_everything_is_there() -> None:
    shown = explain_markdown(REPORT)
    for part in (
        "## main: resolved on v261\n",
        "> one\n> two\n",
        "| `a.c:1` | `f` | \\-\\> line 2 |",
        "| `a.c:3` |  | has no place that git's merge finds; since cccccccccccc",
        "b.c:6, settled beyond git's merge; upstream changed it between v260 and v261",
        "- rule holds: `in f of a.c: has x \\| y`",
        "- **rule does not hold**: `in g of a.c: has z`: lacks \\*it\\*, since cccccccccccc",
        "- rule, not checked yet: `in h of a.c: has w`",
        "- **left out**: ``` x \\| y `z` ```".replace("```", "``"),
        "  - 2 commits before these\n",
        "change 7",
        "- upstream since cccccccccccc",
    ):
        assert part in shown
    assert "change 1" not in shown


def test_nothing_from_elsewhere_is_markup() -> None:
    shown = explain_markdown(REPORT)
    assert "*bold*" not in shown.replace("\\*", "")
    assert "<b>" not in shown
    assert "A|da" not in shown
    assert all(line.count("|") - line.count("\\|") == 4
               for line in shown.splitlines() if line.startswith("|"))  # fmt: skip


def test_the_terminal_s_page_has_the_same() -> None:
    shown = "\n".join(text for text, _ in page(REPORT))
    for part in ("upstream since", "-> b.c:6", "rule does not hold", "2 commits before these",
                 "watched for: w(...)", "left out: x | y `z`"):  # fmt: skip
        assert part in shown
