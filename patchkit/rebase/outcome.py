"""What a rebase ends in: one outcome per patch, and what a conflict is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from patchkit.series.patch import Patch, Series

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.rebase.lesson import Lesson, Memory
    from patchkit.rebase.strategies.settling import Evidence


class Outcome(StrEnum):
    """What became of a patch.

    The first three are git's own ways; `relocated` and `resolved` name their strategy, and so
    does `proposed`, which waits for a person as `conflict` does; `upstream` and `skipped` leave
    the patch out of the new series.
    """

    UNCHANGED = "unchanged"
    CLEAN = "clean"
    MERGED = "merged"
    RELOCATED = "relocated"
    RESOLVED = "resolved"
    UPSTREAM = "upstream"
    SKIPPED = "skipped"
    PROPOSED = "proposed"
    CONFLICT = "conflict"

    @property
    def meaning(self) -> str:
        """What it means, in a few words."""
        return _MEANINGS[self]


_MEANINGS = {
    Outcome.UNCHANGED: "same text, same place",
    Outcome.CLEAN: "same change, other line numbers",
    Outcome.MERGED: "three-way merge changed its text",
    Outcome.RELOCATED: "moved after the code that it changes",
    Outcome.RESOLVED: "settled beyond git's merge",
    Outcome.UPSTREAM: "already in the target",
    Outcome.SKIPPED: "left out by a person",
    Outcome.PROPOSED: "settled beyond git's merge, if a person accepts it",
    Outcome.CONFLICT: "needs a person",
}


class ConflictReason(StrEnum):
    """Why a file could not be merged; the values are written for people."""

    CONTENT = "both sides changed the same lines"
    CONTEXT = "the patch's context is not in the file"
    AMBIGUOUS = "the patch's context is in the file more than once"
    GONE = "upstream removed the file"
    EXISTS = "upstream has a file of that name already"
    CHANGED = "the patch removes a file that upstream changed"
    KIND = "upstream has something other than a regular file there"
    BROKEN = "it merges, and does not hold what the patch is to hold"
    UNKNOWN = "it merges, and rests on what the target does not have"
    VANISHED = "nothing of the patch is left, but it is not upstream either"


@dataclass(frozen=True, slots=True, kw_only=True)
class MovedLine:
    """A line of the base that the target has elsewhere. `line` counts from 1."""

    text: str
    path: str
    line: int
    function: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One place of a conflict with its three sides.

    `line` is where it starts in the target's file, counted from 1; `function` is what encloses
    it there. `target`, `base` and `patch` are the lines of the three sides without newlines.
    """

    line: int
    function: str
    target: tuple[str, ...]
    base: tuple[str, ...]
    patch: tuple[str, ...]
    moved: tuple[MovedLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FileConflict:
    """A file that could not be merged.

    `marked` is its content with diff3 markers, ready for an editor (None where there is no
    content to edit).
    """

    path: str
    reason: ConflictReason
    regions: tuple[Region, ...] = ()
    marked: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """A file's mode (git's) and bytes; `id` is the blob's hexadecimal id where it is known."""

    mode: int
    content: bytes
    id: str | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Why a patch stops, and what a person gets to edit.

    `draft` has every touched path: merged where that went well, with markers where it did not,
    None where the file would be gone.
    """

    files: tuple[FileConflict, ...]
    draft: Mapping[str, FileState | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something to look at: where, and what."""

    path: str
    function: str
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatchResult:
    """What became of one patch.

    `patch` is the new patch, None where the outcome leaves it out. `offsets` are the hunks'
    ways in lines, one per hunk, where hunks correspond. `strategy` names how it was settled
    where that was not git's merge; `evidence` is what speaks for and against it, and `left_out`
    are lines of the patch that found no place. `proposal` is what a person may accept,
    `proposed_diff` the same as text, for the files in conflict. `lesson` is what a person's
    decision teaches, `memory` the one by which a conflict was settled.
    """

    original: Patch
    outcome: Outcome
    patch: Patch | None = None
    offsets: tuple[int, ...] = ()
    strategy: str | None = None
    notices: tuple[Notice, ...] = ()
    conflict: Conflict | None = None
    evidence: tuple[Evidence, ...] = ()
    left_out: tuple[str, ...] = ()
    proposal: Mapping[str, FileState | None] | None = None
    proposed_diff: str | None = None
    lesson: Lesson | None = None
    memory: Memory | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What a person made of a conflict: every touched path; None removes the file."""

    files: Mapping[str, FileState | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class RebaseResult:
    """What became of a series; it ends at the first conflict.

    `three_way` is False where the base's tree could not be had, so that only the patches' own
    context was used.
    """

    results: tuple[PatchResult, ...]
    three_way: bool

    @property
    def conflict(self) -> PatchResult | None:
        """The patch that needs a person, if one does."""
        last = self.results[-1] if self.results else None
        waits = last is not None and last.outcome in (Outcome.CONFLICT, Outcome.PROPOSED)
        return last if waits else None

    @property
    def series(self) -> Series:
        """The new series, as far as it got."""
        return Series(tuple(r.patch for r in self.results if r.patch is not None))
