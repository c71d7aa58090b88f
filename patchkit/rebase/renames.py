"""Where upstream renamed a file to: the most similar one of those that are new."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from patchkit.upstream.store import MissingObjectError

if TYPE_CHECKING:
    from patchkit.rebase.objects import ObjectSpace
    from patchkit.rebase.tree import TreeView

_REGULAR = (0o100644, 0o100755)
_LARGEST_CANDIDATE = 4 * 1024 * 1024
"""Larger files (bytes) are not compared."""


def renamed(
    path: str, before: bytes, *, base: TreeView, target: TreeView, space: ObjectSpace
) -> str | None:
    """Where the target has the base's file of that content and path, which it lacks; or None."""
    ending = posixpath.splitext(path)[1]
    known = {name for name, _ in base.source.files(base.tree)}
    candidates: dict[str, bytes] = {}
    for name, entry in target.source.files(target.tree):
        is_alike = posixpath.splitext(name)[1] == ending and entry.mode in _REGULAR
        if is_alike and name not in known:
            try:
                content = target.source.blob(entry.id)
            except MissingObjectError:
                continue  # mirrors lack large files
            if len(content) <= _LARGEST_CANDIDATE:
                candidates[name] = content
    return space.most_similar(before, candidates)
