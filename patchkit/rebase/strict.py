"""Apply a series exactly where it says: no fuzz and no offset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.errors import InconsistentError
from patchkit.rebase.apply import Refused, apply_exactly, apply_nearby
from patchkit.rebase.outcome import FileState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.rebase.tree import TreeView
    from patchkit.series.patch import FileChange, Patch, Series


def apply_series(series: Series, tree: TreeView) -> TreeView:
    """The tree with every patch applied strictly.

    Raises `InconsistentError` that names the patch, the file and the line.
    """
    for patch in series.patches:
        tree = tree.with_changes(apply_strictly(patch, tree))
    return tree


def apply_strictly(patch: Patch, tree: TreeView) -> Mapping[str, FileState | None]:
    """What one patch makes of the files that it touches.

    Raises `InconsistentError` that names the patch, the file and the line.
    """
    changes: dict[str, FileState | None] = {}
    for change in patch.files:
        before = tree.read(change.old_path) if change.old_path is not None else None
        if change.old_path is not None and before is None:
            raise InconsistentError(
                f"{patch.file_name} changes {change.old_path}, which is not there"
            )
        if change.old_path is None and tree.read(change.path) is not None:
            raise InconsistentError(f"{patch.file_name} adds {change.path}, which is there already")
        content = apply_exactly(before.content if before else b"", change.hunks)
        if content is None or (change.new_path is None and content):
            raise _does_not_apply(patch, change, before.content if before else b"")
        changes.update(states(change, before, content))
    return changes


def states(
    change: FileChange, before: FileState | None, content: bytes
) -> Mapping[str, FileState | None]:
    """The files after a change: the old path goes when the change moves or removes it."""
    after: dict[str, FileState | None] = {}
    if change.old_path is not None and change.old_path != change.new_path:
        after[change.old_path] = None
    if change.new_path is not None:
        mode = change.new_mode or (before.mode if before else 0o100644)
        if change.old_mode == change.new_mode and before is not None:
            mode = before.mode
        after[change.new_path] = FileState(mode=mode, content=content)
    return after


def _does_not_apply(patch: Patch, change: FileChange, content: bytes) -> InconsistentError:
    nearby = apply_nearby(content, change.hunks)
    if isinstance(nearby, Refused):
        hunk = change.hunks[nearby.hunk]
        return InconsistentError(
            f"{patch.file_name} does not apply: {change.path}, hunk at line {hunk.old_start}",
            hint="the context of the hunk is not in the file",
        )
    if not any(nearby.offsets):
        return InconsistentError(
            f"{patch.file_name} does not apply: a hunk lacks context at the end in {change.path}, "
            "so that git and patch look for it at the end of the file",
            hint="rebase the release again to have full context",
        )
    return InconsistentError(
        f"{patch.file_name} applies to {change.path} only with offsets "
        f"({', '.join(f'{offset:+d}' for offset in nearby.offsets)} lines)",
        hint="rebase the release again to have exact line numbers",
    )
