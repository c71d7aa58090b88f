"""One file of a patch: its sides before the merge, and what the merge makes of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.rebase.objects import difference
from patchkit.rebase.outcome import FileConflict
from patchkit.rebase.strategies.guards import added_lines
from patchkit.series.patch import LineKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from patchkit.rebase.outcome import ConflictReason, FileState
    from patchkit.rebase.strategies.settling import Settlement
    from patchkit.series.patch import FileChange, Hunk


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreeSides:
    """A change on its base: the file before (None when it is new) and its content after."""

    change: FileChange
    before: FileState | None
    after: bytes


def _no() -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMerge:
    """A file's merge into the target.

    `path` is where the target has the file; `changes` what is to be done there (with markers
    where `conflict` is set). `before` and `after` are the two ends of the change on its base,
    None where that is not known. `is_upstream` tells whether the target has the change already:
    it can be taken out, which gives another content, and put back; it is asked only when a
    merge changes nothing. `settlement` is what the strategies beyond git's merge make of a
    conflict, where they have an answer.
    """

    change: FileChange
    path: str
    changes: Mapping[str, FileState | None]
    before: FileState | None = None
    after: bytes | None = None
    conflict: FileConflict | None = None
    is_upstream: Callable[[], bool] = _no
    settlement: Settlement | None = None

    def added_lines(self) -> list[bytes]:
        """The lines that the change adds: as it was written, else as git's diff has it."""
        if not self.change.hunks:
            return added_lines(self.before.content if self.before else b"", self.after or b"")
        lines = (line for hunk in self.change.hunks for line in hunk.lines)
        return [line.text for line in lines if line.kind is LineKind.ADDED]

    def canonical_hunks(self) -> tuple[Hunk, ...]:
        """The change on its base as git's diff would have it, else as it was written."""
        if self.after is None:
            return self.change.hunks
        return difference(self.before.content if self.before else b"", self.after)


def refused(
    change: FileChange, path: str, reason: ConflictReason, draft: FileState | None
) -> FileMerge:
    """A file that cannot be merged; `draft` is what a person gets to edit."""
    return FileMerge(
        change=change,
        path=path,
        changes={path: draft},
        conflict=FileConflict(path=path, reason=reason, marked=draft.content if draft else None),
    )
