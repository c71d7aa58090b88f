"""What a person settled before is settled again, as long as nothing it rests on has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.errors import PatchkitError
from patchkit.rebase.engine import BY_HAND, Decisions
from patchkit.rebase.outcome import Outcome, Resolution
from patchkit.rebase.strict import apply_series
from patchkit.series.patch import Series

if TYPE_CHECKING:
    from patchkit.rebase.tree import TreeView
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import LockedRelease


def remembered(
    locked: LockedRelease,
    workspace: Workspace,
    config: SeriesConfig,
    series: Series,
    target: TreeView,
) -> Decisions:
    """The decisions that the release's own patches and record hold.

    They count only when the same series was rebased onto the same tree, and when the files are
    still those that were recorded; else there are none.
    """
    if locked.base.series_sha256 != series.sha256 or locked.tree != target.tree:
        return Decisions()
    skipped = frozenset(p.name for p in locked.patches if p.outcome is Outcome.SKIPPED)
    accepted = frozenset(p.name for p in locked.patches if p.accepted)
    hand = {p.name for p in locked.patches if p.strategy == BY_HAND}
    if not hand:
        return Decisions(skipped=skipped, accepted=accepted)
    try:
        kept = workspace.series(locked.release, config)
        recorded = {p.name: p.sha256 for p in locked.patches if p.sha256}
        if {patch.name: patch.sha256 for patch in kept.patches} != recorded:
            return Decisions()
        resolutions = {}
        for patch in kept.patches:
            target = apply_series(Series((patch,)), target)
            if patch.name in hand:
                resolutions[patch.name] = Resolution(
                    files={path: target.read(path) for path in patch.paths}
                )
    except PatchkitError:  # the files are not what was recorded: nothing is remembered
        return Decisions()
    return Decisions(resolutions=resolutions, skipped=skipped, accepted=accepted)
