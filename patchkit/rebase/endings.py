"""How a patch's rebase ends: the result of each way, with the new patch and what to look at."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit.errors import InconsistentError, UsageError
from patchkit.rebase.conflict import has_markers
from patchkit.rebase.decisions import BY_HAND
from patchkit.rebase.neighbourhood import TouchedFile, notices
from patchkit.rebase.outcome import (
    Conflict,
    ConflictReason,
    FileConflict,
    FileState,
    Outcome,
    PatchResult,
)
from patchkit.rebase.rewrite import file_changes, rewrite
from patchkit.rebase.strict import apply_strictly
from patchkit.series.render import render_diff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from patchkit.rebase.filemerge import FileMerge
    from patchkit.rebase.outcome import Notice
    from patchkit.rebase.strategies.ladder import Verdict
    from patchkit.rebase.tree import TreeView
    from patchkit.series.patch import Hunk, Patch

Changes = dict[str, FileState | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endings:
    """The ends of one patch's way to `target`; nothing here decides which one it is."""

    patch: Patch
    base: TreeView | None
    target: TreeView

    def conflict(self, merges: Sequence[FileMerge]) -> PatchResult:
        """Git's merge refuses, and nothing beyond it helps."""
        files = tuple(merge.conflict for merge in merges if merge.conflict)
        return self._stopped(files, merges)

    def climbed(self, verdict: Verdict, merges: Sequence[FileMerge]) -> PatchResult:
        """Conflicts settled beyond git's merge."""
        patch = rewrite(self.patch, self.target, dict(verdict.changes))
        return PatchResult(
            original=self.patch,
            outcome=Outcome.RELOCATED if verdict.is_move else Outcome.RESOLVED,
            patch=patch,
            strategy=", ".join(verdict.strategies),
            notices=self._notices(merges, patch),
            evidence=verdict.evidence,
            left_out=verdict.left_out_text,
        )

    def proposed(self, verdict: Verdict, merges: Sequence[FileMerge]) -> PatchResult:
        """A result that waits for a person, who may take it or edit the conflict instead."""
        waiting = self.conflict(merges)
        if not any(merge.conflict for merge in merges):
            reason = ConflictReason.UNKNOWN
            files = tuple(FileConflict(path=path, reason=reason) for path in verdict.changes)
            waiting = self._stopped(files, merges)
        return replace(
            waiting,
            outcome=Outcome.PROPOSED,
            strategy=", ".join(verdict.strategies) or None,
            evidence=verdict.evidence,
            left_out=verdict.left_out_text,
            proposal=verdict.changes,
            proposed_diff=self._diff_text(verdict, waiting),
        )

    def _diff_text(self, verdict: Verdict, waiting: PatchResult) -> str:
        """The proposal as a diff of the files that are in conflict."""
        doubtful = {file.path for file in waiting.conflict.files} if waiting.conflict else set()
        files = file_changes(self.patch, self.target, dict(verdict.changes))
        shown = [file for file in files if file.path in doubtful] or files
        return render_diff(shown).decode("utf-8", "replace")

    def vanished(self, merges: Sequence[FileMerge]) -> PatchResult:
        """Nothing is left to do, and yet the change is not upstream: a person must look."""
        reason = ConflictReason.VANISHED
        return self._stopped(
            tuple(FileConflict(path=merge.path, reason=reason) for merge in merges), merges
        )

    def _stopped(self, files: tuple[FileConflict, ...], merges: Sequence[FileMerge]) -> PatchResult:
        conflict = Conflict(files=files, draft=together(merges))
        return PatchResult(original=self.patch, outcome=Outcome.CONFLICT, conflict=conflict)

    def resolved(self, merges: Sequence[FileMerge], changes: Changes) -> PatchResult:
        """What a person made of it. Raises `UsageError` when it has markers or changes nothing."""
        marked = [p for p, state in changes.items() if state and has_markers(state.content)]
        if marked:
            raise UsageError(f"conflict markers are left in {', '.join(sorted(marked))}")
        if all(self.target.read(path) == state for path, state in changes.items()):
            raise UsageError(
                f"what you left of {self.patch.name} changes nothing",
                hint="to leave the patch out: `patchkit rebase --skip`",
            )
        patch = rewrite(self.patch, self.target, changes)
        return PatchResult(
            original=self.patch,
            outcome=Outcome.RESOLVED,
            patch=patch,
            strategy=BY_HAND,
            notices=self._notices(merges, patch),
        )

    def merged(self, merges: Sequence[FileMerge], changes: Changes) -> PatchResult:
        """Git's merge: as it was, at other lines, or with another text."""
        target = self.target
        renamed = {m.change.path: m.path for m in merges if m.path != m.change.path}
        if not renamed and self._fits_as_it_is(changes):
            onto_itself = self.base is not None and self.base.tree == target.tree
            patch = rewrite(self.patch, target, changes) if onto_itself else self.patch
            outcome, offsets = Outcome.UNCHANGED, (0,) * patch.hunk_count
        else:
            patch = rewrite(self.patch, target, changes)
            outcome, offsets = _compare(merges, patch)
        return PatchResult(
            original=self.patch,
            outcome=Outcome.MERGED if renamed else outcome,
            patch=patch,
            offsets=offsets,
            notices=self._notices(merges, patch),
        )

    def _fits_as_it_is(self, changes: Changes) -> bool:
        try:
            return apply_strictly(self.patch, self.target) == changes
        except InconsistentError:
            return False

    def _notices(self, merges: Sequence[FileMerge], patch: Patch) -> tuple[Notice, ...]:
        hunks_of = {file.path: file.hunks for file in patch.files}
        touched = []
        for merge in merges:
            before, target = merge.before, self.target.read(merge.path)
            touched.append(
                TouchedFile(
                    path=merge.path,
                    old_path=merge.change.path,
                    base=before.content if before and target else b"",
                    target=target.content if before and target else b"",
                    written=merge.change.hunks,
                    hunks=hunks_of.get(merge.path, ()),
                )
            )
        return notices(touched)


def _compare(merges: Sequence[FileMerge], patch: Patch) -> tuple[Outcome, tuple[int, ...]]:
    """Whether only line numbers changed, and each hunk's way in lines where hunks correspond."""
    hunks_of = {file.path: file.hunks for file in patch.files}
    pairs: list[tuple[Hunk, Hunk]] = []
    for merge in merges:
        old, new = merge.change.hunks, hunks_of.get(merge.path, ())
        if [hunk.lines for hunk in old] != [hunk.lines for hunk in new]:
            old = merge.canonical_hunks()  # as written, hunks may be cut in another way
        if len(old) != len(new):
            return Outcome.MERGED, ()
        pairs += zip(old, new, strict=True)
    offsets = tuple(new.old_start - old.old_start for old, new in pairs)
    same = all(old.lines == new.lines for old, new in pairs)
    return (Outcome.CLEAN if same else Outcome.MERGED), offsets


def together(merges: Sequence[FileMerge]) -> Changes:
    """What the merges of a patch's files change, taken together."""
    changes: Changes = {}
    for merge in merges:
        changes.update(merge.changes)
    return changes
