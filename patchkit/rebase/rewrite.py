"""Write a patch anew: from a tree as it is to the files as they are to be."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from patchkit.rebase.objects import blob_id, difference
from patchkit.rebase.strict import apply_strictly
from patchkit.series.patch import FileChange, Patch
from patchkit.series.render import render_patch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from patchkit.rebase.outcome import FileState
    from patchkit.rebase.tree import TreeView


def rewrite(original: Patch, target: TreeView, changes: Mapping[str, FileState | None]) -> Patch:
    """The patch that makes `changes` of `target`, with the original's message and name.

    A file that the original moves is written as a move. The result is applied strictly before
    it is handed out; that it then does not give `changes` is a bug (`AssertionError`).
    """
    files = file_changes(original, target, changes)
    patch = replace(original, content=render_patch(original.message, files), files=files)
    wanted = {path: state for path, state in changes.items() if target.read(path) != state}
    if apply_strictly(patch, target) != wanted:
        raise AssertionError(f"the rewritten {patch.file_name} does not do what was merged")
    return patch


def file_changes(
    original: Patch, target: TreeView, changes: Mapping[str, FileState | None]
) -> tuple[FileChange, ...]:
    """The changes to files, in the order of their paths; files that stay as they are left out."""
    moves = {
        change.new_path: change
        for change in original.files
        if change.old_path and change.new_path and change.old_path != change.new_path
    }
    files = []
    moved_away = set()
    for path, after in changes.items():
        move = moves.get(path)
        if after is None or move is None or changes.get(str(move.old_path), after) is not None:
            continue
        before = target.read(str(move.old_path))
        if before is not None and target.read(path) is None:
            files.append(_change(str(move.old_path), before, path, after, move.similarity))
            moved_away |= {path, str(move.old_path)}
    for path, after in changes.items():
        before = target.read(path)
        if path not in moved_away and before != after:
            files.append(_change(path, before, path, after, None))
    return tuple(sorted(files, key=lambda file: file.path))


def _change(
    old_path: str,
    before: FileState | None,
    path: str,
    after: FileState | None,
    similarity: int | None,
) -> FileChange:
    old, new = before.content if before else b"", after.content if after else b""
    same_content = before is not None and after is not None and old == new
    return FileChange(
        old_path=old_path if before else None,
        new_path=path if after else None,
        old_mode=before.mode if before else None,
        new_mode=after.mode if after else None,
        # git names no ids where the content stays as it is
        old_id=before.id or blob_id(old) if before and not same_content else None,
        new_id=after.id or blob_id(new) if after and not same_content else None,
        similarity=100 if similarity and same_content else similarity,
        hunks=difference(old, new),
    )
