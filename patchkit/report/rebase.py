"""The report of a rebase: a value for JSON, a table and a conflict's page for people."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from patchkit.console import Cell, Table, Tone
from patchkit.rebase.outcome import ConflictReason, MovedLine, Notice, Outcome, Region
from patchkit.upstream.sources import Origin
from patchkit.workspace.lock import Tombstone
from patchkit.workspace.tombstones import culprit_text, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from patchkit.rebase.outcome import PatchResult, RebaseResult
    from patchkit.releases import Release
    from patchkit.upstream.sources import UpstreamTree

TONES = {
    Outcome.UNCHANGED: Tone.GOOD,
    Outcome.CLEAN: Tone.GOOD,
    Outcome.MERGED: Tone.CARE,
    Outcome.RELOCATED: Tone.CARE,
    Outcome.RESOLVED: Tone.CARE,
    Outcome.PROPOSED: Tone.BAD,
    Outcome.UPSTREAM: Tone.NOTE,
    Outcome.SKIPPED: Tone.NOTE,
    Outcome.CONFLICT: Tone.BAD,
}
"""How an outcome is shown."""
_SHOWN_LINES = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReport:
    """A conflict in one file."""

    path: str
    reason: ConflictReason
    regions: tuple[Region, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RememberedReport:
    """By whose decision a conflict was settled: made when, for which release, kept in which file.

    `by` is None where git did not know; `accepted` says that they took what was proposed.
    """

    by: str | None
    date: str
    release: str
    accepted: bool
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchReport:
    """What became of one patch; offsets in lines, one per hunk.

    What was settled beyond git's merge has its evidence, and the lines of the patch that found
    no place; `proposal` is the diff that a person may accept. `remembered` is the decision that
    settled the same conflict before.
    """

    name: str
    outcome: Outcome
    meaning: str
    strategy: str | None
    file: str | None
    sha256: str | None
    files: tuple[str, ...]
    hunks: int
    offsets: tuple[int, ...]
    look_at: tuple[Notice, ...]
    conflict: tuple[FileReport, ...]
    speaks_for: tuple[str, ...] = ()
    speaks_against: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    proposal: str | None = None
    remembered: RememberedReport | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RebaseReport:
    """What `patchkit rebase` tells; `written` are the paths in the repository that changed.

    `dropped` says why patches are left out, by their names.
    """

    schema: str = "patchkit.rebase/1"
    release: str
    base: str
    tree: str
    commit: str | None
    origin: Origin
    three_way: bool
    dry_run: bool
    complete: bool
    patches: tuple[PatchReport, ...]
    written: tuple[str, ...] = ()
    edit: str | None = None
    dropped: dict[str, Tombstone] = field(default_factory=dict)


def report_rebase(
    result: RebaseResult,
    *,
    tree: UpstreamTree,
    base: Release,
    dry_run: bool,
    written: tuple[str, ...] = (),
    edit: str | None = None,
) -> RebaseReport:
    """Make the report. `edit` is the folder in which a conflict is to be finished."""
    return RebaseReport(
        release=tree.release.tag,
        base=base.tag,
        tree=tree.tree,
        commit=tree.commit,
        origin=tree.origin,
        three_way=result.three_way,
        dry_run=dry_run,
        complete=result.conflict is None,
        patches=tuple(_patch_report(patch) for patch in result.results),
        written=written,
        edit=edit,
    )


def _patch_report(result: PatchResult) -> PatchReport:
    patch = result.patch or result.original
    conflict = result.conflict.files if result.conflict else ()
    return PatchReport(
        name=result.original.name,
        outcome=result.outcome,
        meaning=result.outcome.meaning,
        strategy=result.strategy,
        file=result.patch.file_name if result.patch else None,
        sha256=result.patch.sha256 if result.patch else None,
        files=patch.paths,
        hunks=patch.hunk_count,
        offsets=result.offsets,
        look_at=result.notices,
        conflict=tuple(
            FileReport(path=file.path, reason=file.reason, regions=file.regions)
            for file in conflict
        ),
        speaks_for=tuple(each.text for each in result.evidence if each.favours),
        speaks_against=tuple(each.text for each in result.evidence if not each.favours),
        left_out=result.left_out,
        proposal=result.proposed_diff,
        remembered=_remembered(result),
    )


def _remembered(result: PatchResult) -> RememberedReport | None:
    memory = result.memory
    if memory is None:
        return None
    return RememberedReport(
        by=memory.by,
        date=memory.date,
        release=memory.release,
        accepted=memory.accepted,
        file=memory.file,
    )


def table(report: RebaseReport) -> Table:
    """One row a patch."""
    return Table(
        headings=("Patch", "Outcome", "Files", "Hunks", "Offset", "Look at"),
        rows=tuple(
            (
                Cell(patch.name, Tone.STRONG),
                Cell(_outcome_text(patch), TONES[patch.outcome]),
                Cell(str(len(patch.files))),
                Cell(str(patch.hunks)),
                Cell(_offset_text(patch.offsets)),
                Cell(_look_text(patch)),
            )
            for patch in report.patches
        ),
    )


def _outcome_text(patch: PatchReport) -> str:
    return f"{patch.outcome} ({patch.strategy})" if patch.strategy else str(patch.outcome)


def _offset_text(offsets: tuple[int, ...]) -> str:
    """Every hunk's way in short: `0`, `+12`, or the extremes `+3…+48`."""
    if not offsets:
        return "-"
    low, high = min(offsets), max(offsets)
    if low == high:
        return f"{low:+d}" if low else "0"
    return f"{low:+d}…{high:+d}"


