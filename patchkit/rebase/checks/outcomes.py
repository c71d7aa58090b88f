"""An outcome whose code does not hold what it is to hold is a conflict; what is new is shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from patchkit.rebase.checks.judging import Failed, Trees, astray, failures, watched
from patchkit.rebase.checks.reached import lost
from patchkit.rebase.decisions import WAITS
from patchkit.rebase.outcome import Conflict, ConflictReason, FileConflict, Notice, Outcome
from patchkit.rebase.strategies.settling import opposes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from patchkit.rebase.checks.judging import PatchChecks
    from patchkit.rebase.checks.reached import Lost
    from patchkit.rebase.facts import Facts
    from patchkit.rebase.outcome import FileState, PatchResult
    from patchkit.rebase.tree import TreeView


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Checks what becomes of one patch. `base` and `written` are the base without and with it."""

    checks: PatchChecks
    base: TreeView | None
    written: TreeView | None
    target: TreeView
    facts: Facts

    def judged(self, result: PatchResult, changes: Mapping[str, FileState | None]) -> PatchResult:
        """The same result, or a conflict when the merged code does not hold what it is to hold."""
        if result.outcome in WAITS or result.outcome is Outcome.SKIPPED:
            return result
        after = self.target.with_changes(changes)
        unreached = tuple(self._unreached(after))
        dead = (u for u in unreached if u.is_static)
        failed = (
            *self._failures(result, after),
            *(Failed(path=u.path, function=u.function, what=u.what) for u in dead),
        )
        if failed:
            return self._broken(result, failed, changes)
        if self.base is None:
            return result
        new = watched(self.checks, self.base, self.target)
        look = (
            *(Notice(path=n.path, function=n.function, what=n.what) for n in new),
            *(Notice(path=u.path, function=u.function, what=u.what) for u in unreached),
        )
        return replace(result, notices=(*look, *result.notices))

    def _failures(self, result: PatchResult, after: TreeView) -> Iterator[Failed]:
        here = Trees(before=self.target, after=after)
        there = None
        if self.base and self.written:
            there = Trees(before=self.base, after=self.written)
        same_text = result.outcome in (Outcome.UNCHANGED, Outcome.CLEAN)
        yield from failures(self.checks, here, None if same_text else there)
        if there and result.outcome is not Outcome.UPSTREAM:
            yield from astray(self.checks, here, there)

    def _unreached(self, after: TreeView) -> Iterator[Lost]:
        """The functions that nothing reaches any more, where it is known what reached them."""
        if self.written is not None:
            names, paths = self.checks.functions, self.checks.files
            yield from lost(names, paths, base=self.written, target=after, facts=self.facts)

    def _broken(
        self,
        result: PatchResult,
        failed: tuple[Failed, ...],
        changes: Mapping[str, FileState | None],
    ) -> PatchResult:
        reason = ConflictReason.BROKEN
        paths = dict.fromkeys(f.path or self.checks.files[0] for f in failed)
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
