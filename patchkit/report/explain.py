"""A patch on a release as a page: what it is for, each hunk's way, who changed what, the rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from patchkit.console import Tone
from patchkit.rebase.culprit import Culprit
from patchkit.rebase.journeys import Journey, Way
from patchkit.rebase.outcome import Notice
from patchkit.report.rebase import PatchReport, RebaseReport, conflict_lines, notice_text
from patchkit.workspace.tombstones import culprit_text

if TYPE_CHECKING:
    from collections.abc import Iterator

_SHOWN = 6
"""How many commits are shown for one place; the document has all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of the patch. `holds` is None where there is no result that it could hold in.

    `why` says why it does not hold, `culprit` the upstream commit after which it no longer does.
    """

    text: str
    holds: bool | None = None
    why: str | None = None
    culprit: Culprit | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """Something near the patch that upstream changed, and the commits that did, oldest first."""

    notice: Notice
    commits: tuple[Culprit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One patch: what it is for, its hunks' ways, its rules, what changed near it.

    `landed` are the upstream commits that have it, where it is upstream.
    """

    name: str
    summary: str
    why: str
    hunks: tuple[Journey, ...]
    rules: tuple[Rule, ...]
    watch: tuple[str, ...]
    neighbours: tuple[Neighbour, ...] = ()
    landed: tuple[Culprit, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainReport:
    """What `patchkit explain --json` prints. `history` tells whether commits could be searched."""

    schema: str = "patchkit.explain/1"
    rebase: RebaseReport
    history: bool
    patches: tuple[Explained, ...]

    def of(self, name: str) -> PatchReport:
        """What became of a patch."""
        return next(patch for patch in self.rebase.patches if patch.name == name)

    @property
    def waiting(self) -> str | None:
        """The patch that waits for a person, and the ones after it with it."""
        return None if self.rebase.complete else self.rebase.patches[-1].name


def page(report: ExplainReport) -> Iterator[tuple[str, Tone]]:
    """The page for a terminal, line by line; headings are strong."""
    told = report.rebase
    for explained in report.patches:
        patch = report.of(explained.name)
        yield f"{explained.name}: {patch.outcome} on {told.release} ({patch.meaning})", Tone.STRONG
        yield explained.summary, Tone.PLAIN
        yield from ((line, Tone.FAINT) for line in explained.why.split("\n"))
        for commit in explained.landed:
            yield f"  upstream since {culprit_text(commit)}", Tone.NOTE
        for way in explained.hunks:
            yield from _way_lines(way, told)
        yield from _judged_lines(patch)
        yield from _rule_lines(explained)
        for neighbour in explained.neighbours:
            yield f"  look at {notice_text(neighbour.notice)}", Tone.CARE
            yield from ((f"    {text}", Tone.FAINT) for text in commit_texts(neighbour.commits))
        yield "", Tone.PLAIN
    if report.waiting and len(report.patches) > 1:
        yield f"The patches after '{report.waiting}' wait for it: name one to see it.", Tone.NOTE
    if report.waiting in {explained.name for explained in report.patches}:
        yield from conflict_lines(told)


def _way_lines(way: Journey, told: RebaseReport) -> Iterator[tuple[str, Tone]]:
    within = f" in {way.function}()" if way.function.isidentifier() else ""
    yield f"  {way.path}:{way.old_line}{within} {way_text(way)}", _way_tone(way.way)
    if way.way is not Way.SAME:
        yield f"    {since_text(way, told)}", Tone.CARE


def way_text(way: Journey) -> str:
    """Where a hunk went, in a few words."""
    if way.new_line is None:
        return f"has {way.way}"
    place = f"{way.new_path}:{way.new_line}" if way.new_path else f"line {way.new_line}"
    return f"-> {place}" + ("" if way.way is Way.SAME else f", {way.way}")


def since_text(way: Journey, told: RebaseReport) -> str:
    """Which upstream commit a hunk met, else the releases between which it happened."""
    if way.culprit is not None:
        return f"since {culprit_text(way.culprit)}"
    return f"upstream changed it between {told.base} and {told.release}"


def _way_tone(way: Way) -> Tone:
    match way:
        case Way.SAME:
            return Tone.PLAIN
        case Way.MERGED | Way.SETTLED:
            return Tone.CARE
        case Way.LOST:
            return Tone.BAD
        case _:
            assert_never(way)


def commit_texts(commits: tuple[Culprit, ...]) -> Iterator[str]:
    """The commits of a place, the newest last; of many, how many more there were before."""
    if len(commits) > _SHOWN:
        yield f"{len(commits) - _SHOWN} commits before these"
    yield from map(culprit_text, commits[-_SHOWN:])


def _judged_lines(patch: PatchReport) -> Iterator[tuple[str, Tone]]:
    if patch.strategy:
        yield f"  settled by: {patch.strategy}", Tone.CARE
    yield from ((f"  for: {text}", Tone.GOOD) for text in patch.speaks_for)
    yield from ((f"  against: {text}", Tone.BAD) for text in patch.speaks_against)
    yield from ((f"  left out: {line}", Tone.BAD) for line in patch.left_out)


def _rule_lines(explained: Explained) -> Iterator[tuple[str, Tone]]:
    for rule in explained.rules:
        if rule.holds is None:
            yield f"  rule, not checked yet: {rule.text}", Tone.NOTE
        elif rule.holds:
            yield f"  rule holds: {rule.text}", Tone.GOOD
        else:
            yield f"  rule does not hold: {rule.text}", Tone.BAD
            yield f"    {rule.why}", Tone.BAD
            if rule.culprit is not None:
                yield f"    since {culprit_text(rule.culprit)}", Tone.CARE
    for pattern in explained.watch:
        yield f"  watched for: {pattern}", Tone.FAINT
