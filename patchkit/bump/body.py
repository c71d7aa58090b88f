"""What a pull request says, in Markdown; pure, and the same for the same facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.bump.blocks import LIMIT, code, joined, mark
from patchkit.bump.commits import SAME_TEXT, offset_text
from patchkit.bump.wording import scenario_verdicts
from patchkit.report.markdown import escaped, range_markdown
from patchkit.report.rebase import notice_text
from patchkit.verify.verdict import Verdict

if TYPE_CHECKING:
    from patchkit.report.range_diff import RangeDiff
    from patchkit.report.rebase import RebaseReport
    from patchkit.report.verify_evidence import Evidence

_VERDICTS = {
    Verdict.PASSED: "passed",
    Verdict.FAILED: "FAILED",
    Verdict.VOID: "void",
    Verdict.NOT_RUN: "not run",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a pull request tells.

    `before` is the evidence of the release that the series comes from, `compare` a page that
    shows upstream's changes, `news` the headings of upstream's NEWS, `merges` says that a
    person's branch was followed.
    """

    rebase: RebaseReport
    verify: Evidence | None
    before: Evidence | None
    ranges: tuple[RangeDiff, ...]
    nar_hash: str | None
    compare: str | None
    news: tuple[str, ...]


def title(facts: Facts) -> str:
    """A pull request's title."""
    new = [p.name for p in facts.rebase.patches if p.outcome not in SAME_TEXT]
    what = f"new text for {', '.join(new)}" if new else "offsets only"
    return f"systemd {facts.rebase.release}: {what}"


def body(facts: Facts) -> str:
    """A pull request's text: the verdict first, then what review needs.

    What does not fit is left out from the end of the range-diffs, and said to be.
    """
    told = facts.rebase
    parts = [
        verdict_text(told.release, facts.verify),
        _patch_table(facts),
        f"### The patches, {told.base} to {told.release}\n\n{range_markdown(facts.ranges)}",
        _near(told),
        _times(facts),
        _source(facts),
        _news(facts),
        mark(told.release),
    ]
    if len(joined(parts)) > LIMIT:
        parts[2] = (
            f"### The patches, {told.base} to {told.release}\n\n"
            "The range-diffs are too long for this page: see the commit with new text, and the "
            "report among this job's artefacts."
        )
    text = joined(parts)
    if len(text) > LIMIT:
        end = f"\n\n(cut here: too long for this page)\n\n{mark(told.release)}\n"
        text = text[: LIMIT - len(end)] + end
    return text


def verdict_text(release: str, told: Evidence | None, voids: tuple[str, ...] = ()) -> str:
    """The verdict, and what it rests on."""
    if told is None:
        return f"## systemd {release}: not verified\n\nNobody has run it in Docker yet."
    engine, verdicts = told.engine, scenario_verdicts(told)
    rows = [
        f"| {escaped(name)} | {_VERDICTS[verdicts[name]]} | {len(cases)} "
        f"| {sum(len(case.checks) for case in cases.values())} |"
        for name, cases in told.scenarios.items()
    ]
    control = "; ".join(f"{escaped(c.name)}: {escaped(c.measured)}" for c in told.control)
    lines = [
        f"## systemd {release}: {_VERDICTS[told.verdict]} in unprivileged Docker",
        "",
        f"`{code(told.version)}` on {escaped(engine.name)} {escaped(engine.version)}, "
        f"kernel {escaped(engine.kernel)}, {escaped(engine.architecture)}.",
        *([f"The stock build in the same conditions: {control}."] if control else []),
        *(f"- void: {escaped(what)}" for what in voids),
        "",
        "| Scenario | Verdict | Containers | Checks |",
        "|---|---|---|---|",
        *rows,
    ]
    return "\n".join(lines)


def _patch_table(facts: Facts) -> str:
    ablation = facts.verify.ablation if facts.verify else {}
    rows = ["| Patch | Outcome | Offset | Look at | Without it |", "|---|---|---|---|---|"]
    for patch in facts.rebase.patches:
        how = f"{patch.outcome} ({patch.strategy})" if patch.strategy else str(patch.outcome)
        strong = "" if patch.outcome in SAME_TEXT else "**"
        failing = ablation.get(patch.name)
        if failing is None:
            without = "not known"
        elif failing:
            without = f"fails {len(failing)}, first {escaped(failing[0])}"
        else:
            without = "**nothing fails**"
        look = str(len(patch.look_at)) if patch.look_at else "-"
        rows.append(
            f"| {escaped(patch.name)} | {strong}{escaped(how)}{strong} | {offset_text(patch)} "
            f"| {look} | {without} |"
        )
    return "\n".join(rows)


def _near(told: RebaseReport) -> str:
    lines = [
        f"- {escaped(patch.name)}: {escaped(notice_text(notice))}"
        for patch in told.patches
        for notice in patch.look_at
    ]
    return "### What upstream changed near the patches\n\n" + "\n".join(lines) if lines else ""


def _times(facts: Facts) -> str:
    if facts.verify is None or not facts.verify.milliseconds:
        return ""
    before = facts.before.milliseconds if facts.before else {}
    was = facts.before.release if facts.before else "before"
    rows = [f"| Median (ms) | {escaped(was)} | {escaped(facts.verify.release)} |", "|---|---|---|"]
    for name, spread in facts.verify.milliseconds.items():
        old = str(before[name].median) if name in before else "-"
        rows.append(f"| {escaped(name)} | {old} | {spread.median} |")
    return "### Times\n\n" + "\n".join(rows)


def _source(facts: Facts) -> str:
    told = facts.rebase
    lines = [f"- tag `{told.release}`, tree `{told.tree}`"]
    if told.commit:
        lines[0] += f", commit `{told.commit}`"
    if told.origin.file:
        lines.append(f"- from `{code(told.origin.file)}`, SHA-256 `{told.origin.sha256}`")
    lines.append(f"- NAR hash `{facts.nar_hash}`" if facts.nar_hash else "- NAR hash: not known")
    if facts.compare:
        lines.append(f"- [what upstream changed]({facts.compare})")
    return "### Source\n\n" + "\n".join(lines)


def _news(facts: Facts) -> str:
    if not facts.news:
        return ""
    listed = "\n".join(f"- {escaped(heading)}" for heading in facts.news)
    return f"### Upstream's NEWS for this release\n\n{listed}"