def _look_text(patch: PatchReport) -> str:
    if patch.conflict:
        return f"conflict in {_counted(len(patch.conflict), 'file')}"
    return _counted(len(patch.look_at), "place") if patch.look_at else "-"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'s' * (count != 1)}"


def look_lines(report: RebaseReport) -> Iterator[str]:
    """Every place to look at, for those who read on."""
    for patch in report.patches:
        for notice in patch.look_at:
            yield f"look at {patch.name}: {notice_text(notice)}"


def notice_text(notice: Notice) -> str:
    """One thing to look at, in a few words."""
    if not notice.function:
        return f"{notice.path} {notice.what}"
    call = "()" if notice.function.isidentifier() else ""
    return f"{notice.path}: {notice.function}{call} {notice.what}"


def dropped_lines(report: RebaseReport) -> Iterator[tuple[str, Tone]]:
    """Why patches are left out, which upstream commits have them, and whether they still do."""
    for name, stone in report.dropped.items():
        said, tone = sentence(name, stone, report.release)
        yield said, tone
        for commit in stone.ended or stone.commits:
            yield f"  {culprit_text(commit)}", tone


def evidence_lines(report: RebaseReport) -> Iterator[tuple[str, Tone]]:
    """What speaks for and against everything that was settled beyond git's merge."""
    for patch in report.patches:
        yield from ((f"{patch.name}: for: {text}", Tone.GOOD) for text in patch.speaks_for)
        yield from ((f"{patch.name}: against: {text}", Tone.CARE) for text in patch.speaks_against)
        yield from ((f"{patch.name}: left out: {line}", Tone.CARE) for line in patch.left_out)
        if patch.proposal is not None:
            yield f"{patch.name}: proposed:", Tone.STRONG
            yield from ((f"  {line}", _diff_tone(line)) for line in patch.proposal.splitlines())


def _diff_tone(line: str) -> Tone:
    return {"+": Tone.GOOD, "-": Tone.BAD, "@": Tone.NOTE}.get(line[:1], Tone.PLAIN)


def conflict_lines(report: RebaseReport) -> Iterator[tuple[str, Tone]]:
    """A conflict's page: every place with its three sides and what moved."""
    for patch in report.patches:
        for file in patch.conflict:
            yield f"{patch.name}: {file.path}: {file.reason}", Tone.BAD
            for region in file.regions:
                yield from _region_lines(region, report, patch.name, file.path)


def _region_lines(
    region: Region, report: RebaseReport, patch: str, path: str
) -> Iterator[tuple[str, Tone]]:
    place = f"  {path}:{region.line}"
    yield (f"{place}, in {region.function}()" if region.function else place), Tone.STRONG
    sides = (
        (f"{report.release} has", region.target, Tone.NOTE),
        (f"{report.base if report.three_way else 'the patch'} had", region.base, Tone.FAINT),
        (f"{patch} makes it", region.patch, Tone.GOOD),
    )
    for heading, lines, tone in sides:
        yield f"    {heading}:", Tone.PLAIN
        yield from ((f"      | {line}", tone) for line in lines[:_SHOWN_LINES])
        if not lines:
            yield "      | (nothing)", tone
        if len(lines) > _SHOWN_LINES:
            yield f"      | … {len(lines) - _SHOWN_LINES} lines more", tone
    for moved in region.moved:
        yield f"    {_moved_text(moved)}", Tone.CARE


def _moved_text(moved: MovedLine) -> str:
    within = f" in {moved.function}()" if moved.function else ""
    return f"upstream has it now at {moved.path}:{moved.line}{within}: {moved.text}"
