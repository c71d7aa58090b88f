"""A git repository as the bench sees it: read only, by libgit2, without a cache."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pygit2

from patchkit.rebase.outcome import FileState
from patchkit.series.patch import FileChange
from patchkit.upstream.store import Entry, MissingObjectError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FOLDER = 0o040000
_ENTRY = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Case:
    """One backport: `original` is to be applied on the parent of `backport`."""

    original: str
    backport: str
    branch: str = ""


class History:
    """Trees and blobs of a repository, as `patchkit.rebase.tree.TreeSource` wants them."""

    def __init__(self, repository: Path) -> None:
        self.repository = pygit2.Repository(str(repository))

    def commit(self, name: str) -> pygit2.Commit:
        """A commit by its full name. Raises `KeyError` when it is not there."""
        return self.repository[name].peel(pygit2.Commit)

    def parent(self, name: str) -> pygit2.Commit:
        """A commit's first parent."""
        return self.commit(name).parents[0]

    def entry(self, tree: str, path: str) -> Entry | None:
        """What a tree has at a path, or None."""
        try:
            found = self._tree(tree)[path]
        except KeyError:
            return None
        return Entry(mode=int(found.filemode or 0), id=str(found.id))

    def blob(self, id: str) -> bytes:  # noqa: A002 - git's word
        """A blob's bytes. Raises `MissingObjectError`."""
        try:
            found = self.repository[id]
        except KeyError:
            raise MissingObjectError(id) from None
        if not isinstance(found, pygit2.Blob):
            raise MissingObjectError(id)
        return found.data

    def children(self, tree: str) -> Iterator[tuple[str, Entry]]:
        """What a folder has directly in it."""
        _, content = self.repository.read(tree)
        for mode, name, id_ in _ENTRY.findall(content):
            yield name.decode("utf-8", "surrogateescape"), Entry(mode=int(mode, 8), id=id_.hex())

    def files(self, tree: str) -> Iterator[tuple[str, Entry]]:
        """Every file of a tree with its path."""
        yield from self._files(tree, "")

    def _files(self, tree: str, prefix: str) -> Iterator[tuple[str, Entry]]:
        for name, entry in self.children(tree):
            if entry.mode == _FOLDER:
                yield from self._files(entry.id, f"{prefix}{name}/")
            else:
                yield f"{prefix}{name}", entry

    def _tree(self, name: str) -> pygit2.Tree:
        found = self.repository[name]
        if not isinstance(found, pygit2.Tree):
            raise KeyError(name)
        return found

    def file(self, tree: str, path: str) -> FileState | None:
        """A file's state in a tree, or None."""
        entry = self.entry(tree, path)
        if entry is None or entry.mode == _FOLDER:
            return None
        return FileState(mode=entry.mode, content=self.blob(entry.id))

    def changes(self, old: pygit2.Commit, new: pygit2.Commit) -> tuple[FileChange, ...]:
        """The files that differ between two commits; renames are found as git finds them.

        A file that becomes a link, or a link a file, is one change, not two.
        """
        diff = old.tree.diff_to_tree(new.tree)
        diff.find_similar()
        changes = tuple(_change(delta) for delta in diff.deltas)
        removed = {change.old_path: change for change in changes if change.new_path is None}
        added = {change.new_path for change in changes if change.old_path is None}
        return tuple(
            replace(change, old_path=change.new_path, old_mode=removed[change.new_path].old_mode)
            if change.old_path is None and change.new_path in removed
            else change
            for change in changes
            if not (change.new_path is None and change.old_path in added)
        )

    def touched(self, old: pygit2.Commit, new: pygit2.Commit) -> set[str]:
        """Every path that differs between two commits."""
        deltas = old.tree.diff_to_tree(new.tree).deltas
        return {path for d in deltas for path in (d.old_file.path, d.new_file.path)}


def _change(delta: pygit2.DiffDelta) -> FileChange:
    status = delta.status_char()
    old, new = delta.old_file, delta.new_file
    return FileChange(
        old_path=None if status == "A" else old.path,
        new_path=None if status == "D" else new.path,
        old_mode=None if status == "A" else int(old.mode),
        new_mode=None if status == "D" else int(new.mode),
    )
