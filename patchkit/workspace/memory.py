"""What people decided before: conflicts that they settled, and what they left out of a release."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.rebase.outcome import Outcome
from patchkit.workspace.resolutions import read_shelf

if TYPE_CHECKING:
    from patchkit.rebase.lesson import Memory
    from patchkit.series.patch import Series
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import LockedRelease


def remembered(workspace: Workspace) -> dict[str, Memory]:
    """The conflicts that people settled, for any release, by their keys.

    Raises `InconsistentError` when a file is damaged or was changed by hand.
    """
    return read_shelf(workspace.root).memories


def skipped(locked: LockedRelease | None, series: Series, tree: str) -> frozenset[str]:
    """The patches that a person left out, if it was of this series on this very tree."""
    if locked is None or (locked.base.series_sha256, locked.tree) != (series.sha256, tree):
        return frozenset()
    return frozenset(p.name for p in locked.patches if p.outcome is Outcome.SKIPPED)
