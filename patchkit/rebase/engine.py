"""Rebase a series: patch by patch, file by file, in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.rebase.decisions import WAITS, Decisions
from patchkit.rebase.facts import Facts
from patchkit.rebase.files import FileMerger
from patchkit.rebase.memo import Memo
from patchkit.rebase.objects import Labels, ObjectSpace
from patchkit.rebase.outcome import RebaseResult
from patchkit.rebase.step import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.rebase.checks.judging import PatchChecks
    from patchkit.rebase.filemerge import FileMerge
    from patchkit.rebase.tree import TreeView
    from patchkit.series.patch import Series


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
        step = Step(patch=patch, merger=merger, labels=labels, facts=known)
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
