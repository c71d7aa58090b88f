"""Rebase a series: patch by patch, file by file, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from patchkit.errors import InconsistentError, UsageError
from patchkit.rebase.apply import Refused, apply_nearby
from patchkit.rebase.checks.judging import Failed, Trees, failures, watched
from patchkit.rebase.checks.reached import lost
from patchkit.rebase.conflict import has_markers
from patchkit.rebase.facts import Facts
from patchkit.rebase.files import FileMerge, FileMerger, ThreeSides
from patchkit.rebase.memo import Memo
from patchkit.rebase.neighbourhood import TouchedFile, notices
from patchkit.rebase.objects import Labels, ObjectSpace
from patchkit.rebase.outcome import (
    Conflict,
    ConflictReason,
    FileConflict,
    FileState,
    Notice,
    Outcome,
    PatchResult,
    RebaseResult,
    Resolution,
)
from patchkit.rebase.recall import learnt, remember
from patchkit.rebase.rewrite import file_changes, rewrite
from patchkit.rebase.strategies.ladder import Verdict, climb
from patchkit.rebase.strategies.settling import Grade, favours, opposes
from patchkit.rebase.strict import apply_strictly, states
from patchkit.series.render import render_diff

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from patchkit.rebase.checks.judging import PatchChecks
    from patchkit.rebase.checks.reached import Lost
    from patchkit.rebase.lesson import Memory
    from patchkit.rebase.tree import TreeView
    from patchkit.series.patch import FileChange, Hunk, Patch, Series

BY_HAND = "by hand"
"""The strategy of what a person settled."""

REMEMBERED = "remembered"
"""The strategy of what a person settled for another release."""

WAITS = frozenset({Outcome.CONFLICT, Outcome.PROPOSED})
"""The outcomes that need a person."""

Changes = dict[str, FileState | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """What a person decided.

    Resolutions by patch name, the names of patches left out, and of those whose proposal is
    accepted; and what was learnt from decisions before, by the key of the conflict. Nothing but
    what is left out changes the outcome of a patch that needs nobody.
    """

    resolutions: Mapping[str, Resolution] = field(default_factory=dict)
    skipped: frozenset[str] = frozenset()
    accepted: frozenset[str] = frozenset()
    remembered: Mapping[str, Memory] = field(default_factory=dict)


def rebase_series(
    series: Series,
    *,
    base: TreeView | None,
    target: TreeView,
    base_name: str,
    target_name: str,
    decisions: Decisions | None = None,
    checks: Mapping[str, PatchChecks] | None = None,
    facts: Facts | None = None,
    memo: Memo[FileMerge] | None = None,
    onwards: bool = False,
) -> RebaseResult:
    """Move `series` from `base` to `target`, up to the first conflict, or to its end (`onwards`).

    Without a base tree the patches' own context is all there is. A series that is rebased onto
    its own base is written anew in canonical form. Nothing is written to disk. `checks` are by
    the patches' names: what does not hold in the merged code is a conflict. `facts` is what is
    known of headers, and grows; without it, all of that is found out anew. `memo` has the merges
    of earlier calls. A patch that waits for a person counts as left out for those after it.
    Raises `InconsistentError` when a patch does not apply to its own base, `UsageError` when a
    resolution holds markers or changes nothing.
    """
    merger = FileMerger(space=ObjectSpace(), base=base, target=target, memo=memo or Memo())
    decided = decisions or Decisions()
    known = facts or Facts()
    results = []
    for patch in series.patches:
        labels = Labels(target=target_name, base=base_name, patch=f"{patch.name} (patch)")
        step = _Step(patch=patch, merger=merger, labels=labels, facts=known)
        step.checks = (checks or {}).get(patch.name)
        result, changes = step.run(decided)
        result = step.checked(result, changes)
        if result.outcome in WAITS:
            result, changes = step.decided(result, decided)
        results.append(result)
        if result.outcome in WAITS:
            if not onwards:
                break
            changes = {}
        merger = merger.advanced(base=step.base_changes, target=changes)
    return RebaseResult(results=tuple(results), three_way=base is not None)


@dataclass(slots=True, kw_only=True)
class _Step:
    """One patch under way. `base_changes` is what it does to its base, once that is known."""

    patch: Patch
    merger: FileMerger
    labels: Labels
    facts: Facts
    checks: PatchChecks | None = None
    base_changes: Changes = field(default_factory=dict)
    merges: list[FileMerge] = field(default_factory=list)
    verdict: Verdict | None = None

    def run(self, decided: Decisions) -> tuple[PatchResult, Changes]:
        merges = self.merges = [self._merge(change) for change in self.patch.files]
        if self.patch.name in decided.skipped:
            return PatchResult(original=self.patch, outcome=Outcome.SKIPPED), {}
        changes = _together(merges)
        vanished = all(self.merger.target.read(p) == state for p, state in changes.items())
        if not vanished or any(merge.conflict for merge in merges):
            return self._settled(merges)
        if all(merge.is_upstream() for merge in merges):
            return PatchResult(original=self.patch, outcome=Outcome.UPSTREAM), {}
        return self._vanished(merges), {}

    def _settled(self, merges: list[FileMerge]) -> tuple[PatchResult, Changes]:
        """What git's merge gives, or the strategies beyond it."""
        base, target = self.merger.base, self.merger.target
        verdict = self.verdict = climb(merges, base=base, target=target, facts=self.facts)
        if verdict is None:
            return self._conflict(merges), {}
        if verdict.grade is not Grade.RESOLVED:
            return self._proposed(verdict, merges), {}
        return self._taken(verdict, merges)

    def _taken(self, verdict: Verdict, merges: list[FileMerge]) -> tuple[PatchResult, Changes]:
        if any(merge.conflict for merge in merges):
            return self._climbed(verdict, merges), dict(verdict.changes)
        changes = _together(merges)
        return self._merged(merges, changes), changes

    # What a person decides, now or before

    def decided(self, waiting: PatchResult, decided: Decisions) -> tuple[PatchResult, Changes]:
        """A patch that waits, as a person settled it; what they make of it is checked, too."""
        name = self.patch.name
        resolution = decided.resolutions.get(name)
        proposed = self.verdict if waiting.outcome is Outcome.PROPOSED else None
        if name in decided.accepted and proposed:
            result, changes = self._taken(proposed, self.merges)
        elif resolution:
            changes = dict(resolution.files)
            result = self._resolved(changes)
        else:
            return self._remembered(waiting, decided)
        target, labels = self.merger.target, self.labels
        lesson = learnt(waiting, changes, target=target, labels=labels)
        return self.checked(replace(result, lesson=lesson), changes), changes

    def _remembered(self, waiting: PatchResult, decided: Decisions) -> tuple[PatchResult, Changes]:
        """Settled as a person settled the same conflict before; a conflict still if that fails."""
        target, labels = self.merger.target, self.labels
        found = remember(waiting, decided.remembered, target=target, labels=labels)
        if found is None:
            return waiting, {}
        if found.problem is not None:
            return replace(waiting, evidence=(*waiting.evidence, opposes(found.problem))), {}
        memory, changes = found.memory, dict(found.changes)
        if memory.release == labels.target and memory.accepted and found.proposed and self.verdict:
            result, _ = self._taken(self.verdict, self.merges)
        else:
            result = self._resolved(changes)
            if memory.release != labels.target:
                result = replace(result, strategy=REMEMBERED, evidence=(favours(memory.told),))
        checked = self.checked(result, changes)
        if checked.outcome in WAITS:
            said = opposes(f"{memory.told}: that was tried, and does not hold")
            failed = (each for each in checked.evidence if not each.favours)
            return replace(waiting, evidence=(*waiting.evidence, said, *failed)), {}
        return replace(checked, memory=memory), changes

    def _merge(self, change: FileChange) -> FileMerge:
        if self.merger.base is None:
            return self.merger.without_base(change, self.labels)
        sides = self._on_base(change, self.merger.base)
        self.base_changes.update(states(change, sides.before, sides.after))
        return self.merger.merge(sides, self.labels)

    def _on_base(self, change: FileChange, base: TreeView) -> ThreeSides:
        """Apply the change to the base, where it must have its place."""
        before = base.read(change.old_path) if change.old_path is not None else None
        if change.old_path is not None and before is None:
            raise InconsistentError(
                f"{self.patch.file_name} changes {change.old_path}, "
                f"which is not in {self.labels.base}",
                hint="the patch was written for another release; name it with --from",
            )
        applied = apply_nearby(before.content if before else b"", change.hunks)
        if isinstance(applied, Refused):
            hunk = change.hunks[applied.hunk]
            raise InconsistentError(
                f"{self.patch.file_name} does not apply to its own base {self.labels.base}: "
                f"{change.path}, hunk at line {hunk.old_start}",
                hint="mend the patch, or name the release that it was written for with --from",
            )
        return ThreeSides(change=change, before=before, after=applied.content)

    def checked(self, result: PatchResult, changes: Changes) -> PatchResult:
        """The same result, or a conflict when the merged code does not hold what it is to hold."""
        checks = self.checks
        if checks is None or result.outcome in WAITS or result.outcome is Outcome.SKIPPED:
            return result
        target = self.merger.target
        base = self.merger.base
        written = None
        if base and result.outcome not in (Outcome.UNCHANGED, Outcome.CLEAN):
            written = Trees(before=base, after=base.with_changes(self.base_changes))
        merged = Trees(before=target, after=target.with_changes(changes))
        unreached = tuple(self._unreached(checks, merged.after))
        failed = (
            *failures(checks, merged, written),
            *(
                Failed(path=u.path, function=u.function, what=u.what)
                for u in unreached
                if u.is_static
            ),
        )
        if failed:
            reason = ConflictReason.BROKEN
            paths = dict.fromkeys(f.path or checks.files[0] for f in failed)
            said = tuple(opposes(f"{f.path} {f.function} {f.what}".strip()) for f in failed)
            conflict = Conflict(
                files=tuple(FileConflict(path=path, reason=reason) for path in paths),
                draft=changes,
            )
            return replace(
                result,
                outcome=Outcome.CONFLICT,
                patch=None,
                conflict=conflict,
                evidence=(*result.evidence, *said),
            )
        if base is None:
            return result
        new = watched(checks, base, target)
        look = (
            *(Notice(path=n.path, function=n.function, what=n.what) for n in new),
            *(Notice(path=u.path, function=u.function, what=u.what) for u in unreached),
        )
        return replace(result, notices=(*look, *result.notices))

    def _unreached(self, checks: PatchChecks, after: TreeView) -> Iterator[Lost]:
        """The functions that nothing reaches any more, where it is known what reached them."""
        if self.merger.base is not None:
            base = self.merger.base.with_changes(self.base_changes)
            names, paths = checks.functions, checks.files
            yield from lost(names, paths, base=base, target=after, facts=self.facts)

    # Endings

    def _conflict(self, merges: list[FileMerge]) -> PatchResult:
        files = tuple(merge.conflict for merge in merges if merge.conflict)
        return self._stopped(files, merges)

    def _climbed(self, verdict: Verdict, merges: list[FileMerge]) -> PatchResult:
        """Conflicts settled beyond git's merge."""
        patch = rewrite(self.patch, self.merger.target, dict(verdict.changes))
        return PatchResult(
            original=self.patch,
            outcome=Outcome.RELOCATED if verdict.is_move else Outcome.RESOLVED,
            patch=patch,
            strategy=", ".join(verdict.strategies),
            notices=self._notices(merges, patch),
            evidence=verdict.evidence,
            left_out=verdict.left_out_text,
        )

    def _proposed(self, verdict: Verdict, merges: list[FileMerge]) -> PatchResult:
        """A result that waits for a person, who may take it or edit the conflict instead."""
        waiting = self._conflict(merges)
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
        files = file_changes(self.patch, self.merger.target, dict(verdict.changes))
        shown = [file for file in files if file.path in doubtful] or files
        return render_diff(shown).decode("utf-8", "replace")

    def _vanished(self, merges: list[FileMerge]) -> PatchResult:
        """Nothing is left to do, and yet the change is not upstream: a person must look."""
        reason = ConflictReason.VANISHED
        return self._stopped(
            tuple(FileConflict(path=merge.path, reason=reason) for merge in merges), merges
        )

    def _stopped(self, files: tuple[FileConflict, ...], merges: list[FileMerge]) -> PatchResult:
        conflict = Conflict(files=files, draft=_together(merges))
        return PatchResult(original=self.patch, outcome=Outcome.CONFLICT, conflict=conflict)

    def _resolved(self, changes: Changes) -> PatchResult:
        marked = [p for p, state in changes.items() if state and has_markers(state.content)]
        if marked:
            raise UsageError(f"conflict markers are left in {', '.join(sorted(marked))}")
        if all(self.merger.target.read(path) == state for path, state in changes.items()):
            raise UsageError(
                f"what you left of {self.patch.name} changes nothing",
                hint="to leave the patch out: `patchkit rebase --skip`",
            )
        patch = rewrite(self.patch, self.merger.target, changes)
        return PatchResult(
            original=self.patch,
            outcome=Outcome.RESOLVED,
            patch=patch,
            strategy=BY_HAND,
            notices=self._notices(self.merges, patch),
        )

    def _merged(self, merges: list[FileMerge], changes: Changes) -> PatchResult:
        target = self.merger.target
        renamed = {m.change.path: m.path for m in merges if m.path != m.change.path}
        if not renamed and self._fits_as_it_is(changes):
            onto_itself = self.merger.base is not None and self.merger.base.tree == target.tree
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
            return apply_strictly(self.patch, self.merger.target) == changes
        except InconsistentError:
            return False

    def _notices(self, merges: list[FileMerge], patch: Patch) -> tuple[Notice, ...]:
        hunks_of = {file.path: file.hunks for file in patch.files}
        touched = []
        for merge in merges:
            before, target = merge.before, self.merger.target.read(merge.path)
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


def _compare(merges: list[FileMerge], patch: Patch) -> tuple[Outcome, tuple[int, ...]]:
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


def _together(merges: list[FileMerge]) -> Changes:
    changes: Changes = {}
    for merge in merges:
        changes.update(merge.changes)
    return changes
